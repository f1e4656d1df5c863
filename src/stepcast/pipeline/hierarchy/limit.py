"""How many sums a hierarchy may have."""

from stepcast.engine.hierarchy.tree import MOST_SUMS
from stepcast.pipeline.hierarchy.paths import level_columns
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem

__all__ = ["too_many_sums"]


def too_many_sums(params: Params, groups: int, windows: int) -> Problem | None:
    """The error where ``groups`` of the deepest level are too many to reconcile with that many windows."""
    cells = groups * params.predictor.forecast_horizon * (1 + windows)
    if cells <= MOST_SUMS:
        return None
    columns = level_columns(params)
    what = (
        f"the level {columns[-1]} has {groups:,} groups; with the horizon and the "
        f"backtest windows, they are {cells:,} numbers, and the hierarchy may have {MOST_SUMS:,}"
    )
    remedy = f"Leave out the level {columns[-1]}, or reduce the horizon or NumberOfBacktestWindows"
    return Problem("V16", "error", what, remedy, path="$.Predictor.Hierarchy.Levels")
