"""Converts params.json to the engine's task."""

from dataclasses import replace

from stepcast.engine.known_bounds import Bounds
from stepcast.engine.task import AUTO, Task
from stepcast.pipeline.params import Params

__all__ = ["shard_task", "task_in_hierarchy", "task_of"]

# Those at which the engine keeps distributions: enough to draw samples from.
ALL_QUANTILES = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99)


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


def shard_task(params: Params, key_names: tuple[str, ...] | None = None) -> Task:
    """The task of TrainPredictor and Forecast.

    ``key_names``  of the shard; sums of series have others than these, and none of their bounds.
    """
    task = task_of(params)
    if params.predictor.hierarchy is None:
        return task
    return task_in_hierarchy(task, sums=key_names is not None and key_names != params.series_key)


def task_in_hierarchy(task: Task, *, sums: bool) -> Task:
    """``task`` for shards of series, or of their ``sums``: these forecast the whole distribution, also where
    no outcome is known, and what is asked for is read from it when all of them agree. Sums are told so."""
    quantiles = sorted({*ALL_QUANTILES, *task.quantiles})
    whole = replace(task, outputs=(*quantiles, "mean"), every_window=True)
    return replace(whole, bounds=Bounds(), sums=True) if sums else whole
