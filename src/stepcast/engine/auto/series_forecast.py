"""What a series is likely to do after an origin: quantiles from every source, blended and calibrated."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from stepcast.engine.arrays import Flags, Floats
from stepcast.engine.auto.budget import FEW_ORIGINS, MOST_STEPS
from stepcast.engine.auto.ensemble.calibration import PAST_VALUES, TREES
from stepcast.engine.auto.ensemble.cross_validation import CrossValidation, cross_validate
from stepcast.engine.auto.ensemble.distribution import Distribution, distribution_at, scores_at
from stepcast.engine.auto.ensemble.far_steps import far_factors
from stepcast.engine.auto.outdated import past_is_outdated
from stepcast.engine.auto.panel_fit import PanelFit
from stepcast.engine.auto.series.bounds import bounds_at
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.series.quantile_grid import MEDIAN, PROBABILITIES, with_mean
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.sources.count_forecast import CountForecast, count_forecast_at
from stepcast.engine.auto.sources.empirical import empirical_quantiles
from stepcast.engine.bounds import QUANTILE_RANGES

__all__ = ["SeriesForecast", "counts_alone", "examine", "from_end", "series_forecast_at", "tables_of"]


FAR_BACK = 8  # horizons: what is far ahead differs from time to time, not from step to step
MENTIONED = 0.02  # members that weigh less are left out of an explanation


@dataclass(frozen=True)
class SeriesForecast:
    """A series from one origin.

    ``sources``  (horizon, PROBABILITIES) quantiles of its members' errors, and of its past values; zeros
                 where these do not count.
    ``weights``  of the members that matter, mean over the steps, heaviest first.
    ``counts``   the same as counts, weighted by the panel's fit; None where the series is not of counts.
    ``silent``   how many periods nothing was observed in before the first of the horizon: the sources are so
                 many steps further from the origin.
    ``broken``   (horizon,) where a new level is forecast, of which neither past values nor trees know; None
                 for nowhere.
    ``near``     a forecast from the same origin whose last steps are the first of these; None without.
    """

    history: History
    origin: int
    seasons: Seasons
    sources: tuple[Floats, Floats]
    weights: tuple[tuple[str, float], ...]
    counts: CountForecast | None
    silent: int = 0
    near: "SeriesForecast | CountForecast | None" = None
    broken: Flags | None = None


def examine(history: History, horizon: int, panel_fit: PanelFit) -> CrossValidation:
    """Forecast ``history``, which is not empty, from past origins and from its end."""
    history = history.with_pooled(panel_fit.pooled_effects)
    return cross_validate(
        history, horizon, panel_fit.origins, panel_fit.before, panel_fit.after, panel_fit.quick
    )


def from_end(history: History, horizon: int, panel_fit: PanelFit) -> "SeriesForecast | CountForecast":
    """The series, which is not empty, from its end."""
    if history.silent:
        return _after_silence(history, horizon, panel_fit)
    counts = count_forecast_at(history, len(history), horizon)
    if counts is not None and counts_alone(counts, panel_fit):
        return counts
    found = examine(history, horizon, panel_fit)
    return series_forecast_at(history, found, len(found.origins) - 1, panel_fit, counts)


def _after_silence(history: History, horizon: int, panel_fit: PanelFit) -> "SeriesForecast | CountForecast":
    """The series from its last value on, across the periods after it in which nothing was observed.

    Its own errors that many steps ahead say how wide to be. What the panel teaches is of a horizon from the
    origin: steps that lie within it are forecast as any others.
    """
    silent = history.silent
    known, steps = history.to_last_value(silent), silent + horizon
    counts = count_forecast_at(known, len(known), steps)
    if counts is not None:
        counts = replace(counts, table=counts.table[silent:])
        if counts_alone(counts, panel_fit):
            return counts
    origins = min(panel_fit.origins, max(FEW_ORIGINS, MOST_STEPS // steps))
    found = cross_validate(
        known.with_pooled(panel_fit.pooled_effects), steps, origins, {}, {}, panel_fit.quick, FAR_BACK
    )
    prior = replace(panel_fit.prior, errors=None, growth=None)
    made = distribution_at(
        found, scores_at(found, len(found.origins) - 1, panel_fit.metric), prior, known.positive
    )
    middle = made.quantiles[:, MEDIAN : MEDIAN + 1]
    wider = (
        middle
        + (made.quantiles - middle) * far_factors(made.errors, found.step, panel_fit.prior.growth)[:, None]
    )
    quantiles = wider[silent:]
    near = from_end(history.to_last_value(), horizon, panel_fit) if silent < horizon else None
    return SeriesForecast(
        known,
        len(known),
        found.seasons,
        (quantiles, quantiles),
        _mentioned(found, made),
        counts,
        silent,
        near,
    )


def counts_alone(counts: CountForecast, panel_fit: PanelFit) -> bool:
    """Whether no member needs to be asked."""
    return counts.sparse or panel_fit.count_share == 1


def series_forecast_at(
    history: History, found: CrossValidation, place: int, panel_fit: PanelFit, counts: CountForecast | None
) -> SeriesForecast:
    """The series from origin number ``place`` of what was found by ``examine``; ``counts`` if it is such."""
    made = distribution_at(
        found, scores_at(found, place, panel_fit.metric), panel_fit.prior, history.positive
    )
    origin = int(found.origins[place])
    past = np.zeros_like(made.quantiles)
    if panel_fit.calibration.share(PAST_VALUES) > 0:
        past = empirical_quantiles(history.values[:origin], found.seasons, len(past))
        known = made.broken | past_is_outdated(history, found, place, made.errors)
        past[known] = made.quantiles[known]
    weights = _mentioned(found, made)
    sources = made.quantiles, past
    return SeriesForecast(history, origin, found.seasons, sources, weights, counts, broken=made.broken)


def _mentioned(found: CrossValidation, made: Distribution) -> tuple[tuple[str, float], ...]:
    mean = made.weights.mean(axis=1)
    order = [place for place in np.argsort(-mean, kind="stable") if mean[place] >= MENTIONED]
    return tuple((found.names[place], round(float(mean[place]), 4)) for place in order)


def tables_of(
    forecasts: Sequence[SeriesForecast | CountForecast], horizon: int, panel_fit: PanelFit
) -> Floats:
    """Quantiles and the mean (series, horizon, PROBABILITIES + 1) in the units of the series."""
    result = np.empty((len(forecasts), horizon, len(PROBABILITIES) + 1))
    grown = iter(_grown([one for one in forecasts if isinstance(one, SeriesForecast)], horizon, panel_fit))
    limit = np.finfo(np.float64).max
    for place, one in enumerate(forecasts):
        if isinstance(one, CountForecast):
            result[place] = one.table
            continue
        sources, trees = [*one.sources], next(grown)
        if panel_fit.trees is not None:
            if one.broken is not None:
                trees[one.broken] = one.sources[0][one.broken]
            sources.append(trees if not one.silent else one.sources[0])
        table = panel_fit.calibration.apply(np.stack(sources))
        low, high = bounds_at(one.history, np.array([one.origin]), one.silent + horizon, QUANTILE_RANGES)
        with np.errstate(over="ignore", under="ignore"):
            scaled = np.ldexp(np.clip(table, low, high), one.history.exponent)
        result[place] = with_mean(np.clip(scaled, -limit, limit))
        if one.counts is not None:
            result[place] += panel_fit.count_share * (one.counts.table - result[place])
        if one.near is not None:
            (near,) = tables_of([one.near], horizon, panel_fit)
            result[place, : horizon - one.silent] = near[one.silent :]
    return result


def _grown(forecasts: Sequence[SeriesForecast], horizon: int, panel_fit: PanelFit) -> Floats:
    """The trees' quantiles (series, horizon, PROBABILITIES); zeros where they do not count."""
    result = np.zeros((len(forecasts), horizon, len(PROBABILITIES)))
    asked = [place for place, one in enumerate(forecasts) if not one.silent]
    if panel_fit.trees is None or not asked or panel_fit.calibration.share(TREES) == 0:
        return result
    origins = np.array([forecasts[place].origin for place in asked])
    result[asked] = panel_fit.trees.quantiles([forecasts[place].history for place in asked], origins, horizon)
    return result
