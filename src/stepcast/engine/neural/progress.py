"""Word of training as it goes on, for whoever listens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

__all__ = ["Epoch", "listening", "report"]


@dataclass(frozen=True)
class Epoch:
    """``number`` of at most ``most`` epochs; its mean ``loss``, and ``held``, that of what was held back."""

    algorithm: str
    phase: str
    number: int
    most: int
    loss: float
    held: float | None


_listener: ContextVar[Callable[[Epoch], None] | None] = ContextVar("listener", default=None)


@contextmanager
def listening(heard: Callable[[Epoch], None]) -> Iterator[None]:
    """Within, ``heard`` is called after each epoch."""
    token = _listener.set(heard)
    try:
        yield
    finally:
        _listener.reset(token)


def report(epoch: Epoch) -> None:
    if (heard := _listener.get()) is not None:
        heard(epoch)
