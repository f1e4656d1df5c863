"""The estimator: a DataFrame of rows in, a model with their forecast out."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyspark import keyword_only
from pyspark.ml import Estimator
from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from stepcast.api.document import FILES, TARGET, Columns, Settings, document_of
from stepcast.api.errors import InvalidInput, WrongFrame
from stepcast.api.fitted import learn
from stepcast.api.frequencies import frequency_of
from stepcast.api.imported import Imported
from stepcast.api.results import check_names
from stepcast.connect.spark import shard_results as parts
from stepcast.connect.spark.model import StepcastModel
from stepcast.connect.spark.random_folds import warn_of_random_folds
from stepcast.connect.spark.rows import metadata_rows, related_rows, target_rows, write_rows
from stepcast.connect.spark.stage_params import ForecasterParams
from stepcast.engine.accuracy import Sums
from stepcast.engine.sampling import Draw
from stepcast.pipeline.backtest_files import Scoreboard
from stepcast.pipeline.importing.columns.timestamp_formats import MOMENT

__all__ = ["StepcastForecaster"]

# Arguments of the import's messages, and the Params that stand for them here.
PARAMS = {"freq": "frequency"}
DRAFTED_FROM = 1_000  # rows


class StepcastForecaster(Estimator, ForecasterParams, DefaultParamsReadable, DefaultParamsWritable):
    """Quantile forecasts of many series: ``StepcastForecaster(horizon=28, frequency="D").fit(df)``.

    ``df`` has a row for each item and moment. Gaps, duplicates, frequencies and the end of the data are
    treated by the rules of the pipeline's import; see docs/how-to/spark.md for the Params.

    Further DataFrames, which are not saved with the estimator: ``setRelated`` for numbers of each item and
    moment, known ahead where they go on after the end; ``setMetadata`` for one row for each item. Without
    them, ``relatedCols`` and ``metadataCols`` are columns of ``df``.

    ``fit`` raises WrongFrame where a column is missing or of a wrong type, InvalidInput with every problem of
    Params and rows.
    """

    @keyword_only
    def __init__(
        self,
        *,
        horizon: int | None = None,
        frequency: str | None = None,
        quantiles: Any = None,
        mean: bool | None = None,
        algorithm: str | None = None,
        network: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        holidays: Any = None,
        fill: str | None = None,
        aggregation: str | None = None,
        windows: int | None = None,
        bounds: Any = None,
        itemCol: str | None = None,
        dimensionCols: Any = None,
        timestampCol: str | None = None,
        targetCol: str | None = None,
        relatedCols: Any = None,
        metadataCols: Any = None,
        shards: int | None = None,
        scaleCol: str | None = None,
        handleInvalid: str | None = None,
    ) -> None:
        super().__init__()
        self._set_defaults()
        self._related: DataFrame | None = None
        self._metadata: DataFrame | None = None
        self._set(**self._input_kwargs)

    def setRelated(self, df: DataFrame | None) -> Self:
        """Rows of ``relatedCols`` by item and timestamp, instead of those of the DataFrame that is fitted."""
        self._related = df
        return self

    def setMetadata(self, df: DataFrame | None) -> Self:
        """Rows of ``metadataCols`` by item; an item without a history is forecast like those it resembles."""
        self._metadata = df
        return self

    def _fit(self, dataset: DataFrame) -> StepcastModel:
        warn_of_random_folds(self)
        settings, columns = self.settings(), self.columns()
        with tempfile.TemporaryDirectory(prefix="stepcast-spark-") as folder:
            files = self._write(dataset, columns, Path(folder))
            timestamps = dataset.schema[columns.timestamp].dataType
            with _imported(settings, columns, files, timestamps) as imported:
                check_names(columns, imported.task)
                imported.warn()
                tables = self._computed(dataset.sparkSession, imported, columns)
        frames = {name: dataset.sparkSession.createDataFrame(table) for name, table in tables.items()}
        model: StepcastModel = self._copyValues(StepcastModel(frames, timestamps.simpleString()))
        return model

    def _computed(self, spark: SparkSession, imported: Imported, columns: Columns) -> dict[str, pa.Table]:
        """The model's tables: what is learned jointly is learned here, the rest on executors."""
        shared = learn((Draw.of(shard.panel) for shard in imported.shards()), imported.task)
        scale, least = self.getOrDefault(self.scaleCol), self.getOrDefault(self.shards)
        sums: dict[str, Sums] = {}
        files: dict[str, list[bytes]] = {name: [] for name in parts.TABLES}
        for result in parts.results_of(spark, imported, shared, columns, scale, least):
            sums = {name: sums[name] + own if name in sums else own for name, own in result.sums.items()}
            for name, file in result.files.items():
                files[name].append(file)
        tables = {name: parts.table_of(of_parts) for name, of_parts in files.items()}
        whole = Scoreboard(sums, imported.task, []).leaderboard(imported.params)
        board = pa.concat_tables([tables[parts.LEADERBOARD], whole])
        if not columns.item_id:
            board = board.drop_columns(["item_id"])
        known = columns.keys
        tables[parts.LEADERBOARD] = board.rename_columns([known.get(one, one) for one in board.column_names])
        return tables

    def _write(self, dataset: DataFrame, columns: Columns, folder: Path) -> dict[str, Path]:
        """The rows of all DataFrames as files of the import."""
        frames = {"df": target_rows(dataset, columns)}
        features = self.getOrDefault(self.relatedCols)
        attributes = self.getOrDefault(self.metadataCols)
        if self._related is not None and not features:
            own = {*columns.item_id, columns.timestamp}
            features = [name for name in self._related.columns if name not in own]
        if self._metadata is not None and not attributes:
            attributes = [name for name in self._metadata.columns if name not in columns.item_id]
        if features:
            frame = dataset if self._related is None else self._related
            frames["related"] = related_rows(frame, columns, features, "related")
        if attributes:
            frame = dataset if self._metadata is None else self._metadata
            if not columns.item_id:
                raise WrongFrame("metadata tells which items are alike: without itemCol there is only one")
            frames["metadata"] = metadata_rows(frame, columns, attributes, "metadata")
        files = {}
        for name, frame in frames.items():
            files[FILES[name]] = folder / f"{name}.parquet"
            write_rows(frame, files[FILES[name]], name)
        return files

    def settings(self) -> Settings:
        """The Params as ``stepcast.Forecaster`` calls them. ValueError where one is missing."""
        for param in (self.horizon, self.frequency):
            if not self.isDefined(param):
                raise ValueError(f"StepcastForecaster needs {param.name}: {param.doc}")
        value = self.getOrDefault
        return Settings(
            horizon=value(self.horizon),
            freq=frequency_of(value(self.frequency)),
            quantiles=tuple(value(self.quantiles)),
            mean=value(self.mean),
            algorithm=value(self.algorithm) or None,
            network=value(self.network) or None,
            parameters=value(self.parameters),
            holidays=tuple(value(self.holidays)),
            fill=value(self.fill),
            aggregation=value(self.aggregation),
            windows=value(self.windows),
            bounds=tuple(value(self.bounds)) or None,
        )


def _imported(
    settings: Settings, columns: Columns, files: Mapping[str, Path], timestamps: T.DataType
) -> Imported:
    try:
        if isinstance(timestamps, T.StringType):
            document = document_of(settings, columns, files)
        else:  # only text needs many rows, to find its format
            target = FILES["df"]
            document = document_of(settings, columns, {**files, target: _few_rows(files[target])})
            document["TimestampFormat"] = MOMENT
        return Imported(document, files, arguments=True)
    except InvalidInput as error:
        report = error.report
        report.problems[:] = [
            replace(one, path=PARAMS.get(one.path or "", one.path)) for one in report.problems
        ]
        raise


def _few_rows(path: Path) -> Path:
    """A file with the first rows that have a timestamp and a value; the same file where there are none."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(DRAFTED_FROM):
            number = batch[TARGET].cast(pa.float64())
            known = batch.filter(pc.and_(batch["timestamp"].is_valid(), pc.is_finite(number)))
            if len(known):
                folder = path.with_suffix(".first")
                folder.mkdir()
                pq.write_table(pa.Table.from_batches([known]), folder / path.name)  # datasets have its name
                return folder / path.name
    return path
