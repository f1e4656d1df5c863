"""From the user's words to the engine's task."""

from stepcast.engine.task import Task
from stepcast.pipeline.params import Params

__all__ = ["AUTOML", "task_of"]

AUTOML = ("SeasonalNaive", "NPTS", "ETS", "ARIMA")  # simpler ones first: they win ties


def task_of(params: Params) -> Task:
    """What params.json asks of the engine: one named algorithm, or all to choose from."""
    predictor = params.predictor
    return Task(
        horizon=predictor.forecast_horizon,
        outputs=params.forecast.outputs,
        models=(predictor.algorithm,) if predictor.algorithm else AUTOML,
        metric=predictor.optimization_metric,
        windows=predictor.evaluation_parameters.number_of_backtest_windows,
        offset=predictor.evaluation_parameters.back_test_window_offset or 0,
        parameters=predictor.training_parameters,
        holidays=params.holidays,
    )
