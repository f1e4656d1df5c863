"""The algorithms by name, each in a module of its own that is imported when it is first asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast

from stepcast.engine.errors import UnknownModel
from stepcast.engine.task import AUTO, Task

if TYPE_CHECKING:  # light functions, which have no NumPy, import the engine too
    from stepcast.engine.panel import Panel
    from stepcast.engine.results import Forecast, Trained
    from stepcast.engine.sampling import Draw

__all__ = ["ALGORITHMS", "Algorithm", "Method", "algorithm_of"]


class Method(Protocol):
    """What the module of an algorithm has; the functions of ``stepcast.engine`` document each."""

    def fit_shared(self, draw: "Draw", task: Task) -> bytes: ...
    def train(self, panel: "Panel", task: Task, shared: bytes) -> "Trained": ...
    def forecast(self, panel: "Panel", task: Task, trained: "Trained") -> "Forecast": ...


@dataclass(frozen=True)
class Algorithm:
    """``learns_jointly``: series teach one another, through ``fit_shared``; else each is fitted by itself."""

    name: str
    module: str
    learns_jointly: bool = False

    @property
    def method(self) -> Method:
        return cast(Method, import_module(self.module))


JOINED = "stepcast.engine.joined.algorithm"
LOCAL = "stepcast.engine.models.local"
NEURAL = "stepcast.engine.neural.algorithm"
OWN_MODEL = "stepcast.engine.own_model.algorithm"

ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        algorithm.name: algorithm
        for algorithm in (
            Algorithm(AUTO, "stepcast.engine.auto.algorithm", learns_jointly=True),
            *(Algorithm(name, NEURAL, learns_jointly=True) for name in ("CNN-QR", "Deep_AR_Plus", "LSTM")),
            Algorithm("Keras", OWN_MODEL, learns_jointly=True),
            *(Algorithm(name, LOCAL) for name in ("SeasonalNaive", "NPTS", "ETS", "ARIMA", "Prophet")),
        )
    }
)


def algorithm_of(task: Task) -> Algorithm:
    """The algorithm that ``task`` names. Raises UnknownModel, or ImpossibleTask for a contradictory task."""
    task.check()
    if task.algorithm not in ALGORITHMS:
        raise UnknownModel(task.algorithm, ALGORITHMS)
    return replace(ALGORITHMS[AUTO], module=JOINED) if task.network else ALGORITHMS[task.algorithm]
