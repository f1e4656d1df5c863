"""Frameworks that can run a model's file: each is registered by whoever may import it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from stepcast.engine.errors import MissingPackage

if TYPE_CHECKING:  # functions without NumPy list algorithms too
    from stepcast.engine.arrays import Floats
    from stepcast.engine.own_model.examples import Examples

__all__ = ["Predict", "Runtime", "Signature", "Trainer", "register", "runtime_of"]

Predict = Callable[["Floats", "Floats | None"], "Floats"]  # inputs of a batch: (batch, horizon, outputs)
Report = Callable[[int, float, float | None], None]  # number of the epoch, loss, loss of what was held back


@dataclass(frozen=True)
class Signature:
    """The shapes of a model, without the batch, and whether it is to be trained.

    ``context``   periods that it sees; None is any number.
    ``features``  numbers of a period that it sees.
    ``future``    numbers of a period of the horizon that it is given; None if it has no such input.
    ``outputs``   numbers that it gives of a period: 1 is a point forecast, else quantiles.
    """

    context: int | None
    features: int
    horizon: int
    outputs: int
    future: int | None
    is_compiled: bool


class Trainer(Protocol):
    """A model while it is trained; each ``fit`` goes on from where the one before ended."""

    def fit(
        self,
        examples: "Examples",
        held: "Examples | None",
        epochs: int,
        batch: int,
        patience: int,
        report: Report,
    ) -> int:
        """Train; the number of the epoch that was best on ``held``, whose weights stay, or of the last."""

    def predict(self, context: "Floats", future: "Floats | None") -> "Floats": ...
    def file(self) -> bytes: ...


class Runtime(Protocol):
    """Each raises UnusableModel where ``file`` cannot be used, and says what to change."""

    def inspect(self, file: bytes) -> Signature: ...
    def open(self, file: bytes) -> Predict: ...
    def trainer(self, file: bytes, quantiles: Sequence[float], seed: int) -> Trainer: ...


_registered: dict[str, str] = {}


def register(algorithm: str, module: str) -> None:
    """``module`` has the functions of a Runtime; it is imported when a model is first run."""
    _registered[algorithm] = module


def runtime_of(algorithm: str) -> Runtime:
    """MissingPackage where the framework is not installed; its name is that of the extra."""
    if algorithm not in _registered:
        raise LookupError(f"no runtime of {algorithm} is registered in this process")
    try:
        return cast(Runtime, import_module(_registered[algorithm]))
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("stepcast"):
            raise
        raise MissingPackage(algorithm, error.name, algorithm.lower()) from None
