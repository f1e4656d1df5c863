"""ARIMA: waves of the calendar, differences, autoregression and moving average; orders chosen by AICc."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.errors import CannotFit
from stepcast.engine.frequency import Frequency
from stepcast.engine.model_parameters import given_of
from stepcast.engine.models.arima_orders import Order, Wanted, promising_orders
from stepcast.engine.models.gaps import filled
from stepcast.engine.models.harmonics import calendar_pattern, longest_cycle
from stepcast.engine.models.model import Past, Prediction
from stepcast.engine.models.normal import normal_prediction
from stepcast.engine.models.quiet import quiet

__all__ = ["Arima", "arima", "fit_arima"]


# How much history is fitted: six of the longest cycle that the waves know (six weeks of hours, six years of
# days) within these limits; and less for months, whose seasonal states make every point dearer.
LEAST_POINTS, MOST_POINTS, CYCLES_SEEN, SEASONAL_POINTS = 1000, 4500, 6, 500
# Orders that are worth a likelihood, and how long each is searched for.
TRIED, SEARCH_STEPS = 3, 50
# Observed values among those points below which waves and orders mean nothing.
LEAST_OBSERVED = 8


@dataclass(frozen=True)
class Arima:
    """An estimated model and its forecast, in which the parts of the mean add up.

    Shapes:  ``pattern`` of the calendar, ``line`` (mean or drift), ``rest`` (what lags and shocks say) and
             ``deviation`` (horizon,).
    Units:   those of the series after taking off ``centre`` and dividing by ``spread``.
    ``weights`` as SARIMAX has them: autoregressive, moving average, then the seasonal ones.
    """

    order: Order
    weights: Floats
    centre: float
    spread: float
    pattern: Floats
    line: Floats
    rest: Floats
    deviation: Floats

    def prediction(self, quantiles: tuple[float, ...]) -> Prediction:
        mean = self.rest + self.line + self.pattern
        return normal_prediction(mean * self.spread + self.centre, self.deviation * self.spread, quantiles)


def arima(
    past: Past,
    horizon: int,
    quantiles: tuple[float, ...],
    parameters: Mapping[str, str],
) -> Prediction:
    """ARIMA errors around the waves of the calendar (days and faster, weeks), or seasonal ARIMA (months).

    Hours and minutes: waves of the day and the week; days: of the week and the year; weeks: of the year
    (``calendar_pattern``), fitted first, then a plain ARIMA for what is left. Months: ARIMA with seasonal
    lags and differences. The orders that regressions find promising (``promising_orders``) are estimated by
    exact maximum likelihood, AICc chooses. Intervals are exact for the estimated model. Missing values need
    no filling: the state space form steps over them.

    Only the last 1,000 to 4,500 points are used (six weeks of hours, six years of days), 500 of months; or
    ``context_length``. ``p``, ``d`` and ``q`` are tried as they are given, the others are chosen.

    Source: Box, Jenkins, Reinsel and Ljung, Time series analysis, 5th edition.
    Raises: CannotFit where all values are equal or nearly all missing, or no order can be estimated.
    """
    return fit_arima(past, horizon, parameters).prediction(quantiles)


def fit_arima(past: Past, horizon: int, parameters: Mapping[str, str]) -> Arima:
    """The best order, estimated. Raises CannotFit as ``arima``."""
    wanted = given_of("ARIMA", parameters)
    values = past.values[-int(wanted.get("context_length", _points(past.frequency))) :]
    if np.isfinite(values).sum() < LEAST_OBSERVED:
        raise CannotFit("ARIMA", f"all or nearly all of the last {len(values)} values are missing")
    centre, spread = float(np.nanmean(values)), float(np.nanstd(values))
    if np.nanmin(values) == np.nanmax(values) or not spread > 0:
        raise CannotFit("ARIMA", "all values are equal, so there is nothing to estimate")
    scaled = (values - centre) / spread
    pattern = calendar_pattern(scaled, past.frequency, horizon)
    rest = scaled - pattern[: len(scaled)]
    season = past.season if past.frequency.unit == "M" else 1
    complete = filled(rest, past.season)
    best: tuple[float, Order, Floats] | None = None
    with quiet():
        for order in promising_orders(complete, season, TRIED, _orders_of(wanted)):
            line = _line(order, complete, len(rest))
            try:
                criterion, weights = _estimate(order, rest - line)
            except (ValueError, ArithmeticError, np.linalg.LinAlgError):
                continue
            if not np.isnan(criterion) and (best is None or criterion < best[0]):
                best = criterion, order, weights
        if best is None:
            raise CannotFit("ARIMA", "no order has a finite likelihood for this series")
        _, order, weights = best
        line = _line(order, complete, len(rest) + horizon)
        fitted = _model(order, rest - line[: len(rest)], differenced=False).filter(weights)
        forecast = fitted.get_forecast(horizon)
        return Arima(
            order=order,
            weights=weights,
            centre=centre,
            spread=spread,
            pattern=pattern[len(rest) :],
            line=line[len(rest) :],
            rest=np.asarray(forecast.predicted_mean),
            deviation=np.asarray(forecast.se_mean),
        )


def _orders_of(wanted: Mapping[str, int | float | str]) -> Wanted:
    p, d, q = (int(wanted[name]) if name in wanted else None for name in ("p", "d", "q"))
    return Wanted(p, d, q)


def _points(frequency: Frequency) -> int:
    if frequency.unit == "M":
        return SEASONAL_POINTS
    return int(np.clip(CYCLES_SEEN * longest_cycle(frequency), LEAST_POINTS, MOST_POINTS))


def _line(order: Order, values: Floats, points: int) -> Floats:
    """The mean, or the drift as a straight line, at ``points`` times from the first value on."""
    if not order.constant:
        return np.zeros(points)
    mean = float(order.difference(values).mean())
    if order.d + order.seasonal_d == 0:
        return np.full(points, mean)
    drift = mean / (order.season if order.seasonal_d else 1)
    return drift * np.arange(points, dtype=np.float64)


def _estimate(order: Order, values: Floats) -> tuple[float, Floats]:
    """AICc and weights; ``values`` (time,) may miss some, and have no mean or drift any more."""
    model = _model(order, values, differenced=True)
    if order.weights:
        result = model.fit(disp=False, maxiter=SEARCH_STEPS, cov_type="none")
    else:
        result = model.filter(np.empty(0))
    return float(result.aicc) + 2 * order.constant, np.asarray(result.params)


def _model(order: Order, values: Floats, *, differenced: bool) -> Any:
    """The state space model: of the differences (small and quick), or of the values (to forecast them)."""
    # Takes a second to import: only where it is used.
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    seasonal = order.seasonal_p + order.seasonal_d + order.seasonal_q > 0
    return SARIMAX(
        values,
        order=(order.p, order.d, order.q),
        seasonal_order=(
            order.seasonal_p,
            order.seasonal_d,
            order.seasonal_q,
            order.season if seasonal else 0,
        ),
        simple_differencing=differenced,
        concentrate_scale=True,
    )
