"""Prophet: a trend that bends, waves of the year, the week and the day, holidays. An optional package."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import numpy as np

from stepcast.engine.arrays import Floats, Moments
from stepcast.engine.calendar import moment_of
from stepcast.engine.errors import CannotFit
from stepcast.engine.models.model import Past, Prediction
from stepcast.engine.models.quiet import quiet

__all__ = ["prophet", "prophet_explained"]


# Older points cost time and bend a trend that no longer matters.
MOST_POINTS = 4_500
SEED, SAMPLES = 1, 1_000
LOUD = ("prophet", "prophet.plot", "cmdstanpy")  # loggers that report every fit
NOTHING: Mapping[str, Any] = MappingProxyType({})


def prophet(
    past: Past,
    horizon: int,
    quantiles: tuple[float, ...],
    _parameters: Mapping[str, str],
) -> Prediction:
    """Prophet with its defaults, as the service runs it; quantiles and mean of 1,000 seeded samples.

    A linear trend with up to 25 bends in the first four fifths of the history and such bends to come as there
    were; waves of the year, the week and the day where the history has two of them. Missing values are left
    out. Only the last 4,500 points are fitted.

    Source: Taylor and Letham (2018), Forecasting at scale; the package ``prophet``, an extra of Stepcast's.
    Raises: CannotFit where it finds no fit.
    """
    return prophet_explained(past, horizon, quantiles)


def prophet_explained(
    past: Past,
    horizon: int,
    quantiles: tuple[float, ...],
    regressors: Mapping[str, Floats] = NOTHING,
    holidays: Mapping[str, Moments] = NOTHING,
) -> Prediction:
    """The same with what else explains the series.

    ``regressors``  (time + horizon,) by name, the periods of ``past.values`` and those ahead; the mean stands
                    in for what is missing, and what is missing everywhere is left out.
    ``holidays``    by name the days on which it falls, those ahead included.
    """
    import pandas as pd

    kept = min(len(past.values), MOST_POINTS)
    periods = np.arange(past.end - kept + 1, past.end + horizon + 1)
    table = pd.DataFrame({"ds": moment_of(periods, past.frequency).astype("datetime64[ns]")})
    table["y"] = np.concatenate([past.values[-kept:], np.full(horizon, np.nan)])
    known = {name: values[-(kept + horizon) :] for name, values in regressors.items()}
    known = {name: values for name, values in known.items() if np.isfinite(values).any()}
    with _silent(), quiet(), _seeded():
        from prophet import Prophet

        model = Prophet(holidays=_holidays(holidays), uncertainty_samples=SAMPLES)
        for name, values in known.items():
            table[name] = np.where(np.isfinite(values), values, np.mean(values[np.isfinite(values)]))
            model.add_regressor(name)
        try:
            model.fit(table.iloc[:kept].dropna(subset=["y"]), seed=SEED)
            samples: Floats = model.predictive_samples(table.iloc[kept:].drop(columns="y"))["yhat"]
        except (ValueError, RuntimeError, ArithmeticError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise CannotFit("Prophet", reason) from error
    return Prediction(np.quantile(samples, quantiles, axis=1).T, samples.mean(axis=1))


def _holidays(given: Mapping[str, Moments]) -> Any:
    """As Prophet takes them; None without any."""
    import pandas as pd

    rows = [(name, day) for name, days in given.items() for day in days.astype("datetime64[D]")]
    if not rows:
        return None
    return pd.DataFrame(
        {"holiday": [name for name, _ in rows], "ds": pd.to_datetime([day for _, day in rows])}
    )


@contextmanager
def _seeded() -> Iterator[None]:
    """Prophet draws from NumPy's global generator: seeded here, and left as it was."""
    before = np.random.get_state()
    np.random.seed(SEED)
    try:
        yield
    finally:
        np.random.set_state(before)


@contextmanager
def _silent() -> Iterator[None]:
    """Prophet and the program that it starts log every fit: not in this block."""
    loggers = [logging.getLogger(name) for name in LOUD]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled
