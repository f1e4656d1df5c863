"""Compile the kernels ahead of time: a cost of the installation and the image, never of a run."""

import numpy as np

from stepcast.engine.auto.members.profiles import profiles
from stepcast.engine.auto.predictor import forecast, train
from stepcast.engine.auto.series.history import history_of
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.shared import fit_shared
from stepcast.engine.auto.sources.trees import features
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel, Related
from stepcast.engine.task import Task

__all__ = ["warm_up"]


def warm_up() -> None:
    """Forecast something small, so that every kernel is compiled and kept on disk next to its source."""
    values = tuple(np.sin(np.arange(120) + shift) + 2 for shift in range(3))
    seen = tuple(np.isfinite(one) for one in values)
    related = Related(("feature",), tuple(np.arange(126.0)[None] % 5 for _ in values), 6)
    panel = Panel(("a", "b", "c"), values, seen, 600, Frequency.parse("M"), related)
    task = Task(horizon=6)
    shared = fit_shared(panel, task)
    forecast(panel, task, train(panel, task, shared))
    counts = np.arange(60.0) % 4
    parts = Panel(("d",), (counts,), (np.isfinite(counts),), 600, Frequency.parse("M"))
    train(parts, task, fit_shared(parts, task))
    profiles(counts, Seasons(7, 0, 7), np.array([50, 60]), 6)  # months have none
    # too few series to grow trees, which would need LightGBM: what they are grown from is called by itself
    features(history_of(counts, 600, panel.frequency), np.array([30]), Seasons(12, 0), np.arange(6)[None])
