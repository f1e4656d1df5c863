"""Ctrl-C and SIGTERM unwind the process, so that it leaves nothing behind."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["noticing", "unwinding"]

STOPS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def unwinding() -> Iterator[None]:
    """Within this context, the first signal raises KeyboardInterrupt or SystemExit; further ones are ignored.

    This includes SIGINT even if a shell started the process with SIGINT ignored, as for background jobs.
    """
    before = {number: signal.signal(number, _end) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def noticing() -> Iterator[Callable[[], bool]]:
    """Within this context, the first Ctrl-C or SIGTERM makes the given function true; the second ends."""
    asked = False

    def note(_: int, __: object) -> None:
        nonlocal asked
        asked = True
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, note) for number in STOPS}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _: object) -> None:
    # A second Ctrl-C while worker processes are being stopped would leave some behind.
    for one in STOPS:
        signal.signal(one, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
