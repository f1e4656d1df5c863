"""ETS: exponential smoothing in state space form; the form is chosen by AICc."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.arrays import Floats
from stepcast.engine.errors import CannotFit
from stepcast.engine.model_parameters import given_of
from stepcast.engine.models.ets_states import Form, States, ahead
from stepcast.engine.models.gaps import filled
from stepcast.engine.models.model import Past, Prediction
from stepcast.engine.models.quiet import quiet
from stepcast.engine.seasonality import week_length

__all__ = ["ets", "ets_ahead", "fit_ets"]


# How much history is smoothed: older points have no weight left in the states, and cost time. At least three
# seasons, or the seasonal states would be what they were started with; a week is a season where three of them
# are few enough points.
USUAL_POINTS, MOST_POINTS, LEAST_SEASONS = 1000, 4500, 3

# The share of these points that must be observed: filled values are smooth, they make intervals too narrow.
LEAST_OBSERVED = 0.5

# Where the optimiser starts: quicker levels than statsmodels' own 0.1, which short series never leave.
START = {
    "smoothing_level": 0.5,
    "smoothing_trend": 0.05,
    "smoothing_seasonal": 0.1,
    "damping_trend": 0.9,
}
# Seasons and points that the starting states are read from.
START_SEASONS, START_POINTS = 5, 10


def ets(
    past: Past,
    horizon: int,
    quantiles: tuple[float, ...],
    parameters: Mapping[str, str],
) -> Prediction:
    """Fit up to twelve forms by maximum likelihood and forecast with the one of least AICc.

    Forms: additive errors with no or a damped trend and no or an additive season; where all values are
    positive, also multiplicative errors with no or a damped trend and no or a multiplicative season. The
    season is the usual one, and for hours and minutes also the week. Left out on purpose: undamped trends,
    which did worse than damped ones on nearly every data set they were tried on, and additive seasons under
    multiplicative errors, which changed little and cost a third more time.

    Intervals of additive forms are exact; those of multiplicative ones come from a seeded simulation. Missing
    values are filled (``filled``) first. Only the last 1,000 points are smoothed, or three seasons (or weeks,
    up to 4,500 points) where these are more. Smoothing parameters are estimated, starting states are read off
    the first seasons.

    ``error``, ``trend`` and ``seasonal`` leave out the forms that differ from them, but values that are not
    all positive have additive errors. ``context_length`` is the number of points to smooth.

    Source: Hyndman, Koehler, Ord and Snyder (2008), Forecasting with exponential smoothing.
    Raises: CannotFit where all values are equal or most are missing, or no form can be fitted.
    """
    return ets_ahead(*fit_ets(past, parameters), horizon, quantiles)


def ets_ahead(states: States, spread: float, horizon: int, quantiles: tuple[float, ...]) -> Prediction:
    """What ``fit_ets`` has found, continued."""
    prediction = ahead(states, horizon, quantiles)
    return Prediction(prediction.quantiles * spread, prediction.mean * spread)


def fit_ets(past: Past, parameters: Mapping[str, str]) -> tuple[States, float]:
    """The states of the best form, and what its values were divided by. Raises CannotFit as ``ets``."""
    wanted = given_of("ETS", parameters)
    seasons = [1]
    if past.season > 1:
        seasons.append(past.season)
        if 0 < LEAST_SEASONS * (week := week_length(past.frequency)) <= min(MOST_POINTS, len(past.values)):
            seasons.append(week)
    points = int(wanted.get("context_length", max(USUAL_POINTS, LEAST_SEASONS * seasons[-1])))
    seasons = [season for season in seasons if season == 1 or 2 * season <= points]
    if np.isfinite(past.values[-points:]).mean() < LEAST_OBSERVED:
        raise CannotFit("ETS", "most of the recent values are missing")
    values = filled(past.values, past.season)[-points:]
    spread = float(values.std())
    if values.min() == values.max() or not spread > 0:
        raise CannotFit("ETS", "all values are equal, so there is nothing to estimate")
    scaled = values / spread
    best: tuple[float, States] | None = None
    with quiet():
        for form in _forms(bool(values.min() > 0), seasons, wanted):
            try:
                fitted = _fit(form, scaled)
            except (ValueError, ArithmeticError, np.linalg.LinAlgError):
                continue
            if not np.isnan(fitted[0]) and (best is None or fitted[0] < best[0]):
                best = fitted
    if best is None:
        raise CannotFit("ETS", "no form has a finite likelihood for this series")
    return best[1], spread


def _forms(positive: bool, seasons: list[int], wanted: Mapping[str, int | float | str]) -> Iterator[Form]:
    errors = {"additive": (False,), "multiplicative": (True,)}.get(str(wanted.get("error")), (False, True))
    trends = {"none": (False,), "damped": (True,)}.get(str(wanted.get("trend")), (False, True))
    if wanted.get("seasonal") == "none":
        seasons = [1]
    elif wanted.get("seasonal") == "always":
        seasons = seasons[1:] or [1]
    for multiplicative in errors if positive else (False,):
        for damped_trend in trends:
            for season in seasons:
                yield Form(multiplicative, damped_trend, season)


def _fit(form: Form, values: Floats) -> tuple[float, States]:
    """AICc and last states of ``form``; AICc is infinite where values are too few for its parameters."""
    # Takes a second to import: only where it is used.
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    kind = "mul" if form.multiplicative else "add"
    level, slope, seasonal = _starting_states(form, values)
    model = ETSModel(
        values,
        error=kind,
        trend="add" if form.damped_trend else None,
        damped_trend=form.damped_trend,
        seasonal=kind if form.season > 1 else None,
        seasonal_periods=form.season if form.season > 1 else None,
        initialization_method="known",
        initial_level=level,
        initial_trend=slope if form.damped_trend else None,
        initial_seasonal=seasonal if form.season > 1 else None,
    )
    found = model.fit([START[name] for name in model.param_names], disp=False, return_params=True)
    last = model.smooth(found)
    states = States(
        form=form,
        level=float(last.level[-1]),
        slope=float(last.slope[-1]) if form.damped_trend else 0.0,
        seasonal=np.asarray(last.season[-form.season :]) if form.season > 1 else np.zeros(1),
        alpha=float(last.smoothing_level),
        beta=float(last.smoothing_trend) if form.damped_trend else 0.0,
        gamma=float(last.smoothing_seasonal) if form.season > 1 else 0.0,
        phi=float(last.damping_trend) if form.damped_trend else 1.0,
        sigma=float(np.sqrt(last.scale)),
    )
    # Estimated: smoothing parameters, variance, starting level, slope and season (one place follows from the
    # others).
    count = len(found) + 1 + 1 + form.damped_trend + form.season - 1
    spare = len(values) - count - 1
    aicc = -2 * model.loglike(found) + 2 * count + 2 * count * (count + 1) / spare if spare > 0 else np.inf
    return float(aicc), states


def _starting_states(form: Form, values: Floats) -> tuple[float, float, Floats]:
    """Level and slope before the first value, and the season's places, oldest first.

    The season is the mean deviation from (or ratio to) the straight lines between the means of the first
    seasons; level and slope are the line through the first points after taking the season off.
    """
    season = form.season
    seasonal = np.ones(1) if form.multiplicative else np.zeros(1)
    head = values[: max(START_POINTS, season)]
    if season > 1:
        seasons = min(len(values) // season, START_SEASONS)
        rows = values[: seasons * season].reshape(seasons, season)
        middles = np.arange(seasons, dtype=np.float64) * season + (season - 1) / 2
        means: Floats = rows.mean(axis=1)
        trend = _lines_through(middles, means, np.arange(seasons * season)).reshape(rows.shape)
        places = np.arange(len(head)) % season
        if form.multiplicative:
            ratios = (rows / np.where(trend > 0, trend, values.mean())).mean(axis=0)
            seasonal = ratios / ratios.mean()
            head = head / seasonal[places]
        else:
            deviations = (rows - trend).mean(axis=0)
            seasonal = deviations - deviations.mean()
            head = head - seasonal[places]
    slope, level = np.polyfit(np.arange(1, len(head) + 1), head, 1)
    if not form.damped_trend or (form.multiplicative and level <= 0):
        level = head.mean()
    return float(level), float(slope), seasonal


def _lines_through(x: Floats, y: Floats, at: NDArray[np.int64]) -> Floats:
    """Straight lines between the points (x, y), the first and the last going on beyond the ends."""
    if len(x) == 1:
        return np.full(len(at), y[0])
    piece = np.clip(np.searchsorted(x, at) - 1, 0, len(x) - 2)
    result: Floats = y[piece] + (y[piece + 1] - y[piece]) * (at - x[piece]) / (x[piece + 1] - x[piece])
    return result
