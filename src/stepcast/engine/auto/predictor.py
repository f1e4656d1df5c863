"""The AutoPredictor: backtest and forecast any part of a panel, with what all of it taught."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.accuracy import seasonal_error
from stepcast.engine.auto.distribution import distribution_at, seen_at
from stepcast.engine.auto.empirical import empirical_quantiles
from stepcast.engine.auto.evidence import Evidence, evidence_of
from stepcast.engine.auto.history import History, history_of
from stepcast.engine.auto.lessons import Lessons
from stepcast.engine.auto.reason import bounds_at
from stepcast.engine.auto.seasons import Seasons
from stepcast.engine.auto.shared import Shared
from stepcast.engine.auto.spread import PROBABILITIES, at_probabilities
from stepcast.engine.backtest import Backtest
from stepcast.engine.fitting import fit
from stepcast.engine.models import MODELS, SEASONAL_NAIVE
from stepcast.engine.panel import Panel
from stepcast.engine.results import Explanation, Forecast, Trained, coverage_of
from stepcast.engine.seasonality import usable_season
from stepcast.engine.task import Task

__all__ = ["AUTO", "Explanation", "Trained", "forecast", "train"]

Floats = NDArray[np.float64]

AUTO = "AutoPredictor"
SANE_RANGES = 2.0  # how many widths of the observed range any quantile may leave it by
COLUMNS = (AUTO, SEASONAL_NAIVE.name)
MENTIONED = 0.02  # members that weigh less are left out of an explanation


@dataclass(frozen=True)
class Outlook:
    """A series from one origin: quantiles of its members' errors and of its past, and why."""

    history: History
    origin: int
    seasons: Seasons
    sources: list[Floats]
    weights: tuple[tuple[str, float], ...]


def train(panel: Panel, task: Task, shared: Shared) -> Trained:
    """Forecast every series from the panel's end and, for the backtest, from before the task's windows.

    Holds:  the result of a series depends on its own history and on ``shared``; no window sees what it or a
            later one holds, in its own series or, through ``shared.then``, in another.
    """
    with np.errstate(over="ignore"):  # differences of the largest numbers there are
        ahead, windows = [], []
        for values in panel.values:
            now, then = _look_out(values, panel, task, shared)
            ahead.append(now)
            windows.append(then)
        tables = _tables(ahead, task.horizon, shared.now)
        tested = _backtest(panel, task, windows, shared.then)
    words = tuple(_explain(outlook, shared.now) for outlook in ahead)
    return Trained(COLUMNS, tested, words, coverage_of(tested, task), tables)


def forecast(panel: Panel, task: Task, trained: Trained) -> Forecast:
    """Read off what the task asks for: ``values`` (series, horizon, outputs) are finite, quantiles rise.

    A series without a value is forecast as zero.
    """
    if trained.tables is None or len(trained.tables) != len(panel):
        raise ValueError(f"{len(panel)} series were given, the predictor was not trained on these")
    return Forecast(_outputs(trained.tables, task), (AUTO,) * len(panel), trained.explanations)


def _look_out(
    values: Floats, panel: Panel, task: Task, shared: Shared
) -> tuple[Outlook | None, list[Outlook | None]]:
    """One series from its end and from the start of every backtest window; None without a past.

    What is examined from a window's end tells what was forecast from its start as well, if that is honest.
    """
    horizon, lessons = task.horizon, shared.now
    history = history_of(values, panel.end, panel.frequency, held_back=horizon)
    if not len(history):
        return None, [None] * task.windows
    whole = evidence_of(history, horizon, lessons.origins, lessons.before, lessons.after)
    now = _outlook(history, whole, len(whole.origins) - 1, lessons)
    windows: list[Outlook | None] = []
    for window in range(task.windows):
        start = task.window_start(window + 1)
        if start == horizon and whole.window is not None:
            windows.append(_outlook(history, whole, whole.window, shared.then))
        else:
            windows.append(_window(values, start, panel, horizon, shared.then))
    return now, windows


def _window(values: Floats, start: int, panel: Panel, horizon: int, lessons: Lessons) -> Outlook | None:
    """One series from ``start`` periods before its end."""
    cut = max(len(values) - start, 0)
    history = history_of(values[:cut], panel.end - start, panel.frequency)
    if not len(history):
        return None
    found = evidence_of(history, horizon, lessons.origins, lessons.before, lessons.after)
    return _outlook(history, found, len(found.origins) - 1, lessons)


def _outlook(history: History, found: Evidence, place: int, lessons: Lessons) -> Outlook:
    """The series from origin number ``place``."""
    made = distribution_at(found, seen_at(found, place), lessons.experience, history.positive)
    origin = int(found.origins[place])
    horizon = len(made.quantiles)
    past = np.zeros_like(made.quantiles)
    if lessons.calibration.shares[1] > 0:
        past = empirical_quantiles(history.values[:origin], found.seasons, horizon)
    mean = made.weights.mean(axis=1)
    order = [place for place in np.argsort(-mean, kind="stable") if mean[place] >= MENTIONED]
    weights = tuple((found.names[place], round(float(mean[place]), 4)) for place in order)
    return Outlook(history, origin, found.seasons, [made.quantiles, past], weights)


def _tables(outlooks: list[Outlook | None], horizon: int, lessons: Lessons) -> Floats:
    """Quantiles (series, horizon, PROBABILITIES) in the units of the series; zeros without a past."""
    result = np.zeros((len(outlooks), horizon, len(PROBABILITIES)))
    there = [(place, outlook) for place, outlook in enumerate(outlooks) if outlook is not None]
    grown = _grown([outlook for _, outlook in there], horizon, lessons)
    limit = np.finfo(np.float64).max
    for number, (place, outlook) in enumerate(there):
        sources = [*outlook.sources, grown[number]] if lessons.trees is not None else outlook.sources
        table = lessons.calibration.apply(np.stack(sources))
        low, high = bounds_at(outlook.history, np.array([outlook.origin]), horizon, SANE_RANGES)
        with np.errstate(over="ignore", under="ignore"):
            scaled = np.ldexp(np.clip(table, low, high), outlook.history.exponent)
        result[place] = np.clip(scaled, -limit, limit)
    return result


def _backtest(panel: Panel, task: Task, outlooks: list[list[Outlook | None]], lessons: Lessons) -> Backtest:
    """The engine and seasonal naive in every window."""
    shape = (len(panel), task.windows)
    actual = np.full((*shape, task.horizon), np.nan)
    predicted = np.full((*shape, len(COLUMNS), task.horizon, len(task.outputs)), np.nan)
    scale = np.full(shape, np.nan)
    season = np.ones(len(panel), dtype=np.int64)
    for window in range(task.windows):
        before = task.window_start(window + 1)
        own = [windows[window] for windows in outlooks]
        made = _outputs(_tables(own, task.horizon, lessons), task)
        for place, (values, observed) in enumerate(zip(panel.values, panel.observed, strict=True)):
            if own[place] is None:
                continue
            cut = len(values) - before
            seen = observed[:cut]
            periods = usable_season(panel.frequency, cut - int(np.isfinite(values[:cut]).argmax()))
            if window == 0:
                season[place] = periods
            scale[place, window] = seasonal_error(np.where(seen, values[:cut], np.nan), periods)
            outcome, known = values[cut : cut + task.horizon], observed[cut : cut + task.horizon]
            finite = np.isfinite(outcome)
            if (finite & ~known).any() or not finite.any():
                continue  # filled values are never scored
            actual[place, window] = np.where(finite, outcome, np.nan)
            predicted[place, window, 0] = made[place]
            predicted[place, window, 1] = fit(
                MODELS[SEASONAL_NAIVE.name],
                values[:cut],
                seen,
                panel.end - before,
                panel.frequency,
                task.horizon,
                task.outputs,
                {},
            )
    starts = np.array([panel.end - task.window_start(window + 1) + 1 for window in range(task.windows)])
    return Backtest(starts, actual, predicted, scale, season)


def _grown(outlooks: list[Outlook], horizon: int, lessons: Lessons) -> Floats:
    """The trees' quantiles (series, horizon, PROBABILITIES); zeros where they do not count."""
    if lessons.trees is None or not outlooks or lessons.calibration.shares[-1] == 0:
        return np.zeros((len(outlooks), horizon, len(PROBABILITIES)))
    origins = np.array([outlook.origin for outlook in outlooks])
    return lessons.trees.quantiles([outlook.history.values for outlook in outlooks], origins, horizon)


def _outputs(tables: Floats, task: Task) -> Floats:
    """What the task asks for from quantiles (series, horizon, PROBABILITIES)."""
    columns = [
        _mean(tables) if output == "mean" else at_probabilities(tables, np.array([output]))[..., 0]
        for output in task.outputs
    ]
    return np.stack(columns, axis=-1)


def _mean(table: Floats) -> Floats:
    """The mean of a distribution from its quantiles: the area under the quantile function."""
    edges = np.concatenate([[0.0], (PROBABILITIES[1:] + PROBABILITIES[:-1]) / 2, [1.0]])
    result: Floats = table @ np.diff(edges)
    return result


def _explain(outlook: Outlook | None, lessons: Lessons) -> Explanation:
    if outlook is None:
        return Explanation((), (), (), "no value was observed: the forecast is zero")
    labels = ("errors of the members", "past values", "trees")
    shares = zip(labels, lessons.calibration.shares.tolist(), strict=False)
    lengths = tuple(length for length in (outlook.seasons.short, outlook.seasons.long) if length > 1)
    known = int(outlook.history.known.sum())
    few = known < 2 * len(lengths) + 4
    notes = [f"only {known} values were observed: other series speak for it" if few else "", lessons.left_out]
    return Explanation(
        weights=outlook.weights,
        sources=tuple((label, round(share, 4)) for label, share in shares if share > 0),
        seasons=lengths,
        note="; ".join(filter(None, notes)),
    )
