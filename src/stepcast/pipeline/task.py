"""Converts params.json to the engine's task."""

from stepcast.engine.task import AUTO, Task
from stepcast.pipeline.params import Params

__all__ = ["task_of"]


def task_of(params: Params) -> Task:
    """The engine's task for params.json."""
    predictor = params.predictor
    return Task(
        horizon=predictor.forecast_horizon,
        outputs=params.forecast.outputs,
        algorithm=predictor.algorithm or AUTO,
        metric=predictor.optimization_metric,
        windows=predictor.evaluation_parameters.number_of_backtest_windows,
        offset=predictor.evaluation_parameters.back_test_window_offset or 0,
        parameters=predictor.training_parameters,
        holidays=params.holidays,
        budget_seconds=predictor.training_budget_seconds,
        network=predictor.auto_ml_network or "",
        bounds=params.bounds,
    )
