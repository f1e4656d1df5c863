"""The model: the forecast of the series that were fitted, joined to rows, saved as Parquet files."""

from collections.abc import Mapping

from pyspark.ml import Model
from pyspark.ml.util import (
    DefaultParamsReader,
    DefaultParamsWriter,
    MLReadable,
    MLReader,
    MLWritable,
    MLWriter,
)
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from stepcast.api.errors import WrongFrame
from stepcast.connect.spark.rows import moments, quoted
from stepcast.connect.spark.shard_results import BACKTEST, FORECAST, LEADERBOARD, TABLES
from stepcast.connect.spark.stage_params import SKIP, ForecasterParams

__all__ = ["StepcastModel"]

MOMENT_TEXT, DAY_TEXT = "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd"
JOINED = "__stepcast_moment"  # a column that no row has


class StepcastModel(Model, ForecasterParams, MLReadable, MLWritable):
    """What ``StepcastForecaster.fit`` returns. ``transform`` adds the forecast to rows.

    Rows of the horizon's periods get ``p10``, ``p50``, ``p90`` (those asked for) and ``mean``; all others
    (before, after or between periods, other items) are kept with null, or left out with
    ``handleInvalid="skip"``. No row is doubled.
    """

    def __init__(
        self, frames: Mapping[str, DataFrame] | None = None, timestamps: str = "timestamp_ntz"
    ) -> None:
        super().__init__()
        self._set_defaults()
        self._frames = dict(frames or {})
        self._timestamps = timestamps

    def forecasts(self) -> DataFrame:
        """One row for each series and moment of the horizon, with timestamps of the fitted rows' type."""
        return self._typed(self._frames[FORECAST])

    def backtest(self) -> DataFrame:
        """What would have been forecast for the last windows (1 is the latest), and the outcome."""
        return self._typed(self._frames[BACKTEST])

    def leaderboard(self) -> DataFrame:
        """Accuracy in the backtest: a row for each series, then one over all, beside SeasonalNaive's."""
        return self._frames[LEADERBOARD]

    def _transform(self, dataset: DataFrame) -> DataFrame:
        columns, forecasts = self.columns(), self._frames[FORECAST]
        keys = [*columns.item_id, columns.timestamp]
        added = [name for name in forecasts.columns if name not in keys]
        for name in keys:
            if name not in dataset.columns:
                raise WrongFrame(f"the rows have no column {name!r}; they have {', '.join(dataset.columns)}")
        if taken := [name for name in added if name in dataset.columns]:
            raise WrongFrame(f"the rows have columns that the forecast adds, {', '.join(taken)}: rename them")
        rows = dataset.withColumn(JOINED, moments(dataset, columns.timestamp)).alias("rows")
        ahead = forecasts.alias("ahead")
        same = _both("rows", JOINED) == _both("ahead", columns.timestamp)
        for name in columns.item_id:
            same &= _both("rows", name).cast("string") == _both("ahead", name)
        how = "inner" if self.getOrDefault(self.handleInvalid) == SKIP else "left"
        chosen = [_both("rows", name) for name in dataset.columns] + [_both("ahead", name) for name in added]
        return rows.join(ahead, same, how).select(*chosen)

    def _typed(self, frame: DataFrame) -> DataFrame:
        name = self.columns().timestamp
        if self._timestamps != "string":
            return frame.withColumn(name, F.col(quoted(name)).cast(self._timestamps))
        # Text in the form that the import reads: with a time of day if any moment has one.
        has_time = (
            frame.where(F.col(quoted(name)) != F.date_trunc("day", F.col(quoted(name)))).limit(1).count()
        )
        return frame.withColumn(
            name, F.date_format(F.col(quoted(name)), MOMENT_TEXT if has_time else DAY_TEXT)
        )

    def write(self) -> MLWriter:
        return _Writer(self)

    @classmethod
    def read(cls) -> "MLReader[StepcastModel]":
        return _Reader()


class _Writer(MLWriter):
    """Params as Spark writes them, and the tables as Parquet."""

    def __init__(self, model: StepcastModel) -> None:
        super().__init__()
        self._model = model

    def saveImpl(self, path: str) -> None:
        model, spark = self._model, self.sparkSession
        DefaultParamsWriter.saveMetadata(model, path, spark, {"timestamps": model._timestamps})
        for name, frame in model._frames.items():
            frame.write.parquet(f"{path}/{name}")


class _Reader(MLReader[StepcastModel]):
    def load(self, path: str) -> StepcastModel:
        spark = self.sparkSession
        metadata = DefaultParamsReader.loadMetadata(path, spark)
        frames = {name: spark.read.parquet(f"{path}/{name}") for name in TABLES}
        model = StepcastModel(frames, metadata["timestamps"])
        model._resetUid(metadata["uid"])
        DefaultParamsReader.getAndSetParams(model, metadata)
        return model


def _both(side: str, name: str) -> Column:
    return F.col(f"{side}.{quoted(name)}")
