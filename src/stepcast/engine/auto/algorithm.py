"""The AutoPredictor as the engine's door calls it."""

from functools import lru_cache

from stepcast.engine import archive
from stepcast.engine.auto import predictor, shared
from stepcast.engine.panel import Panel
from stepcast.engine.results import Trained
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

__all__ = ["fit_shared", "forecast", "train"]

forecast = predictor.forecast


def fit_shared(draw: Draw, task: Task) -> bytes:
    """What the sample teaches, for a panel of as many series and points as were drawn from."""
    return archive.to_bytes(shared.fit_draw(draw, task))


def train(panel: Panel, task: Task, shared_bytes: bytes, /) -> Trained:
    """Forecast and backtest every series with what ``fit_shared`` gave."""
    return predictor.train(panel, task, _loaded(shared_bytes))


@lru_cache(maxsize=1)
def _loaded(shared_bytes: bytes) -> shared.Shared:
    """Kept: a process that trains shards of a run, one after another, is given the same each time."""
    return archive.from_bytes(shared.Shared, shared_bytes)
