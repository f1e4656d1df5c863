"""One series, one named model; SeasonalNaive where that cannot be fitted."""

from stepcast.engine.arrays import Flags, Floats
from stepcast.engine.errors import CannotFit
from stepcast.engine.frequency import Frequency
from stepcast.engine.models import MODELS, SEASONAL_NAIVE
from stepcast.engine.models.fitting import fit
from stepcast.engine.task import Task

__all__ = ["STAND_IN", "fit_or_fall_back"]

STAND_IN = SEASONAL_NAIVE.name


def fit_or_fall_back(
    name: str, history: Floats, observed: Flags, end: int, frequency: Frequency, task: Task
) -> tuple[Floats, str]:
    """The forecast (horizon, outputs) after ``end``, and "" or why it is SeasonalNaive's.

    ``history`` and ``observed`` (time,) as ``fit`` has them, with one value at least.
    """
    asked = (history, observed, end, frequency, task.horizon, task.outputs, task.parameters)
    try:
        return fit(MODELS[name], *asked), ""
    except CannotFit as refusal:
        return fit(SEASONAL_NAIVE, *asked), str(refusal)
