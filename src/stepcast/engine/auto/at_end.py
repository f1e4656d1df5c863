"""What single parts of the AutoPredictor forecast from the end of one series."""

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.panel_fit import PanelFit
from stepcast.engine.auto.series.history import History, histories_of
from stepcast.engine.auto.series_forecast import examine
from stepcast.engine.auto.shared import Shared
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task

__all__ = ["history_at_end", "ridge_at_end"]


def history_at_end(panel: Panel, task: Task, shared: Shared) -> History:
    """The only series of ``panel`` as ``predictor.train`` reads it; empty without a value."""
    (history,) = histories_of(panel, shared.encoder, task.horizon, reserved=task.horizon)
    if history.clipped:
        (history,) = histories_of(panel, shared.encoder, task.horizon)
    return history


def ridge_at_end(history: History, horizon: int, panel_fit: PanelFit) -> Floats | None:
    """The ridge member's forecast (horizon,) in the history's units; None where the ensemble has none."""
    found = examine(history, horizon, panel_fit)
    return np.asarray(found.forecasts[found.names.index("ridge"), -1]) if "ridge" in found.names else None
