"""Panels that go on: histories to start from, and what comes after them."""

from dataclasses import dataclass, replace

import numpy as np

from stepcast.engine import online
from stepcast.engine.auto import fit_shared
from stepcast.engine.auto.ensemble.calibration import SOURCES, Calibration
from stepcast.engine.auto.ensemble.weights import BUCKETS
from stepcast.engine.auto.series.history import histories_of
from stepcast.engine.auto.series.seasons import seasons_of
from stepcast.engine.auto.shared import Shared
from stepcast.engine.auto.sources.trees import fit_trees
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task

END = 1000


@dataclass(frozen=True)
class Stream:
    """``values`` (items, time) of which the first ``known`` are the panel that ends with period END."""

    values: np.ndarray
    known: int
    frequency: str
    task: Task

    @property
    def panel(self) -> Panel:
        return panel_of(self.values[:, : self.known], END, self.frequency)

    @property
    def shared(self) -> Shared:
        return fit_shared(self.panel, self.task)

    def start(self) -> online.State:
        return online.start(self.panel, self.task, self.shared)

    def observations(self, count: int | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Items, periods and values of what comes, period by period."""
        after = self.values[:, self.known :][:, :count]
        items, time = after.shape
        return np.tile(np.arange(items), time), END + 1 + np.repeat(np.arange(time), items), after.T.ravel()


def panel_of(values: np.ndarray, end: int, frequency: str) -> Panel:
    rows = tuple(np.asarray(row, float) for row in values)
    ids = tuple(f"item-{place}" for place in range(len(rows)))
    return Panel(ids, rows, tuple(np.isfinite(row) for row in rows), end, Frequency.parse(frequency))


def seasonal(
    items: int = 6, known: int = 240, after: int = 60, frequency: str = "H", season: int = 24
) -> Stream:
    """A season, a level and noise, each item of its own size and phase; the same on every call."""
    draw = np.random.default_rng(4)
    time = np.arange(known + after)
    waves = np.sin(2 * np.pi * time / season + draw.uniform(0, 6, (items, 1)))
    size = draw.uniform(1, 50, (items, 1))
    values = size * (10 + 3 * waves + draw.normal(0, 0.7, (items, len(time))))
    return Stream(values, known, frequency, Task(horizon=12))


def with_trees(stream: Stream, share: float) -> Shared:
    """Few series, for which trees would not be grown, with trees of a ``share`` as panels of many have."""
    shared, horizon = stream.shared, stream.task.horizon
    histories = histories_of(stream.panel, shared.encoder, horizon)
    seasons = seasons_of(stream.panel.frequency, stream.known, horizon)
    ends = np.full(len(histories), stream.known)
    trees = fit_trees(histories, ends, seasons, horizon, 4000, 12)
    shares = np.tile([1 - share, 0.0, share], (BUCKETS, 1))
    calibration = replace(Calibration.neutral(len(SOURCES)), shares=shares)
    return replace(shared, final=replace(shared.final, trees=trees, calibration=calibration))


def same(first: online.State, second: online.State) -> bool:
    """Whether two states are equal bit for bit."""
    return (
        first.ids == second.ids
        and np.array_equal(first.plans, second.plans)
        and np.array_equal(first.rows.view(np.int64), second.rows.view(np.int64))
    )
