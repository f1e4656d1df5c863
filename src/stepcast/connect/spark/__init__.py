"""Forecasts of Spark DataFrames, as stages of ``pyspark.ml``: by the pipeline's rules, on all executors.

Spark runs the import's and the engine's own code, so forecasts are bit for bit those of ``stepcast run`` with
the same rows, whatever the number of executors. Only the DataFrame API is used: Spark Connect works, too.
"""

from stepcast.connect.spark.evaluators import (
    CoverageEvaluator,
    MeanAbsoluteScaledErrorEvaluator,
    WeightedQuantileLossEvaluator,
)
from stepcast.connect.spark.forecaster import StepcastForecaster
from stepcast.connect.spark.model import StepcastModel
from stepcast.connect.spark.random_folds import RandomFoldsWarning
from stepcast.connect.spark.tuning import RollingOriginValidator, TemporalTrainValidationSplit

__all__ = [
    "CoverageEvaluator",
    "MeanAbsoluteScaledErrorEvaluator",
    "RandomFoldsWarning",
    "RollingOriginValidator",
    "StepcastForecaster",
    "StepcastModel",
    "TemporalTrainValidationSplit",
    "WeightedQuantileLossEvaluator",
]
