"""All drift tests on a part of the panel: arrays in, arrays out, for all items at once."""

from dataclasses import dataclass, field

import numpy as np

from stepcast.engine.arrays import Flags, Floats, Integers
from stepcast.engine.drift import concept, seasonal
from stepcast.engine.drift.deseasonalized import (
    flattened,
    season_of,
    unit_of,
    without_season,
    without_year,
)
from stepcast.engine.drift.discoveries import smallest_of
from stepcast.engine.drift.effects import Effect, effect_of, unexplained
from stepcast.engine.drift.outcomes import Outcomes, median_of, outcomes
from stepcast.engine.drift.windows import (
    Windows,
    averages,
    even_inflation,
    inflation,
    loss_variance,
    medians,
    moves,
    own_inflation,
)

__all__ = ["FEWEST_OUTCOMES", "KINDS", "Evidence", "Watched", "examine"]

FEWEST_OUTCOMES = 30  # new values needed to test an item
KINDS = ("concept", "data", "label", "seasonal")
TESTS = {
    "concept": ("page_hinkley", "coverage", "quantile_loss"),
    "label": ("level", "scale", "zeros"),
    "data": ("level", "scale"),
    "seasonal": ("strength", "shape", "length"),
}
MOST_OF_OWN = 8.0  # largest degrees of freedom for the errors of one backtest
CLOSER = 0.5  # the year before explains the new values if its error is below this share of the forecast's
SHORTEST_SUFFIX = 12  # periods; a shorter end of the new values is not tested separately


@dataclass(frozen=True)
class Watched:
    """Items whose new values are compared with their past and with earlier forecasts.

    ``values``    (items, time), nan if not observed; the last ``new`` columns are new.
    ``seasons``   lengths in periods, shortest first; may be empty.
    ``year``      periods per year; 0 to ignore earlier years.
    ``forecast``  (items, new, quantiles) for the new periods, each forecast before it; nan if there is none.
    ``tested``    (items, points) actual values and (items, points, quantiles) forecasts of the backtest.
    ``features``  by name (items, time) or longer: aligned with ``values``, then known values of the horizon.
    """

    values: Floats
    new: int
    seasons: tuple[int, ...]
    year: int
    quantiles: tuple[float, ...]
    forecast: Floats
    tested_actual: Floats
    tested_forecast: Floats
    features: dict[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """Test results for every item and kind of drift (KINDS).

    ``outcomes``   (items,) number of new values.
    ``p``          (items, kinds) p-value under no drift; 1 if unknown.
    ``test``       (items, kinds) name of the test with the strongest evidence, with its feature, if any.
    ``statistic``  (items, kinds) of that test, see docs/how-to/drift.md.
    ``since``      (items, kinds) the new period in which it began; 0 is the first.
    """

    outcomes: Integers
    p: Floats
    test: np.ndarray
    statistic: Floats
    since: Integers


def examine(watched: Watched) -> Evidence:
    """Run all tests."""
    counts = np.isfinite(watched.values[:, -watched.new :]).sum(axis=1)
    with np.errstate(all="ignore"):  # squares of huge values overflow to inf; results are then unknown
        flat, effects = _explained(watched)
        columns = [
            _concept(watched, effects),
            _data(watched),
            _label(watched, without_season(flat, watched.new, watched.seasons)),
            _seasonal(watched, flat),
        ]
    p = np.nan_to_num(np.stack([column[0] for column in columns], axis=1), nan=1.0)
    p[counts < FEWEST_OUTCOMES] = 1.0
    return Evidence(
        outcomes=counts,
        p=p,
        test=np.stack([column[1] for column in columns], axis=1),
        statistic=np.stack([column[2] for column in columns], axis=1),
        since=np.stack([column[3] for column in columns], axis=1),
    )


Column = tuple[Floats, np.ndarray, Floats, Integers]


def _back(watched: Watched) -> int:
    """How many periods before the new ones define the level that these start from: whole seasons."""
    season = watched.seasons[0] if watched.seasons else 1
    return max(2 * watched.new // season, 1) * season


def _explained(watched: Watched) -> tuple[Floats, dict[str, Effect]]:
    """The values on a flat scale minus the effects of features, and these effects."""
    flat, effects = flattened(watched.values, watched.new), {}
    for name, given in watched.features.items():
        feature = without_season(given[:, : flat.shape[1]], watched.new, watched.seasons)
        bare = without_season(flat, watched.new, watched.seasons)
        effects[name] = effect_of(bare, feature, watched.new, watched.year)
        flat = unexplained(flat, feature, effects[name], watched.new)
    return flat, effects


def _concept(watched: Watched, effects: dict[str, Effect]) -> Column:
    new = outcomes(watched.values[:, -watched.new :], watched.forecast, watched.quantiles)
    tested = outcomes(watched.tested_actual, watched.tested_forecast, watched.quantiles)
    apart, time = _from_level(watched), watched.new
    known = _enough(tested.error)
    factor, freedom = _steadied(inflation(apart, time), tested.error, time, known)
    factor_missed, free_missed = _steadied(
        inflation(_far(apart, new.miss_rate), time), _centred(tested.missed), time, known
    )
    factor_missed = np.maximum(factor_missed, even_inflation(factor))
    deviation = _deviation(tested)
    centred = new.error - _bias(tested, new, factor)[:, None]
    counts = [np.isfinite(one.error).sum(axis=1) for one in (new, tested)]
    variance = factor * deviation**2 * (1 + counts[0] / np.maximum(counts[1], 1) * (counts[1] > 0))
    statistic, p = concept.page_hinkley(centred, variance, freedom)
    share, p_coverage = concept.coverage_p(new, tested, factor_missed, free_missed)
    ratio, p_loss = concept.loss_p(*_in_proportion(watched), *_loss_variance(watched))
    scored = _enough(new.error) & ~_came_before(watched)
    begins = [
        _since(centred, 0.0),
        _since(new.missed, new.miss_rate),
        _since(new.loss, averages(tested.loss)),
    ]
    chances, figures = (
        [np.where(scored, one, 1.0) for one in (p, p_coverage, p_loss)],
        [statistic, share, ratio],
    )
    names = list(TESTS["concept"])
    for name, effect in effects.items():
        chances.append(effect.p)
        figures.append(effect.change)
        names.append(f"effect of {name}")
        begins.append(begins[2])  # from then on, forecasts that rely on the feature are off
    best, which = smallest_of(np.stack(chances, axis=1))
    rows = np.arange(len(best))
    return best, np.array(names)[which], np.stack(figures, 1)[rows, which], np.stack(begins, 1)[rows, which]


def _came_before(watched: Watched) -> Flags:
    """Whether the new values are much closer to those of a year before than to the forecast, (items,).

    If so, the forecast missed a recurring season; what the predictor learned still holds.
    """
    items, time = watched.values.shape
    cycle = watched.seasons[-1] if watched.seasons else 1
    year, new, back = max(round(watched.year / cycle), 1) * cycle, watched.new, _back(watched)
    if not watched.year or time - new < year + back:
        return np.zeros(items, bool)
    middle = median_of(watched.forecast, watched.quantiles)
    unit = np.concatenate([watched.values[:, :-new], middle], axis=1)
    flat = without_season(flattened(watched.values, new), new, watched.seasons)
    forecast = without_season(flattened(unit, new), new, watched.seasons)[:, -new:]
    levels = Windows(flat).means(np.array([time - new - back, time - new - back - year]), back)
    now, then = flat[:, -new:] - levels[:, :1], flat[:, time - new - year : time - year] - levels[:, 1:]
    error, naive = np.abs(flat[:, -new:] - forecast), np.abs(now - then)
    both = np.isfinite(error) & np.isfinite(naive)
    error, naive = (np.where(both, one, 0.0).sum(axis=1) for one in (error, naive))
    closer: Flags = (error > 0) & (naive < CLOSER * error)
    return closer


def _centred(values: Floats) -> Floats:
    return values - averages(values)[:, None]


def _enough(values: Floats) -> Flags:
    enough: Flags = np.isfinite(values).sum(axis=1) >= FEWEST_OUTCOMES
    return enough


def _steadied(told: tuple[Floats, Floats], tested: Floats, time: int, known: Flags) -> tuple[Floats, Floats]:
    """Inflation (see ``windows.inflation``) of the backtest's errors, or of the trained values, scaled.

    Deseasonalized values are more autocorrelated than the errors of a good forecast, but there are many more
    of them. The ratio between the two is estimated from the whole panel. The larger estimate is used.
    """
    factor, freedom = told
    if not known.any():
        return factor, freedom
    own = np.where(known, own_inflation(tested, time), 1.0)
    ratio = np.median(own[known] / factor[known])
    errors = np.isfinite(tested).sum(axis=1)
    steadied = np.clip(np.maximum(own, factor * min(ratio, 1.0)), 1.0, time)
    return steadied, np.maximum(freedom, np.where(known, np.minimum(errors / own, MOST_OF_OWN), 0.0))


def _from_level(watched: Watched) -> Floats:
    """Deseasonalized trained values minus an earlier level.

    They are about as autocorrelated as the errors of a forecast for the middle of the new periods.
    """
    trained = watched.values[:, : watched.values.shape[1] - watched.new]
    flat = without_season(flattened(trained, 0), 0, watched.seasons)
    width, ahead = min(_back(watched), max(flat.shape[1] // 4, 1)), watched.new // 2
    count = max(flat.shape[1] - width - ahead, 0)
    return flat[:, flat.shape[1] - count :] - Windows(flat).means(np.arange(count), width)


def _in_proportion(watched: Watched) -> tuple[Outcomes, Outcomes]:
    """New and backtest outcomes on the flat scale, where a loss does not grow with the level."""
    unit = unit_of(watched.values, watched.new)
    actual, tested = (
        np.arcsinh(one / unit[:, None]) for one in (watched.values[:, -watched.new :], watched.tested_actual)
    )
    forecast, tested_forecast = (
        np.arcsinh(one / unit[:, None, None]) for one in (watched.forecast, watched.tested_forecast)
    )
    return (
        outcomes(actual, forecast, watched.quantiles),
        outcomes(tested, tested_forecast, watched.quantiles),
    )


def _loss_variance(watched: Watched) -> tuple[Floats, Floats]:
    """The variance of the log loss, after removing seasons, and what returns each year if that lowers it."""
    trained = watched.values.shape[1] - watched.new
    flat = without_season(flattened(watched.values, watched.new), watched.new, watched.seasons)
    found = loss_variance(flat[:, :trained], watched.new, _back(watched))
    if not watched.year:
        return found
    yearly = without_year(flat, watched.new, watched.year)[:, :trained]
    again = loss_variance(yearly, watched.new, _back(watched))
    with np.errstate(invalid="ignore"):
        steadier = again[0] < found[0]
    return np.where(steadier, again[0], found[0]), np.where(steadier, again[1], found[1])


def _far(apart: Floats, share: float) -> Floats:
    """1 for values among the ``share`` furthest from the level, otherwise 0; nan if missing."""
    size = np.abs(apart)
    known = np.isfinite(size).sum(axis=1)
    place = np.clip(((1 - share) * known).astype(np.int64), 0, np.maximum(known - 1, 0))
    limit = np.sort(size, axis=1)[np.arange(len(size)), place][:, None] if size.shape[1] else size
    return np.where(np.isfinite(size), size > limit, np.nan).astype(np.float64)


def _deviation(tested: Outcomes) -> Floats:
    """The standard deviation of the backtest's errors, at least 1; larger if quantiles are too narrow."""
    count = np.isfinite(tested.error).sum(axis=1)
    square = np.nansum(tested.error**2, axis=1)
    deviation: Floats = np.sqrt(np.maximum((square + concept.BELIEF) / (count + concept.BELIEF), 1.0))
    return deviation


def _bias(tested: Outcomes, new: Outcomes, factor: Floats) -> Floats:
    """The part of the new errors' mean that the backtest had already, (items,): at most all of it."""
    count = np.isfinite(tested.error).sum(axis=1)
    had = np.nansum(tested.error, axis=1) / (count + factor)
    known = np.maximum(np.isfinite(new.error).sum(axis=1), 1)
    now = np.nansum(new.error, axis=1) / known
    return np.where(had * now > 0, np.sign(now) * np.minimum(np.abs(had), np.abs(now)), 0.0)


def _label(watched: Watched, flat: Floats) -> Column:
    zero = np.where(np.isfinite(watched.values), watched.values == 0, np.nan).astype(np.float64)
    mixed = (np.nansum(zero, axis=1) > 0)[:, None]
    results = [
        _suffixes(watched, flat),
        _suffixes(watched, _spread(watched, flat)),
        _suffixes(watched, np.where(mixed, zero, np.nan), floor=_binomial_floor(zero, watched.new)),
    ]
    best, which = smallest_of(np.stack([result[0] for result in results], axis=1))
    figures = np.stack([result[1] for result in results], axis=1)
    begins = np.stack([result[2] for result in results], axis=1)
    return _column("label", best, which, figures, begins)


def _data(watched: Watched) -> Column:
    """Test each feature as a series."""
    items = len(watched.values)
    p, names, figures, begins = [], [], [], []
    for name, given in watched.features.items():
        series = given[:, : watched.values.shape[1]]
        flat = without_season(series, watched.new, watched.seasons)
        for test, values in (("level", flat), ("scale", _spread(watched, flat))):
            chance, figure, since = _suffixes(watched, values)
            p.append(chance)
            names.append(f"{test} of {name}")
            figures.append(figure)
            begins.append(since)
    if not p:
        nothing = np.zeros(items, np.int64)
        return np.ones(items), np.full(items, ""), np.full(items, np.nan), nothing
    best, which = smallest_of(np.stack(p, axis=1))
    rows = np.arange(items)
    return best, np.array(names)[which], np.stack(figures, 1)[rows, which], np.stack(begins, 1)[rows, which]


def _seasonal(watched: Watched, flat: Floats) -> Column:
    items = len(flat)
    chances, figures, tests = [], [], []
    for number, season in enumerate(watched.seasons):
        own = without_season(flat, watched.new, watched.seasons[:number])
        figure, p, which = seasonal.season_p(season_of(own, watched.new, season))
        chances.append(p)
        figures.append(figure)
        tests.append(which)
    if not chances:
        nothing = np.zeros(items, np.int64)
        return np.ones(items), np.full(items, ""), np.full(items, np.nan), nothing
    best, which = smallest_of(np.stack(chances, axis=1))
    rows = np.arange(items)
    figure = np.stack(figures, axis=1)[rows, which]
    test = np.array(TESTS["seasonal"])[np.stack(tests, axis=1)[rows, which]]
    apart = np.abs(without_season(flat, watched.new, watched.seasons))
    length = _other_length(flat, watched.new)
    test = np.where(length > 0, "length", test)
    since = _since(apart[:, -watched.new :], averages(apart[:, : -watched.new]))
    return best, test, np.where(length > 0, length, figure), since


def _other_length(flat: Floats, new: int) -> Integers:
    """The length (items,) of the new values' season if clearly different from before; otherwise 0."""
    before = seasonal.dominant_length(flat[:, -5 * new : -new], new // 2)
    now = seasonal.dominant_length(flat[:, -new:], new // 2)
    other = (before > 0) & (now > 0) & (np.abs(now - before) > np.maximum(0.1 * before, 1))
    return np.where(other, now, 0)


def _suffixes(
    watched: Watched, series: Floats, floor: Floats | float = 0.0
) -> tuple[Floats, Floats, Integers]:
    """P-value, size and start of the move of the new values.

    Tests all new values and their last third, against the level right before them and against that of a
    longer time, which is steadier if levels are stable.
    """
    lengths = [watched.new]
    if watched.new // 3 >= SHORTEST_SUFFIX:
        lengths.append(watched.new // 3)
    backs = [_back(watched)]
    longer = min(4 * backs[0], (series.shape[1] - watched.new) // 3)
    if longer > backs[0]:
        backs.append(longer)
    found = [
        moves(series, watched.new, length, back, watched.year, floor) for length in lengths for back in backs
    ]
    best, which = smallest_of(np.stack([move.p for move in found], axis=1))
    size = np.stack([move.size for move in found], axis=1)[np.arange(len(series)), which]
    start = series.shape[1] - watched.new
    return best, size, _since(series[:, start:], averages(series[:, start - backs[0] : start]))


def _spread(watched: Watched, flat: Floats) -> Floats:
    """The log distance of each value from the level right before it, deseasonalized."""
    width = max(watched.seasons[0] if watched.seasons else 1, 8)
    level = Windows(flat).means(np.arange(flat.shape[1] - width), width)
    apart = np.abs(flat - np.concatenate([np.full((len(flat), width), np.nan), level], axis=1))
    typical = medians(apart)
    floor = np.where(typical > 0, 0.05 * typical, 0.05)[:, None]
    return without_season(np.log(apart + floor), watched.new, watched.seasons)


def _binomial_floor(zero: Floats, new: int) -> Floats:
    """The smallest standard deviation of a share of zeros: that of independent draws at the trained rate."""
    trained = zero[:, : zero.shape[1] - new]
    count = np.isfinite(trained).sum(axis=1)
    rate = (np.nansum(trained, axis=1) + 0.5) / (count + 1)
    floor: Floats = np.sqrt(rate * (1 - rate) / new)
    return floor


def _since(new: Floats, before: Floats | float) -> Integers:
    """The most likely start, 0 the first period, of a mean of ``new`` (items, time) other than ``before``.

    Source: the maximum of the likelihood of one change from a known mean (Hinkley, 1970), at least
    SHORTEST_SUFFIX periods before the end.
    """
    time = new.shape[1]
    known = np.isfinite(new)
    apart = np.where(known, new - np.broadcast_to(np.asarray(before, float), len(new))[:, None], 0.0)
    left = np.cumsum(apart[:, ::-1], axis=1)[:, ::-1]
    count = np.maximum(np.cumsum(known[:, ::-1], axis=1)[:, ::-1], 1)
    height = left**2 / count
    since: Integers = height[:, : max(time - SHORTEST_SUFFIX, 1)].argmax(axis=1)
    return since


def _column(kind: str, p: Floats, which: Integers, figures: Floats, begins: Integers) -> Column:
    rows = np.arange(len(p))
    return p, np.array(TESTS[kind])[which], figures[rows, which], begins[rows, which]
