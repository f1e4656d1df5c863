"""What related series and holidays do to a series: an effect for every period, the coming ones included.

Level and season are taken away from the series and from the features alike (Frisch, Waugh and Lovell), so
that only what they do not explain counts. Coefficients are shrunk by how uncertain they are:
toward those of the panel's other series, or toward none. Past moments are forecast with the
coefficients that were known there, so that a feature which explains nothing shows to be of no use.
"""

import re
from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.covariates import Covariates
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.series.pooled_effects import Kind, PooledEffects, family_of
from stepcast.engine.auto.series.seasons import seasons_of
from stepcast.engine.auto.series.shrinkage import positive_part

__all__ = ["Effects", "impacts_of", "pool_effects", "related_effects"]


CAUTION = 3.0  # without the panel's a coefficient keeps the share 1 - CAUTION / t**2 of itself
ROUNDS = 8  # of coordinate descent
MOMENTS = 10  # at which coefficients are learned anew, at most
SHORTEST_WINDOW = 11  # of the running mean that stands for the level
HARMONICS = 4  # stand for the season where it was seen less than four times
LAGS = 12  # lags of autocorrelation that inflate variances
FEWEST = 8  # known values from which a series learns coefficients of its own
FEW = 10  # series; fewer are not pooled
WIDE = 0.25  # variance of a coefficient before anything is known of it: effects of half the level are usual
SMALLEST_FACTOR = 0.05
LAGGED = re.compile(r" \d+ before$")


@dataclass(frozen=True)
class Effects:
    """Effects of every period, added to logarithms or values, or as logarithms of factors (``ratios``).

    ``overall``    (time + horizon,) what is taken from the history.
    ``moments``    (moments,) rising; ``learned`` (moments, time + horizon) effects as they were known there.
    """

    kind: Kind
    overall: Floats
    moments: Integers
    learned: Floats
    recent: int

    def removed(self, values: Floats) -> Floats:
        """``values`` (time,), logarithms of them where the kind is ``logs``, without the effects."""
        effects = self.overall[: len(values)]
        return values / np.exp(effects) if self.kind == "ratios" else values - effects

    def restore(self, forecasts: Floats, origins: Integers) -> Floats:
        """Forecasts (..., origins, horizon) of the rest with the effects; each with what its origin knew.

        The history was freed of ``overall``: where an origin knew less, its level is moved by the difference
        that this makes to the periods before it.
        """
        moment = np.maximum(np.searchsorted(self.moments, origins, side="right") - 1, 0)
        total = np.concatenate(
            [np.zeros((len(self.learned), 1)), np.cumsum(self.overall - self.learned, axis=1)], axis=1
        )
        begin = np.maximum(origins - self.recent, 0)
        shift = (total[moment, origins] - total[moment, begin]) / np.maximum(origins - begin, 1)
        ahead = self.learned[moment[:, None], origins[:, None] + np.arange(forecasts.shape[-1])]
        ahead = ahead + shift[:, None]
        result: Floats = forecasts * np.exp(ahead) if self.kind == "ratios" else forecasts + ahead
        return result


def related_effects(history: History, fitted: int, origins: Integers, horizon: int) -> Effects | None:
    """Effects learned from the first ``fitted`` points, and as they were known at ``origins`` before that.

    None without covariates, or where they explain nothing.
    """
    covariates = history.covariates
    if covariates is None or not covariates.explains or fitted < 1:
        return None
    kind = _kind(history)
    names, table = _design(covariates, len(history), horizon)
    table = _from_usual(table, fitted)
    mean, variance = _pooled(covariates, kind, names)
    moments = np.unique(np.minimum(origins, fitted))
    moments = moments[:: max(1, -(-len(moments) // MOMENTS))]
    moments = np.unique(np.append(moments, fitted))
    found = _learn(history, kind, table, moments, mean, variance)
    if not found.any():
        return None
    learned = found @ table.T
    if kind == "ratios":
        learned = np.log(np.maximum(1 + learned, SMALLEST_FACTOR))
    if float(np.ptp(learned)) < 1e-9:
        return None
    seasons = seasons_of(history.frequency, len(history), horizon)
    recent = max(SHORTEST_WINDOW, seasons.long or seasons.short)
    return Effects(kind, learned[-1], moments, learned, recent)


def impacts_of(history: History, horizon: int) -> tuple[tuple[str, float], ...]:
    """How far each feature and holiday moves the forecast from the end of ``history``, the farthest first.

    Means over the horizon of the absolute change, as a part of the level: .12 is 12 %. The sign is that of
    what a larger value does. Empty without covariates, or where they explain nothing.
    """
    covariates, length = history.covariates, len(history)
    if covariates is None or not covariates.explains or not length:
        return ()
    kind = _kind(history)
    names, table = _design(covariates, length, horizon)
    table = _from_usual(table, length)
    (found,) = _learn(history, kind, table, np.array([length]), *_pooled(covariates, kind, names))
    scale = 1.0 if kind in ("logs", "ratios") else max(float(np.abs(history.values).mean()), 1e-12)
    moved: dict[str, Floats] = {}
    larger: dict[str, float] = {}
    for name, effect, column in zip(names, found, table[length:].T, strict=True):
        feature = LAGGED.sub("", name)
        moved[feature] = moved.get(feature, np.zeros(horizon)) + effect * column
        larger[feature] = larger.get(feature, 0.0) + float(effect)
    sizes = {
        feature: float(np.abs(np.expm1(change) if kind == "logs" else change / scale).mean())
        for feature, change in moved.items()
    }
    signed = [(feature, size * (1 if larger[feature] >= 0 else -1)) for feature, size in sizes.items()]
    return tuple(sorted(signed, key=lambda one: -abs(one[1])))


def pool_effects(histories: list[History], horizon: int) -> PooledEffects | None:
    """Each column's effect over ``histories``; None where these are few or have no covariates.

    Source:  DerSimonian and Laird (1986), Meta-analysis in clinical trials: each series is a study.
    """
    if len(histories) < FEW:
        return None
    found: dict[str, list[tuple[float, float]]] = {}
    for history in histories:
        covariates = history.covariates
        if covariates is None or not covariates.explains or len(history) < FEWEST:
            continue
        kind = _kind(history)
        names, table = _design(covariates, len(history), horizon)
        table = _from_usual(table, len(history))
        sizes, spreads = _alone(history, kind, table)
        for name, size, spread in zip(names, sizes, spreads, strict=True):
            if np.isfinite(spread):
                found.setdefault(f"{family_of(kind)} {name}", []).append((size, spread))
    pooled = {
        name: _together(np.array(several)) for name, several in sorted(found.items()) if len(several) >= FEW
    }
    if not pooled:
        return None
    both = np.array(list(pooled.values()))
    return PooledEffects(tuple(pooled), both[:, 0], both[:, 1])


def _kind(history: History) -> Kind:
    """Ratios for counts with zeros in them: what doubles a sale doubles none as well."""
    if history.positive:
        return "logs"
    return "ratios" if history.non_negative else "sums"


def _from_usual(table: Floats, fitted: int) -> Floats:
    """Columns less their mean over the first ``fitted`` rows; zero where they are not known."""
    known = np.isfinite(table)
    total = np.where(known[:fitted], table[:fitted], 0.0).sum(axis=0)
    usual = total / np.maximum(known[:fitted].sum(axis=0), 1)
    result: Floats = np.where(known, table - usual, 0.0)
    return result


def _pooled(covariates: Covariates, kind: Kind, names: tuple[str, ...]) -> tuple[Floats, Floats]:
    """Mean and variance of the panel's coefficients (columns,), nan where there is none."""
    if covariates.pooled_effects:
        return covariates.pooled_effects.of(kind, names)
    return (np.full(len(names), np.nan),) * 2


def _design(covariates: Covariates, length: int, horizon: int) -> tuple[tuple[str, ...], Floats]:
    """Names and values (time + horizon, columns): a feature and what it was the period before; holidays.

    Of a feature that is not known ahead only values older than the horizon can be used.
    """
    names: list[str] = []
    columns: list[Floats] = []
    size = length + horizon
    for name, values, forward in zip(
        covariates.features, covariates.related, covariates.forward, strict=True
    ):
        padded = np.full(size, np.nan)
        padded[: min(size, len(values))] = values[:size]
        for lag in (0, 1) if forward else (horizon,):
            names.append(f"{name} {lag} before")
            columns.append(np.concatenate([np.full(min(lag, size), np.nan), padded[: max(size - lag, 0)]]))
    if covariates.labels:
        holidays = covariates.holidays[:size]
        names += [f"holiday {label}" for label in covariates.labels]
        columns += list(holidays.T)
    return tuple(names), np.stack(columns, axis=1)


def _learn(
    history: History, kind: Kind, table: Floats, moments: Integers, mean: Floats, variance: Floats
) -> Floats:
    """Coefficients (moments, columns), each from the points before its moment."""
    fitted = int(moments[-1])
    rest, columns, weights, used = _without_level(history, kind, table, fitted)
    shape = (len(moments), columns.shape[1])
    grams, crosses = np.zeros((*shape, shape[1])), np.zeros(shape)
    _accumulate(columns, rest, weights, moments, grams, crosses)
    counts = np.cumsum(weights)[moments - 1]
    sizes = np.cumsum(weights * rest**2)[moments - 1]
    freedom = counts * (1 - used / max(fitted, 1))
    inflation = _variance_inflation(rest, columns)
    out = np.zeros(shape)
    _descend(grams, crosses, sizes, freedom, inflation, mean, variance, CAUTION, ROUNDS, out)
    return out


def _alone(history: History, kind: Kind, table: Floats) -> tuple[Floats, Floats]:
    """Coefficients (columns,) that a series finds for itself, and their variances; nan where it cannot."""
    length = len(history)
    rest, columns, weights, used = _without_level(history, kind, table, length)
    wanted = columns.shape[1]
    grams, crosses = np.zeros((1, wanted, wanted)), np.zeros((1, wanted))
    _accumulate(columns, rest, weights, np.array([length]), grams, crosses)
    size, freedom = float((weights * rest**2).sum()), float(weights.sum()) * (1 - used / length)
    inflation, out = _variance_inflation(rest, columns), np.zeros((1, wanted))
    _descend(
        grams,
        crosses,
        np.array([size]),
        np.array([freedom]),
        inflation,
        np.zeros(wanted),
        np.full(wanted, WIDE),
        CAUTION,
        ROUNDS,
        out,
    )
    gram = grams[0]
    left = max(size - float(out[0] @ (2 * crosses[0] - gram @ out[0])), 1e-12 * size)
    own = np.diag(gram)
    seen = own > 1e-9 * max(float(own.max()), 1e-9)
    if freedom < FEWEST or size <= 0:
        return out[0], np.full(len(own), np.nan)
    noise = left / max(freedom - int(seen.sum()), freedom / 4)
    # a column that others can replace is less evidence than its own size suggests
    alone = np.linalg.inv(gram + np.diag(noise / WIDE + np.where(seen, 0.0, 1.0)))
    spread = noise * inflation * np.maximum(np.diag(alone), 0.0)
    return out[0], np.where(seen, np.maximum(spread, 1e-12), np.nan)


def _together(several: Floats) -> tuple[float, float]:
    """Mean and variance over the series of one column's coefficients (series, 2), themselves uncertain."""
    sizes, spreads = several.T
    spreads = np.maximum(spreads, np.quantile(spreads, 0.2))  # none outweighs all others
    weights = 1 / spreads
    mean = float(weights @ sizes / weights.sum())
    apart = float(weights @ (sizes - mean) ** 2)
    between = (apart - (len(sizes) - 1)) / (weights.sum() - weights @ weights / weights.sum())
    between = max(float(between), 0.0)
    weights = 1 / (spreads + between)
    mean = float(weights @ sizes / weights.sum())
    certainty = mean**2 * weights.sum()
    mean *= positive_part(certainty, CAUTION)
    return mean, max(between, 1e-10)


def _without_level(
    history: History, kind: Kind, table: Floats, fitted: int
) -> tuple[Floats, Floats, Floats, float]:
    """The first ``fitted`` values and features without level and season, weights, and how much that took.

    The result is rest (fitted,), columns (fitted, columns), weights (fitted,), and the number of parameters.
    """
    values = (history.logs if kind == "logs" else history.values)[:fitted]
    weights = history.known[:fitted].astype(float)
    seasons = seasons_of(history.frequency, fitted, 0)
    season = seasons.long or seasons.short
    window = season * -(-SHORTEST_WINDOW // season) | 1
    if window > fitted // 2:
        window = max(min(SHORTEST_WINDOW, fitted // 2), 3) | 1
    level = _running_mean(values[:, None], window)[:, 0]
    if kind == "ratios":
        floor = 0.05 * float(values.mean()) + 1e-12
        weights = weights * np.maximum(level, 0.0) / max(float(level.mean()), 1e-12)
        rest = values / np.maximum(level, floor) - 1
    else:
        rest = values - level
    both = np.column_stack([rest, table[:fitted] - _running_mean(table[:fitted], window)])
    both, used = _without_season(both, weights, season)
    return both[:, 0].copy(), both[:, 1:].copy(), weights, used + fitted / window


def _running_mean(columns: Floats, window: int) -> Floats:
    """Centred means (time, columns) over ``window`` rows, of those there are at the edges."""
    total = np.concatenate([np.zeros((1, columns.shape[1])), np.cumsum(columns, axis=0)])
    place, half = np.arange(len(columns)), window // 2
    begin, stop = np.maximum(place - half, 0), np.minimum(place + half + 1, len(columns))
    result: Floats = (total[stop] - total[begin]) / (stop - begin)[:, None]
    return result


def _without_season(columns: Floats, weights: Floats, season: int) -> tuple[Floats, float]:
    """Columns (time, columns) without each phase's mean, or without waves where phases were seen rarely."""
    length = len(columns)
    if season <= 1 or length < 2 * season:
        return columns, 0.0
    if length >= 4 * season:
        phase = np.arange(length) % season
        count = np.maximum(np.bincount(phase, weights, season), 1e-9)
        sums = np.zeros((season, columns.shape[1]))
        np.add.at(sums, phase, columns * weights[:, None])
        return columns - (sums / count[:, None])[phase], float(season)
    pairs = min(HARMONICS, (season - 1) // 2) or 1
    turn = 2 * np.pi * np.arange(length) / season
    waves = np.column_stack([f(k * turn) for k in range(1, pairs + 1) for f in (np.sin, np.cos)])
    weighted = waves * weights[:, None]
    gram = weighted.T @ waves + 1e-6 * length * np.eye(2 * pairs)
    return columns - waves @ np.linalg.solve(gram, weighted.T @ columns), 2.0 * pairs


def _variance_inflation(rest: Floats, columns: Floats) -> Floats:
    """Variance inflation of each coefficient, because neighbours err alike (columns,).

    Source:  Newey and West (1987), with Bartlett weights.
    """
    length = len(rest)
    result = np.ones(columns.shape[1])
    own, theirs = float(rest @ rest), np.einsum("tk,tk->k", columns, columns)
    if own <= 0:
        return result
    for lag in range(1, min(LAGS, length // 3) + 1):
        mine = float(rest[lag:] @ rest[:-lag]) / own
        shared = np.einsum("tk,tk->k", columns[lag:], columns[:-lag]) / np.maximum(theirs, 1e-12)
        result += 2 * (1 - lag / (LAGS + 1)) * mine * shared
    return np.clip(result, 1.0, 10.0)


@compiled
def _accumulate(columns, rest, weights, moments, grams, crosses):  # type: ignore[no-untyped-def]
    """Sums of products of the points before each moment: what least squares need to know of them.

    BLAS would start threads for it, which takes longer than the sums.
    """
    size = columns.shape[1]
    begin = 0
    for number in range(len(moments)):
        if number > 0:
            grams[number] = grams[number - 1]
            crosses[number] = crosses[number - 1]
        for time in range(begin, moments[number]):
            if weights[time] == 0.0:
                continue
            for i in range(size):
                weighted = weights[time] * columns[time, i]
                crosses[number, i] += weighted * rest[time]
                for j in range(size):
                    grams[number, i, j] += weighted * columns[time, j]
        begin = moments[number]


@compiled
def _descend(  # type: ignore[no-untyped-def]
    gram, cross, size, freedom, inflation, mean, variance, caution, rounds, out
):
    """Coefficients ``out`` (moments, columns), one after another on what the others leave, several times.

    ``gram`` (moments, columns, columns), ``cross`` (moments, columns), ``size`` the sum of squares of the
    rest, ``freedom`` the effective number of points; ``mean`` and ``variance`` before it, nan without any.
    """
    columns = cross.shape[1]
    for moment in range(len(out)):
        largest = 0.0
        for j in range(columns):
            largest = max(largest, gram[moment, j, j])
        if freedom[moment] < 1 or size[moment] <= 0:
            for j in range(columns):
                out[moment, j] = mean[j] if np.isfinite(mean[j]) else 0.0
            continue
        beta, left = out[moment], cross[moment].copy()  # left: what the columns have to do with the rest yet
        noise = size[moment] / freedom[moment]
        for j in range(columns):
            beta[j] = mean[j] if np.isfinite(mean[j]) else 0.0
            if beta[j] != 0.0:
                left -= beta[j] * gram[moment, j]
        for _ in range(rounds):
            moving, active, squares = 0.0, 0.0, size[moment]
            for j in range(columns):
                own = gram[moment, j, j]
                if own <= 1e-9 * largest or own <= 0:
                    continue
                alone = left[j] + own * beta[j]
                uncertain = noise * inflation[j]
                if np.isfinite(mean[j]):
                    pull = uncertain / variance[j]
                    found = (alone + pull * mean[j]) / (own + pull)
                    active += own / (own + pull)
                else:
                    sure = alone * alone / (own * uncertain)
                    found = alone / own * positive_part(sure, caution)
                    active += 1.0 if found != 0.0 else 0.0
                step = found - beta[j]
                if step != 0.0:
                    moving = max(moving, abs(step) * np.sqrt(own))
                    left -= step * gram[moment, j]
                    beta[j] = found
            for j in range(columns):
                squares -= beta[j] * (cross[moment, j] + left[j])
            squares = max(squares, 1e-6 * size[moment])
            noise = squares / max(freedom[moment] - active, freedom[moment] / 2)
            if moving * moving < 1e-6 * noise:
                break
