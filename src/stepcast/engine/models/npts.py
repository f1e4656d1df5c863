"""NPTS: the future is drawn from the past, recent and comparable times first. Exact, not sampled."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.calendar import moment_of
from stepcast.engine.errors import BadParameter
from stepcast.engine.models.model import Past, Prediction
from stepcast.engine.seasonality import phase_of

__all__ = ["PARAMETERS", "Settings", "npts", "weighted_quantiles"]


# What the same time on another day of the week counts, next to the same day. Hourly and faster series nearly
# always have a working week; a tenth still lets the other days count where there are few weeks.
OTHER_WEEKDAY = 0.1


def npts(past: Past, horizon: int, quantiles: tuple[float, ...], parameters: Mapping[str, str]) -> Prediction:
    """The weighted empirical distribution of past observations, its quantiles read off exactly.

    The distribution of step h puts on each past value y[t] the weight, up to normalisation,

        kernel(t) * comparable(t, h)

    kernel      exp(-exp_kernel_weights * lag), lag in periods before the origin; 1 if kernel_type is uniform.
    comparable  for the seasonal model 1 where t and h lie at the same place in their season (``phase_of``:
                time of day, day of week, week or month of year) and else 0, all 1 where no such t was
                observed; and for hourly and faster series a tenth where they lie on different days of the
                week. For the non-seasonal model 1.

    Sampling the same scheme step by step, where a step may also draw from the steps before it (as Rangapuram
    et al. write it), gives the same marginal distributions wherever ``comparable`` is 0 or 1: the earlier
    steps of a phase are distributed as the observations of that phase are, so mixing them in changes nothing.
    With the weekday's tenth, steps draw from observations only. Forecasts are observed values, so they keep
    the sign, the granularity and the range of the history. The mean is the distribution's.

    The four variants of the service: standard (use_seasonal_model False), seasonal (the default),
    climatological (kernel_type uniform, use_seasonal_model False) and seasonal climatological (uniform).
    Without related series the default time features are the only seasonal ones, so use_default_time_features
    False is the same as use_seasonal_model False. The service takes the minute of the hour for minutes; here
    it is the time of day, or 15min data would have no day.

    Source: Rangapuram et al. (2023), Deep non-parametric time series forecaster.
    """
    settings = Settings.read(parameters)
    begin = max(0, len(past.values) - settings.context_length) if settings.context_length else 0
    known = np.isfinite(past.values[begin:])
    if not known.any():  # the context is one gap: the whole history then
        begin, known = 0, np.isfinite(past.values)
    periods, values = past.periods[begin:][known], past.values[begin:][known]
    decay = settings.exp_kernel_weights if settings.kernel_type == "exponential" else 0.0
    ahead = np.arange(past.end + 1, past.end + 1 + horizon)
    if settings.seasonal:
        phases, future = phase_of(periods, past.frequency), phase_of(ahead, past.frequency)
    else:
        phases, future = np.zeros_like(periods), np.zeros_like(ahead)
    if settings.seasonal and past.frequency.has_time_of_day:
        weekdays, future_weekdays = _weekday(periods, past), _weekday(ahead, past)
    else:
        weekdays, future_weekdays = np.zeros_like(periods), np.zeros_like(ahead)

    places, step_place = np.unique(np.column_stack([future, future_weekdays]), axis=0, return_inverse=True)
    table, means = np.empty((len(places), len(quantiles))), np.empty(len(places))
    for place, (phase, weekday) in enumerate(places):
        alike = phases == phase
        if not alike.any():
            alike[:] = True
        lag = periods[alike][-1] - periods[alike]  # from the latest comparable one: no weight vanishes
        weights = np.exp(-decay * lag) * np.where(weekdays[alike] == weekday, 1.0, OTHER_WEEKDAY)
        table[place] = weighted_quantiles(values[alike], weights, quantiles)
        means[place] = np.average(values[alike], weights=weights)
    return Prediction(table[step_place], means[step_place])


def weighted_quantiles(values: Floats, weights: Floats, quantiles: tuple[float, ...]) -> Floats:
    """The smallest value at or below which lies at least the share ``quantile`` of the weight.

    Shapes:  ``values`` and ``weights`` (n,), n >= 1, weights not all zero; the result (quantiles,).

    >>> weighted_quantiles(np.array([30.0, 10.0, 20.0]), np.array([1.0, 1.0, 2.0]), (0.1, 0.5, 0.9))
    array([10., 20., 30.])
    """
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order])
    share /= share[-1]
    # Ten equal weights add up to 0.1 + 2e-17: rounding must not move a quantile by one observation.
    position = np.searchsorted(share, np.array(quantiles) - 1e-12)
    result: Floats = values[order][np.minimum(position, len(values) - 1)]
    return result


@dataclass(frozen=True)
class Settings:
    """The training parameters of NPTS, with the service's names and defaults.

    >>> Settings.read({"kernel_type": "uniform"})
    Settings(kernel_type='uniform', exp_kernel_weights=0.01, use_seasonal_model=True,
             use_default_time_features=True, context_length=0)
    """

    kernel_type: str = "exponential"
    exp_kernel_weights: float = 0.01
    use_seasonal_model: bool = True
    use_default_time_features: bool = True
    context_length: int = 0  # periods looked back upon; 0 is all

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> "Settings":
        """From the parameters as text. BadParameter names the wrong one and what is allowed."""
        given = {key: value.strip() for key, value in parameters.items() if key in PARAMETERS}
        return cls(
            kernel_type=_kernel(given.get("kernel_type", cls.kernel_type)),
            exp_kernel_weights=_positive("exp_kernel_weights", given, cls.exp_kernel_weights),
            use_seasonal_model=_flag("use_seasonal_model", given, cls.use_seasonal_model),
            use_default_time_features=_flag(
                "use_default_time_features", given, cls.use_default_time_features
            ),
            context_length=_count("context_length", given, cls.context_length),
        )

    @property
    def seasonal(self) -> bool:
        """Whether only comparable times are drawn from."""
        return self.use_seasonal_model and self.use_default_time_features


PARAMETERS = frozenset(Settings.__dataclass_fields__)


def _weekday(periods: Integers, past: Past) -> Integers:
    days: Integers = moment_of(periods, past.frequency).astype("datetime64[D]").astype(np.int64) % 7
    return days


def _kernel(text: str) -> str:
    if text not in ("exponential", "uniform"):
        raise BadParameter("kernel_type", text, "write exponential or uniform")
    return text


def _flag(key: str, given: Mapping[str, str], default: bool) -> bool:
    text = given.get(key, str(default))
    if text.lower() not in ("true", "false"):
        raise BadParameter(key, text, "write True or False")
    return text.lower() == "true"


def _positive(key: str, given: Mapping[str, str], default: float) -> float:
    text = given.get(key, str(default))
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not 0 < number < float("inf"):
        raise BadParameter(key, text, "write a number above 0")
    return number


def _count(key: str, given: Mapping[str, str], default: int) -> int:
    if key not in given:
        return default
    if not (text := given[key]).isdecimal() or int(text) == 0:
        raise BadParameter(key, text, "write a whole number of periods, 1 or more")
    return int(text)
