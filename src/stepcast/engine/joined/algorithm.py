"""The AutoPredictor with a network as the engine's door calls it."""

from stepcast.engine import archive
from stepcast.engine.auto import predictor
from stepcast.engine.auto.shared import Shared
from stepcast.engine.errors import UnknownModel
from stepcast.engine.joined.joined import Joined
from stepcast.engine.neural.algorithm import check_installed
from stepcast.engine.neural.parameters import NEURAL, settings_of
from stepcast.engine.panel import Panel
from stepcast.engine.results import Trained
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

__all__ = ["ensemble_of", "fit_shared", "forecast", "train"]

forecast = predictor.forecast


def fit_shared(draw: Draw, task: Task) -> bytes:
    """What the sample teaches the AutoPredictor and the network, and the network's share.

    Raises UnknownModel, BadParameter, and MissingPackage without JAX.
    """
    if task.network not in NEURAL:
        raise UnknownModel(task.network, NEURAL)
    settings_of(task.network, task.parameters, task.horizon)
    check_installed(task.network)
    from stepcast.engine.joined.joining import join  # JAX

    return archive.to_bytes(join(draw, task))


def train(panel: Panel, task: Task, shared: bytes, /) -> Trained:
    """Forecast and backtest every series with what ``fit_shared`` gave; the network takes NumPy alone."""
    joined = archive.from_bytes(Joined, shared)
    return predictor.train(panel, task, joined.ensemble, joined)


def ensemble_of(task: Task, shared: bytes) -> Shared:
    """What ``fit_shared`` gave of an AutoPredictor, without a network if the task has one."""
    if task.network:
        return archive.from_bytes(Joined, shared).ensemble
    return archive.from_bytes(Shared, shared)
