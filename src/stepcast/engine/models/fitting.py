"""One model, one series: what every model may rely on, and what it may never do to a forecast."""

from collections.abc import Mapping

import numpy as np

from stepcast.engine.arrays import Flags, Floats
from stepcast.engine.bounds import MODEL_RANGES, sane_bounds
from stepcast.engine.errors import CannotFit, HistoryTooShort
from stepcast.engine.frequency import Frequency
from stepcast.engine.models.model import Model, Past, Prediction
from stepcast.engine.seasonality import usable_season
from stepcast.engine.task import Outputs, quantiles_of

__all__ = ["fit", "never_negative", "past_of", "settled"]


# Beyond the bounds of the mean, quantiles may spread like those of a random walk: by so many widths of the
# observed range at the first step.
WALK = 6.0


def fit(
    model: Model,
    history: Floats,
    observed: Flags,
    end: int,
    frequency: Frequency,
    horizon: int,
    outputs: Outputs,
    parameters: Mapping[str, str],
) -> Floats:
    """Forecast the ``horizon`` periods after ``end`` from ``history``.

    Shapes:  ``history`` and ``observed`` (time,), oldest first; the result (horizon, outputs).
    Units:   those of ``history``; nan and infinite values are missing.
    Holds:   the result is finite; quantiles rise; it is not negative where no observed value is; multiplying
             the history by a power of two multiplies the result by it.
    Raises:  CannotFit where the model cannot forecast this history.
    """
    past, exponent = past_of(model, history, end, frequency)
    with np.errstate(all="ignore"):  # what is not finite is refused or clipped
        prediction = model.forecast(past, horizon, quantiles_of(outputs), parameters)
    forecast = settled(model, past, exponent, prediction, outputs)
    return np.maximum(forecast, 0.0) if never_negative(history, observed) else forecast


def settled(model: Model, past: Past, exponent: int, prediction: Prediction, outputs: Outputs) -> Floats:
    """The ``prediction`` for ``past`` as ``fit`` has it, before the sign is looked at. Raises CannotFit."""
    limit = np.finfo(np.float64).max
    with np.errstate(all="ignore"):
        if not (np.isfinite(prediction.quantiles).all() and np.isfinite(prediction.mean).all()):
            raise CannotFit(model.name, "its forecast is not finite")
        if _explodes(past.values, prediction):
            raise CannotFit(model.name, "its forecast diverges from all observed values")
        columns = np.sort(prediction.quantiles, axis=1)
        if "mean" in outputs:
            columns = np.column_stack([columns, prediction.mean])
        return np.clip(np.ldexp(columns, exponent), -limit, limit)


def past_of(model: Model, history: Floats, end: int, frequency: Frequency) -> tuple[Past, int]:
    """What ``model`` is given of ``history`` (time,), and the power of two that its values were divided by.

    Raises CannotFit where there are too few values.
    """
    known = np.isfinite(history)
    if not known.any():
        raise CannotFit(model.name, "no value was observed")
    if (have := int(known.sum())) < model.needs:
        raise HistoryTooShort(model.name, have, model.needs)
    begin = int(known.argmax())
    values = np.where(known, history, np.nan)[begin:]
    # Models see values below one: no square overflows or vanishes. A power of two, so that no digit changes.
    exponent = int(np.frexp(np.nanmax(np.abs(values)))[1])
    return Past(np.ldexp(values, -exponent), end, frequency, usable_season(frequency, len(values))), exponent


def never_negative(history: Floats, observed: Flags) -> bool:
    """Whether no observed value is negative; of all values where none was observed."""
    known = np.isfinite(history)
    scored = history[known & observed] if (known & observed).any() else history[known]
    return bool(scored.min() >= 0)


def _explodes(values: Floats, prediction: Prediction) -> bool:
    """Whether ``prediction`` runs away from all that was observed."""
    lowest, highest, horizon = np.nanmin(values), np.nanmax(values), len(prediction.mean)
    low, high = sane_bounds(lowest, highest, len(values), horizon, MODEL_RANGES)
    spread = (highest - lowest or abs(highest)) * WALK * np.sqrt(horizon)
    mean_strays = (prediction.mean < low) | (prediction.mean > high)
    quantiles_stray = (prediction.quantiles < low - spread) | (prediction.quantiles > high + spread)
    return bool(mean_strays.any() or quantiles_stray.any())
