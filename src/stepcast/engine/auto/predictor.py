"""The AutoPredictor: backtest and forecast any part of a panel, with what all of it taught."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.accuracy import seasonal_error
from stepcast.engine.auto.distribution import distribution_at
from stepcast.engine.auto.empirical import empirical_quantiles
from stepcast.engine.auto.evidence import evidence_of
from stepcast.engine.auto.history import History, histories_of
from stepcast.engine.auto.lessons import Lessons
from stepcast.engine.auto.reason import bounds_at
from stepcast.engine.auto.seasons import Seasons
from stepcast.engine.auto.shared import Shared
from stepcast.engine.auto.spread import PROBABILITIES, at_probabilities
from stepcast.engine.backtest import Backtest
from stepcast.engine.fitting import fit
from stepcast.engine.models import MODELS, SEASONAL_NAIVE
from stepcast.engine.panel import Panel
from stepcast.engine.predictor import Forecast
from stepcast.engine.seasonality import usable_season
from stepcast.engine.task import Task

__all__ = ["AUTO", "Explanation", "Trained", "forecast", "quantile_tables", "train"]

Floats = NDArray[np.float64]

AUTO = "AutoPredictor"
SANE_RANGES = 2.0  # how many widths of the observed range any quantile may leave it by
COLUMNS = (AUTO, SEASONAL_NAIVE.name)
MENTIONED = 0.02  # members that weigh less are left out of an explanation


@dataclass(frozen=True)
class Explanation:
    """Why a series is forecast as it is.

    ``weights``   of the members that matter, mean over the steps, heaviest first.
    ``sources``   shares of the distribution: the members' own errors, past values themselves, trees.
    ``seasons``   season lengths found, shortest first; empty without one.
    ``note``      "", or what was missing and what was done instead.
    """

    weights: tuple[tuple[str, float], ...]
    sources: tuple[tuple[str, float], ...]
    seasons: tuple[int, ...]
    note: str


@dataclass(frozen=True)
class Trained:
    """``backtest`` of the columns ``models`` (AutoPredictor, then SeasonalNaive), and a word on every series.

    ``coverage``  (series,) share of the backtest's outcomes between the lowest and the highest quantile;
                  nan where nothing was scored or fewer than two quantiles are asked for.
    """

    models: tuple[str, ...]
    backtest: Backtest
    explanations: tuple[Explanation, ...]
    coverage: Floats


def train(panel: Panel, task: Task, shared: Shared) -> Trained:
    """Backtest every series in the task's windows, each from what was known before it.

    Holds:  the result of a series depends on its own history and on ``shared``; no window sees what it or a
            later one holds, in its own series or, through ``shared.then``, in another.
    """
    with np.errstate(over="ignore"):  # differences of the largest numbers there are
        tested, explanations = _backtest(panel, task, shared)
    return Trained(COLUMNS, tested, tuple(explanations), _coverage(tested, task))


def forecast(panel: Panel, task: Task, trained: Trained, shared: Shared) -> Forecast:
    """Forecast every series from the end of the panel; ``values`` (series, horizon, outputs) are finite and
    their quantiles rise. A series without a value is blended from similar items, or forecast as zero."""
    if len(trained.explanations) != len(panel):
        raise ValueError(f"{len(panel)} series were given, {len(trained.explanations)} were trained")
    histories = histories_of(panel, shared.reading, task.horizon)
    values, words = _forecast(histories, task, shared.now, shared)
    return Forecast(values, (AUTO,) * len(panel), tuple(word.note for word in words))


def _backtest(panel: Panel, task: Task, shared: Shared) -> tuple[Backtest, list[Explanation]]:
    """The engine and seasonal naive in every window, and a word on each series from the latest."""
    shape = (len(panel), task.windows)
    actual = np.full((*shape, task.horizon), np.nan)
    predicted = np.full((*shape, len(COLUMNS), task.horizon, len(task.outputs)), np.nan)
    scale = np.full(shape, np.nan)
    season = np.ones(len(panel), dtype=np.int64)
    explanations: list[Explanation] = []
    for window in range(task.windows):
        before = task.window_start(window + 1)
        cuts = [max(len(values) - before, 0) for values in panel.values]
        end = panel.end - before
        histories = histories_of(panel, shared.reading, task.horizon, before)
        made, words = _forecast(histories, task, shared.then)
        if window == 0:
            explanations = words
        for place, (values, observed, cut) in enumerate(zip(panel.values, panel.observed, cuts, strict=True)):
            if not len(histories[place]):
                continue
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
                end,
                panel.frequency,
                task.horizon,
                task.outputs,
                {},
            )
    starts = np.array([panel.end - task.window_start(window + 1) + 1 for window in range(task.windows)])
    return Backtest(starts, actual, predicted, scale, season), explanations


def quantile_tables(histories: list[History], task: Task, lessons: Lessons) -> Floats:
    """What ``histories`` are forecast to do, at all PROBABILITIES: (series, horizon, PROBABILITIES)."""
    return _forecast(histories, replace(task, outputs=tuple(PROBABILITIES.tolist())), lessons)[0]


def _forecast(
    histories: list[History], task: Task, lessons: Lessons, shared: Shared | None = None
) -> tuple[Floats, list[Explanation]]:
    """Forecasts (series, horizon, outputs) from the ends of the histories, and why.

    With ``shared``, which knows what lies before the end of the panel, items without history as well.
    """
    horizon = task.horizon
    histories = [history.with_pool(lessons.pool) for history in histories]
    values = np.zeros((len(histories), horizon, len(task.outputs)))
    grown = _grown(histories, horizon, lessons)
    words = []
    for place, history in enumerate(histories):
        if not len(history):
            note = "no value was observed: the forecast is zero"
            if shared is not None and shared.kin is not None:
                table, note = shared.similar(history)
                values[place] = read_outputs(table, task)
            words.append(Explanation((), (), (), note))
            continue
        found = evidence_of(history, horizon, lessons.origins, lessons.before, lessons.after)
        made = distribution_at(found, len(found.origins) - 1, lessons.experience, history.positive)
        sources = [made.quantiles, np.zeros_like(made.quantiles)]
        if lessons.calibration.shares[1] > 0:
            sources[1] = empirical_quantiles(history.values, found.seasons, horizon)
        if lessons.trees is not None:
            sources.append(grown[place])
        values[place] = _outputs(lessons.calibration.apply(np.stack(sources)), history, task)
        words.append(_explain(found.names, made.weights, found.seasons, lessons, history))
    return values, words


def _grown(histories: list[History], horizon: int, lessons: Lessons) -> Floats:
    """The trees' quantiles (series, horizon, PROBABILITIES); zeros without trees or history."""
    result = np.zeros((len(histories), horizon, len(PROBABILITIES)))
    places = [place for place, history in enumerate(histories) if len(history)]
    if lessons.trees is not None and places and lessons.calibration.shares[-1] > 0:
        chosen = [histories[place] for place in places]
        ends = np.array([len(history) for history in chosen])
        result[places] = lessons.trees.quantiles(chosen, ends, horizon)
    return result


def _outputs(table: Floats, history: History, task: Task) -> Floats:
    """What the task asks for, in the units of the series, from quantiles (horizon, PROBABILITIES)."""
    low, high = bounds_at(history, np.array([len(history)]), task.horizon, SANE_RANGES)
    columns = read_outputs(np.clip(table, low, high), task)
    limit = np.finfo(np.float64).max
    with np.errstate(over="ignore", under="ignore"):
        values = np.ldexp(columns, history.exponent)
    result: Floats = np.clip(values, -limit, limit)
    return result


def read_outputs(table: Floats, task: Task) -> Floats:
    """What the task asks for (horizon, outputs), from quantiles (horizon, PROBABILITIES)."""
    columns = [
        _mean(table) if output == "mean" else at_probabilities(table, np.array([output]))[..., 0]
        for output in task.outputs
    ]
    return np.stack(columns, axis=-1)


def _mean(table: Floats) -> Floats:
    """The mean of a distribution from its quantiles: the area under the quantile function."""
    edges = np.concatenate([[0.0], (PROBABILITIES[1:] + PROBABILITIES[:-1]) / 2, [1.0]])
    result: Floats = table @ np.diff(edges)
    return result


def _explain(
    names: tuple[str, ...], weights: Floats, seasons: Seasons, lessons: Lessons, history: History
) -> Explanation:
    mean = weights.mean(axis=1)
    order = [place for place in np.argsort(-mean, kind="stable") if mean[place] >= MENTIONED]
    labels = ("errors of the members", "past values", "trees")
    shares = zip(labels, lessons.calibration.shares.tolist(), strict=False)
    lengths = tuple(length for length in (seasons.short, seasons.long) if length > 1)
    known = int(history.known.sum())
    return Explanation(
        weights=tuple((names[place], round(float(mean[place]), 4)) for place in order),
        sources=tuple((label, round(share, 4)) for label, share in shares if share > 0),
        seasons=lengths,
        note=f"only {known} values were observed: other series speak for it"
        if known < 2 * len(lengths) + 4
        else "",
    )


def _coverage(tested: Backtest, task: Task) -> Floats:
    """Share of outcomes between the lowest and the highest quantile asked for, by series."""
    count = len(task.quantiles)
    if count < 2:
        return np.full(len(tested.actual), np.nan)
    low, high = tested.predicted[:, :, 0, :, 0], tested.predicted[:, :, 0, :, count - 1]
    scored = np.isfinite(tested.actual) & np.isfinite(low)
    inside = scored & (tested.actual >= low) & (tested.actual <= high)
    total = scored.sum(axis=(1, 2))
    result: Floats = np.where(total > 0, inside.sum(axis=(1, 2)) / np.maximum(total, 1), np.nan)
    return result
