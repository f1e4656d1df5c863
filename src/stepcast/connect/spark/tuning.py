"""Tuning that splits by time: what a fold is judged by lies after all that it has learned from."""

from datetime import datetime
from typing import Any, Self

import numpy as np
from pyspark import keyword_only
from pyspark.ml import Estimator
from pyspark.ml.evaluation import Evaluator
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.tuning import (
    CrossValidator,
    CrossValidatorModel,
    TrainValidationSplit,
    TrainValidationSplitModel,
    _ValidatorSharedReadWrite,
)
from pyspark.ml.util import DefaultParamsReader, MLReader
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from stepcast.connect.errors import ConnectorError
from stepcast.connect.spark.forecaster import StepcastForecaster
from stepcast.connect.spark.random_folds import by_time, nested_stages
from stepcast.connect.spark.rows import moments, quoted
from stepcast.engine.calendar import moment_of, period_of
from stepcast.engine.frequency import Frequency

__all__ = ["RollingOriginValidator", "TemporalTrainValidationSplit"]

Split = tuple[DataFrame, DataFrame]


class _KnownAhead(Params):
    knownCols = Param(
        Params._dummy(),
        "knownCols",
        "columns whose values are known ahead: all that a fold is given of its horizon",
        typeConverter=TypeConverters.toListString,
    )


class RollingOriginValidator(CrossValidator, _KnownAhead):
    """CrossValidator for forecasters: fold 1 is judged by the last horizon, fold 2 by the one before...

    Each fold learns from the rows before its origin only, and from ``knownCols`` of its horizon, such as
    a price; these rows' other columns are null. ``estimator`` is a StepcastForecaster, or a Pipeline that
    ends in one, whose horizon, frequency and timestamps decide where the origins are: a grid cannot change
    those. Rows of ``setRelated`` are not cut: they are what is known ahead.

    Like CrossValidator, it returns a CrossValidatorModel with ``bestModel``, fitted to all rows, and
    ``avgMetrics`` in the order of ``estimatorParamMaps``.
    """

    @keyword_only
    def __init__(
        self,
        *,
        estimator: Estimator | None = None,
        estimatorParamMaps: Any = None,
        evaluator: Evaluator | None = None,
        numFolds: int = 3,
        parallelism: int = 1,
        collectSubModels: bool = False,
        knownCols: Any = None,
    ) -> None:
        given = dict(self._input_kwargs)
        super().__init__()
        self._setDefault(knownCols=[])
        self._set(**given)

    def _fit(self, dataset: DataFrame) -> CrossValidatorModel:
        own = self.copy()
        by_time(own.getEstimator())
        return CrossValidator._fit(own, dataset)

    def _kFold(self, dataset: DataFrame) -> list[Split]:
        history = _History(dataset, self)
        folds = self.getNumFolds()
        if history.periods <= folds * history.horizon:
            most = max(1, (history.periods - 1) // history.horizon)
            raise ConnectorError(
                f"the rows span {history.periods} periods, but {folds} folds of horizon {history.horizon} "
                f"leave nothing to learn from: set numFolds to {most} or less, or shorten the horizon"
            )
        return [history.split(history.end + 1 - (fold + 1) * history.horizon) for fold in range(folds)]

    @classmethod
    def read(cls) -> "MLReader[Self]":
        return _Reader(cls)


class TemporalTrainValidationSplit(TrainValidationSplit, _KnownAhead):
    """TrainValidationSplit by time: learns from the first ``trainRatio`` of the periods.

    It is judged by the horizon that follows; a rest that is longer than the horizon is not used. Otherwise it
    is like RollingOriginValidator.
    """

    @keyword_only
    def __init__(
        self,
        *,
        estimator: Estimator | None = None,
        estimatorParamMaps: Any = None,
        evaluator: Evaluator | None = None,
        trainRatio: float = 0.75,
        parallelism: int = 1,
        collectSubModels: bool = False,
        knownCols: Any = None,
    ) -> None:
        given = dict(self._input_kwargs)
        super().__init__()
        self._setDefault(knownCols=[])
        self._set(**given)

    def _fit(self, dataset: DataFrame) -> TrainValidationSplitModel:
        folds = _OneFold(
            estimator=self.getEstimator(),
            estimatorParamMaps=self.getEstimatorParamMaps(),
            evaluator=self.getEvaluator(),
            numFolds=1,
            parallelism=self.getParallelism(),
            collectSubModels=self.getCollectSubModels(),
            knownCols=self.getOrDefault(self.knownCols),
        )
        folds.ratio = self.getTrainRatio()
        found = folds.fit(dataset)
        models = found.subModels[0] if found.subModels else None
        return self._copyValues(TrainValidationSplitModel(found.bestModel, found.avgMetrics, models))

    @classmethod
    def read(cls) -> "MLReader[Self]":
        return _Reader(cls)


class _OneFold(RollingOriginValidator):
    """Its only origin is at ``ratio`` of the periods."""

    ratio = 0.75

    def _kFold(self, dataset: DataFrame) -> list[Split]:
        history = _History(dataset, self)
        learned = int(self.ratio * history.periods)
        if not 0 < learned < history.periods:
            raise ConnectorError(
                f"trainRatio {self.ratio:g} of {history.periods} periods is {learned}: both parts need some"
            )
        return [history.split(history.end + 1 - history.periods + learned)]


class _History:
    """The periods of a DataFrame's rows: ``periods`` of them, the last of which is ``end``."""

    def __init__(self, dataset: DataFrame, validator: Any) -> None:
        forecaster = _forecaster_in(validator.getEstimator())
        fixed = (
            forecaster.horizon,
            forecaster.frequency,
            forecaster.timestampCol,
            forecaster.targetCol,
        )
        for param in fixed:
            if any(param in grid for grid in validator.getEstimatorParamMaps()):
                raise ConnectorError(
                    f"the grid changes {param.name}, so its forecasts could not be compared: tune each alone"
                )
        settings = forecaster.settings()
        self.horizon, self._frequency = settings.horizon, Frequency.parse(settings.freq or "")
        self._rows = dataset
        self._moment = moments(dataset, forecaster.getOrDefault(forecaster.timestampCol))
        target = forecaster.getOrDefault(forecaster.targetCol)
        self._known = set(validator.getOrDefault(validator.knownCols))
        if target in self._known:
            raise ConnectorError(f"knownCols has {target!r}, which is what is forecast")
        if self._known:
            self._known |= {*forecaster.columns().item_id, forecaster.getOrDefault(forecaster.timestampCol)}
            if unknown := self._known - set(dataset.columns):
                raise ConnectorError(f"the rows have no column {', '.join(sorted(unknown))}")
        known = F.col(quoted(target)).isNotNull() if target in dataset.columns else F.lit(True)
        (row,) = (
            dataset.where(known)
            .agg(F.min(self._moment).alias("first"), F.max(self._moment).alias("last"))
            .collect()
        )
        if row["first"] is None:
            raise ConnectorError(f"no row has both a timestamp and a value in {target!r}")
        first, self.end = (self._period(row[name]) for name in ("first", "last"))
        self.periods = self.end - first + 1

    def split(self, origin: int) -> Split:
        """The rows before period ``origin``, and those of the horizon that begins with it."""
        begins, ends = (self._begin(period) for period in (origin, origin + self.horizon))
        # What has no timestamp stays: the import says so.
        before = self._rows.where(self._moment.isNull() | (self._moment < begins))
        ahead = self._rows.where((self._moment >= begins) & (self._moment < ends))
        if not self._known:
            return before, ahead
        blanked = [
            F.col(quoted(field.name)) if field.name in self._known else F.lit(None).cast(field.dataType)
            for field in self._rows.schema.fields
        ]
        named = [cells.alias(name) for cells, name in zip(blanked, self._rows.columns, strict=True)]
        return before.unionByName(ahead.select(*named)), ahead

    def _period(self, moment: datetime) -> int:
        return int(period_of(np.array([moment], "datetime64[s]"), self._frequency)[0])

    def _begin(self, period: int) -> Column:
        moment = moment_of(np.array([period]), self._frequency)[0]
        return F.lit(str(moment).replace("T", " ")).cast("timestamp_ntz")


def _forecaster_in(estimator: Any) -> StepcastForecaster:
    found: list[StepcastForecaster]
    found = [stage for stage in nested_stages(estimator) if isinstance(stage, StepcastForecaster)]
    if len(found) != 1:
        raise ConnectorError(
            f"the estimator has {len(found)} StepcastForecasters: give one, or a Pipeline that ends in one"
        )
    return found[0]


class _Reader(MLReader[Any]):
    """Reads a validator of ``kind``, which Spark's writer wrote: its own reader makes one of Spark's kind."""

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self._kind = kind

    def load(self, path: str) -> Any:
        metadata = DefaultParamsReader.loadMetadata(path, self.sparkSession)
        as_python = {**metadata, "class": "pyspark.ml.tuning"}  # by the name it tells files of Scala apart
        _, estimator, evaluator, grid = _ValidatorSharedReadWrite.load(path, self.sparkSession, as_python)
        made = self._kind(estimator=estimator, estimatorParamMaps=grid, evaluator=evaluator)
        made._resetUid(metadata["uid"])
        DefaultParamsReader.getAndSetParams(made, metadata, skipParams=["estimatorParamMaps"])
        return made
