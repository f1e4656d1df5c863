"""Shards of series on executors: trained, forecast and backtested there, back as Parquet files."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from stepcast import engine
from stepcast.api.document import Columns
from stepcast.api.fitted import Fitted
from stepcast.api.imported import Imported
from stepcast.api.results import backtest_table, forecast_table
from stepcast.connect.errors import ConnectorError
from stepcast.connect.spark.waves import Job, cores_of, in_waves, room_of, rows_of
from stepcast.engine.accuracy import Sums
from stepcast.engine.arrays import Floats
from stepcast.engine.errors import ForecastingError
from stepcast.engine.losses import seasonal_error
from stepcast.engine.panel import Panel
from stepcast.engine.seasonality import usable_season
from stepcast.pipeline.backtest_files import ShardBacktest
from stepcast.pipeline.csv_files import parquet_bytes, read_parquet
from stepcast.pipeline.internal_errors import DEFECTS, each_series, internal
from stepcast.pipeline.params import Params
from stepcast.pipeline.shards import Shard, read_shard, write_shard
from stepcast.pipeline.task import task_of

__all__ = ["BACKTEST", "FORECAST", "LEADERBOARD", "TABLES", "ShardResult", "results_of", "table_of"]

# Series in a task, at most. Starting a task, and a pass of the AutoPredictor over a panel, cost what tens of
# series do: tasks are the import's shards where these keep all cores busy. Some algorithms by name take
# seconds for a series.
WHOLE, PART, PART_BY_NAME = 500, 250, 64
SHARDS_OF_A_CORE = 4
TABLES = FORECAST, BACKTEST, LEADERBOARD = "forecast", "backtest", "leaderboard"
SCHEMA = "part int, forecast binary, backtest binary, leaderboard binary, sums string, error string"
MICROSECONDS = pa.timestamp("us")  # Spark's


@dataclass(frozen=True)
class ShardResult:
    """Parquet files by what they hold, and the backtest's sums by model."""

    files: Mapping[str, bytes]
    sums: Mapping[str, Sums]


def results_of(
    spark: SparkSession,
    imported: Imported,
    shared: bytes,
    columns: Columns,
    scale: str,
    least: int,
) -> Iterator[ShardResult]:
    """The results of all shards, in their order, by waves that fit the memory of Spark's driver.

    ``scale``  the column for MASE's denominator, or "".
    ``least``  tasks, as far as there are so many series; 0 chooses.

    Raises ConnectorError with the engine's reason where a series cannot be forecast at all.
    """
    job = _job(imported.params.model_dump_json(by_alias=True), shared, columns, scale)

    def run(wave: list[bytes]) -> list[ShardResult]:
        found = {row["part"]: row for row in rows_of(spark, wave, job, SCHEMA)}
        return [_checked(found[number]) for number in range(len(wave))]

    most = _most(imported, least, cores_of(spark))
    for results in in_waves(spark, _waves(imported, most, room_of(spark)), run):
        yield from results


def _checked(row: Any) -> ShardResult:
    if row["error"] is not None:
        raise ConnectorError(row["error"])
    sums = {name: _sums(known) for name, known in json.loads(row["sums"]).items()}
    return ShardResult({name: row[name] for name in TABLES}, sums)


def _most(imported: Imported, least: int, cores: int) -> int:
    """The series of a task, at most."""
    most = WHOLE if imported.count >= SHARDS_OF_A_CORE * cores else PART
    if imported.params.predictor.algorithm:
        most = PART_BY_NAME
    if least:
        series = sum(_series(imported.shard_bytes(number)) for number in range(imported.count))
        most = max(1, min(most, series // least))
    return most


def _series(shard: bytes) -> int:
    rows: int = pq.read_metadata(io.BytesIO(shard)).num_rows  # one each
    return rows


def _waves(imported: Imported, most: int, room: int) -> Iterator[list[bytes]]:
    """The shards in parts of ``most`` series, as many at a time as take ``room`` bytes."""
    task = imported.task
    values = task.horizon * (1 + 2 * task.windows) * len(task.outputs)  # of a series
    wave: list[bytes] = []
    size = back = 0
    for number in range(imported.count):
        for part in _parts(imported.shard_bytes(number), most):
            wave.append(part)
            size, back = size + len(part), back + values * _series(part)
            if size >= room or 8 * back >= room:
                yield wave
                wave, size, back = [], 0, 0
    if wave:
        yield wave


def _parts(body: bytes, most: int) -> Iterator[bytes]:
    """A shard, or several of about the same number of its series."""
    series = _series(body)
    if series <= most:
        yield body
        return
    shard = read_shard(body)
    for some in np.array_split(np.arange(series), -(-series // most)):
        places = some.tolist()
        sink = io.BytesIO()
        keys = tuple(shard.keys[place] for place in places)
        write_shard(sink, Shard(shard.key_names, keys, shard.panel.take(places)))
        yield sink.getvalue()


def _job(document: str, shared: bytes, columns: Columns, scale: str) -> Job:
    """What executors run: rows of a number and a shard in, results out."""

    def results(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        params = Params.model_validate_json(document)
        for batch in batches:
            for row in batch.to_pylist():
                yield pa.RecordBatch.from_pylist([_result(row, params, shared, columns, scale)], _SCHEMA)

    return results


_SCHEMA = pa.schema(
    [("part", pa.int32())]
    + [(name, pa.binary()) for name in TABLES]
    + [("sums", pa.string()), ("error", pa.string())]
)


def _result(
    row: Mapping[str, object], params: Params, shared: bytes, columns: Columns, scale: str
) -> dict[str, object]:
    """Of one part. What would fail again is told instead of raised: Spark would try it four times."""
    try:
        return {"part": row["part"], **_computed(read_shard(row["shard"]), params, shared, columns, scale)}  # type: ignore[arg-type]
    except (ForecastingError, *DEFECTS) as error:
        return {"part": row["part"], "error": str(internal(error, "Spark", None))}


def _computed(shard: Shard, params: Params, shared: bytes, columns: Columns, scale: str) -> dict[str, object]:
    task, panel = task_of(params), shard.panel
    trained = each_series(panel, lambda part: engine.train(part, task, shared))
    forecast = engine.forecast(panel, task, trained)
    fitted = Fitted(task, shared, (shard,), (trained,))
    ahead = _in_microseconds(forecast_table(fitted, (forecast,), columns), columns)
    if scale:
        ahead = ahead.append_column(scale, pa.array(np.repeat(_scales(panel), task.horizon)))
    board = ShardBacktest(shard, trained, forecast, params, task)
    return {
        FORECAST: parquet_bytes(ahead),
        BACKTEST: parquet_bytes(_in_microseconds(backtest_table(fitted, columns), columns)),
        LEADERBOARD: parquet_bytes(board.leaderboard()),
        "sums": json.dumps({name: asdict(sums) for name, sums in board.sums().items()}),
        "error": None,
    }


def _scales(panel: Panel) -> Floats:
    """MASE's denominator of each series, from its whole history."""
    return np.array(
        [
            seasonal_error(np.where(observed, values, np.nan), usable_season(panel.frequency, len(values)))
            for values, observed in zip(panel.values, panel.observed, strict=True)
        ],
        np.float64,
    )


def _in_microseconds(table: pa.Table, columns: Columns) -> pa.Table:
    place = table.column_names.index(columns.timestamp)
    return table.set_column(place, columns.timestamp, table.column(place).cast(MICROSECONDS))


def _sums(known: dict[str, object]) -> Sums:
    """Sums as JSON has them, with its lists as tuples again."""
    return Sums(**{name: tuple(one) if isinstance(one, list) else one for name, one in known.items()})  # type: ignore[arg-type]


def table_of(files: Iterable[bytes]) -> pa.Table:
    """The rows of Parquet files, in their order."""
    return pa.concat_tables([read_parquet(file) for file in files])
