"""Notices that rows were split at random, which shows a forecaster the future of what it is judged by."""

import sys
import warnings
from typing import Any

__all__ = ["RandomFoldsWarning", "by_time", "nested_stages", "warn_of_random_folds"]

RANDOM = ("pyspark.ml.tuning", "pyspark.ml.connect.tuning")
MARK = "_folds_by_time"


class RandomFoldsWarning(UserWarning):
    """Folds of random rows leak the future into training."""


def by_time(estimator: Any) -> None:
    """Mark a forecaster, or those in a Pipeline: whoever fits it has split by time. Copies keep the mark."""
    for stage in nested_stages(estimator):
        setattr(stage, MARK, True)


def warn_of_random_folds(estimator: Any) -> None:
    """Warn if Spark's own CrossValidator or TrainValidationSplit is fitting ``estimator``.

    It is recognised by the functions that wait for this one. Rows that were split otherwise, for example by
    ``randomSplit``, look like a history with gaps.
    """
    if getattr(estimator, MARK, False):
        return
    frame = sys._getframe()
    while (frame := frame.f_back) is not None:  # type: ignore[assignment]
        if frame.f_globals.get("__name__") in RANDOM:
            warnings.warn(
                "the rows were split at random: the forecaster learns from the future of the rows that it is "
                "judged by, and forecasts none of them. Use RollingOriginValidator or "
                "TemporalTrainValidationSplit, which split by time",
                RandomFoldsWarning,
                stacklevel=2,
            )
            return


def nested_stages(estimator: Any) -> list[Any]:
    """The stages of a Pipeline and of Pipelines in it, or the estimator itself."""
    nested = getattr(estimator, "getStages", None)
    return [one for stage in nested() for one in nested_stages(stage)] if nested else [estimator]
