"""A run's TrainPredictor and Forecast on executors: the pipeline's own steps, for all of its shards.

Executors need no access to the bucket: the driver reads what the steps read, and writes what they wrote.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from stepcast.connect.spark.waves import Job, in_waves, room_of, rows_of
from stepcast.engine.errors import ForecastingError
from stepcast.engine.own_model.runtime import register
from stepcast.pipeline import layout, objects, shard_list
from stepcast.pipeline.errors import ResourceNotFoundException, StepcastError
from stepcast.pipeline.file_bucket import FileBucket
from stepcast.pipeline.run import Run, ShardRun
from stepcast.pipeline.steps.forecast import forecast
from stepcast.pipeline.steps.train_predictor import train_predictor
from stepcast.pipeline.task import shard_task

__all__ = ["StepFailed", "run_shards"]

SCHEMA = "key string, body binary, error string, cause string"
_SCHEMA = pa.schema(
    [("key", pa.string()), ("body", pa.binary()), ("error", pa.string()), ("cause", pa.string())]
)
SERIES = 500  # of a shard, at most


class StepFailed(Exception):
    """A step raised an error of this name, which another attempt would raise again."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(name, cause)
        self.name, self.cause = name, cause

    def __str__(self) -> str:
        return f"{self.name}: {self.cause}"


def run_shards(spark: SparkSession, run: Run, s3: Any) -> None:
    """Train and forecast every shard of the run; what the functions would write is in the bucket then.

    Raises StepFailed. Idempotent: repeating it writes the same objects.
    """
    common = _common(run, s3)

    def work(wave: list[tuple[int, bytes]]) -> None:
        numbers, shards = zip(*wave, strict=True)
        failed = None
        for row in rows_of(spark, list(shards), _job(run, common, numbers), SCHEMA):
            if row["error"] is not None:
                failed = failed or StepFailed(row["error"], row["cause"])
            else:
                objects.write(s3, run.bucket, row["key"], bytes(row["body"]))
        if failed is not None:
            raise failed

    for _ in in_waves(spark, _waves(run, s3, room_of(spark)), work):
        pass


def _common(run: Run, s3: Any) -> dict[str, bytes]:
    """The objects, by key, that the steps read beside the shard."""
    keys = [layout.frozen_params(run.work), layout.tuned(run.work), layout.shared(run.work)]
    keys.append(layout.resource("predictor", run.name_of(run.params(s3).predictor.predictor_name)))
    found = {}
    for key in keys:
        try:
            found[key] = objects.read(s3, run.bucket, key)
        except ResourceNotFoundException:
            continue  # nothing was tuned, or nothing is learned jointly
    return found


def _waves(run: Run, s3: Any, room: int) -> Iterator[list[tuple[int, bytes]]]:
    """Numbers and files of shards, as many at a time as take ``room`` bytes, with what is made of them."""
    task = shard_task(run.params(s3))
    made = 8 * SERIES * task.horizon * (1 + 2 * task.windows) * len(task.outputs)
    wave: list[tuple[int, bytes]] = []
    size = 0
    for number in shard_list.all_shards(s3, run.bucket, run.work):
        shard = objects.read(s3, run.bucket, layout.shard(run.work, number))
        wave.append((number, shard))
        size += max(len(shard), made)
        if size >= room:
            yield wave
            wave, size = [], 0
    if wave:
        yield wave


def _job(run: Run, common: Mapping[str, bytes], numbers: Sequence[int]) -> Job:
    """What executors run, for a wave of the shards with these numbers."""

    def results(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # As functions/train_predictor does it; a connector imports no other.
        register("Keras", "stepcast.connect.keras.runtime")
        for batch in batches:
            for row in batch.to_pylist():
                shard = ShardRun(**run.model_dump(), shard=numbers[row["part"]])
                for made in _results(shard, row["shard"], common):
                    yield pa.RecordBatch.from_pylist([made], _SCHEMA)

    return results


def _results(run: ShardRun, shard: bytes, common: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
    """The objects that the steps write for one shard, and the error that ended them."""
    given = {**common, layout.shard(run.work, run.shard): shard}
    failed = None
    with tempfile.TemporaryDirectory(prefix="stepcast-spark-") as folder:
        bucket = FileBucket({}, Path(folder))
        for key, body in given.items():
            bucket.put_object(Key=key, Body=body)
        try:
            forecast(train_predictor(run, s3=bucket), s3=bucket)
        except (ForecastingError, StepcastError) as error:  # Spark would try it four times
            failed = error
        for key in objects.keys(bucket, "", ""):
            body = objects.read(bucket, "", key)
            if body != given.get(key):
                yield {"key": key, "body": body}
    if failed is not None:
        yield {"error": type(failed).__name__, "cause": str(failed)}
