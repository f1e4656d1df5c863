"""The AutoPredictor: backtest and forecast any part of a panel, with what all of it taught."""

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.accuracy import seasonal_error
from stepcast.engine.auto.count_outlook import CountOutlook, counted_at
from stepcast.engine.auto.history import History, histories_of
from stepcast.engine.auto.lessons import Lessons
from stepcast.engine.auto.outlook import (
    Outlook,
    counts_alone,
    examine,
    from_end,
    outlook_at,
    tables_of,
)
from stepcast.engine.auto.shared import Shared
from stepcast.engine.auto.spread import PROBABILITIES, at_probabilities, with_mean
from stepcast.engine.backtest import Backtest, outcome_of
from stepcast.engine.fitting import fit
from stepcast.engine.models import MODELS, SEASONAL_NAIVE
from stepcast.engine.panel import Panel
from stepcast.engine.results import Explanation, Forecast, Trained, coverage_of
from stepcast.engine.seasonality import usable_season
from stepcast.engine.task import Task

__all__ = ["AUTO", "Explanation", "Trained", "forecast", "train"]

Floats = NDArray[np.float64]

AUTO = "AutoPredictor"
COLUMNS = (AUTO, SEASONAL_NAIVE.name)
Prospect = Outlook | CountOutlook | None


def train(panel: Panel, task: Task, shared: Shared) -> Trained:
    """Forecast every series from the panel's end and, for the backtest, from before the task's windows.

    Holds:  the result of a series depends on its own history and on ``shared``; no window sees what it or a
            later one holds, in its own series or, through ``shared.then``, in another.
    """
    with np.errstate(over="ignore"):  # differences of the largest numbers there are
        histories = histories_of(panel, shared.reading, task.horizon, held_back=task.horizon)
        ahead, latest = [], []
        for place, history in enumerate(histories):
            now, then = _look_out(history, task, shared)
            if history.jumps:
                (whole,) = histories_of(panel.take([place]), shared.reading, task.horizon)
                now, _ = _look_out(whole, task, shared)
            ahead.append(now)
            latest.append(then)
        tables = _tables(ahead, task.horizon, shared.now)
        words = [_explain(outlook, shared.now) for outlook in ahead]
        for place, history in enumerate(histories):
            if ahead[place] is None and shared.kin is not None:
                table, note = shared.similar(history)
                tables[place] = with_mean(table)
                words[place] = Explanation((), (), (), note)
        tested = _backtest(panel, task, latest, shared)
    return Trained(COLUMNS, tested, tuple(words), coverage_of(tested, task), tables)


def forecast(panel: Panel, task: Task, trained: Trained) -> Forecast:
    """Read off what the task asks for: ``values`` (series, horizon, outputs) are finite, quantiles rise.

    A series without a value is a blend of similar items, or zero.
    """
    if trained.tables is None or len(trained.tables) != len(panel):
        raise ValueError(f"{len(panel)} series were given, others were trained: train on this panel first")
    return Forecast(_outputs(trained.tables, task), (AUTO,) * len(panel), trained.explanations)


def _look_out(history: History, task: Task, shared: Shared) -> tuple[Prospect, Prospect]:
    """One series from its end and from a horizon before it; None without a past.

    What is examined for the first tells the second as well, unless it has seen something of what came then:
    the second is None in that case too.
    """
    if not len(history):
        return None, None
    horizon = task.horizon
    before = counted_at(history, len(history) - horizon, horizon)
    then: Prospect = before if before is not None and counts_alone(before, shared.then) else None
    counts = counted_at(history, len(history), horizon)
    if counts is not None and counts_alone(counts, shared.now):
        return counts, then
    found = examine(history, horizon, shared.now)
    now = outlook_at(history, found, len(found.origins) - 1, shared.now, counts)
    # what series say together of the effects of related series is learned to the very end
    told_more = history.context is not None and history.context.explains
    if then is None and found.window is not None and not told_more:
        then = outlook_at(history, found, found.window, shared.then, before)
    return now, then


def _tables(outlooks: list[Prospect], horizon: int, lessons: Lessons) -> Floats:
    """Quantiles and the mean (series, horizon, PROBABILITIES + 1); zeros without a past."""
    result = np.zeros((len(outlooks), horizon, len(PROBABILITIES) + 1))
    there = [place for place, outlook in enumerate(outlooks) if outlook is not None]
    result[there] = tables_of([outlook for outlook in outlooks if outlook is not None], horizon, lessons)
    return result


def _window(panel: Panel, task: Task, before: int, known: list[Prospect], shared: Shared) -> list[Prospect]:
    """Every series from ``before`` periods before the end, where it is not ``known`` already."""
    histories = histories_of(panel, shared.reading, task.horizon, before)
    made: list[Prospect] = []
    for history, outlook in zip(histories, known, strict=True):
        if outlook is not None and before == task.horizon:
            made.append(outlook)
        else:
            made.append(from_end(history, task.horizon, shared.then) if len(history) else None)
    return made


def _backtest(panel: Panel, task: Task, latest: list[Prospect], shared: Shared) -> Backtest:
    """The engine and seasonal naive in every window."""
    shape = (len(panel), task.windows)
    actual = np.full((*shape, task.horizon), np.nan)
    predicted = np.full((*shape, len(COLUMNS), task.horizon, len(task.outputs)), np.nan)
    scale = np.full(shape, np.nan)
    season = np.ones(len(panel), dtype=np.int64)
    whole = np.zeros(shape, dtype=bool)
    for window in range(task.windows):
        before = task.window_start(window + 1)
        own = _window(panel, task, before, latest, shared)
        made = _outputs(_tables(own, task.horizon, shared.then), task)
        for place, (values, observed) in enumerate(zip(panel.values, panel.observed, strict=True)):
            if own[place] is None:
                continue
            cut = len(values) - before
            seen = observed[:cut]
            periods = usable_season(panel.frequency, cut - int(np.isfinite(values[:cut]).argmax()))
            if window == 0:
                season[place] = periods
            scale[place, window] = seasonal_error(np.where(seen, values[:cut], np.nan), periods)
            inside = slice(cut, cut + task.horizon)
            outcome, unfilled = outcome_of(values[inside], observed[inside])
            if not np.isfinite(outcome).any():
                continue
            actual[place, window], whole[place, window] = outcome, unfilled
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
    return Backtest(starts, actual, predicted, scale, season, whole)


def _outputs(tables: Floats, task: Task) -> Floats:
    """What the task asks for (series, horizon, outputs), from quantiles and the mean."""
    quantiles, mean = tables[..., :-1], tables[..., -1]
    columns = [
        mean if output == "mean" else at_probabilities(quantiles, np.array([output]))[..., 0]
        for output in task.outputs
    ]
    return np.stack(columns, axis=-1)


def _explain(outlook: Prospect, lessons: Lessons) -> Explanation:
    if outlook is None:
        return Explanation((), (), (), "no value was observed: the forecast is zero")
    labels = ("errors of the members", "past values", "trees")
    shares = list(zip(labels, lessons.calibration.shares.tolist(), strict=False))
    weights: tuple[tuple[str, float], ...] = ()
    if isinstance(outlook, CountOutlook):
        shares = [("distributions of counts", 1.0)]
    else:
        weights = outlook.weights
        if outlook.counts is not None:
            shares = [(label, share * (1 - lessons.counted)) for label, share in shares]
            shares.append(("distributions of counts", lessons.counted))
    lengths = tuple(length for length in (outlook.seasons.short, outlook.seasons.long) if length > 1)
    known = int(outlook.history.known.sum())
    few = known < 2 * len(lengths) + 4
    notes = [f"only {known} values were observed: other series speak for it" if few else "", lessons.left_out]
    return Explanation(
        weights=weights,
        sources=tuple((label, round(share, 4)) for label, share in shares if share > 0),
        seasons=lengths,
        note="; ".join(filter(None, notes)),
    )
