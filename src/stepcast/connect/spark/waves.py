"""Work on shards of series by executors: a task each, as many at a time as Spark's driver has memory for."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import pyarrow as pa
from pyspark import inheritable_thread_target
from pyspark.errors import PySparkAttributeError
from pyspark.sql import SparkSession

__all__ = ["Job", "cores_of", "in_waves", "room_of", "rows_of"]

# Spark's driver holds the shards of a wave and its results, each several times over, and as many waves at a
# time: what comes later does not wait for the slowest series of what came before.
AT_ONCE, PART_OF_DRIVER = 8, 96
DRIVER_MEMORY = "1g"  # unless it is set
CORES = 16  # of a cluster behind Spark Connect, which tells its clients nothing of it

Job = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]
Wave = TypeVar("Wave")
Made = TypeVar("Made")


def in_waves(spark: SparkSession, waves: Iterable[Wave], work: Callable[[Wave], Made]) -> Iterator[Made]:
    """``work`` of each wave, in their order, several at a time; the first error ends it."""
    made: list[Future[Made]] = []
    running: set[Future[Made]] = set()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for wave in waves:
            if len(running) == AT_ONCE:
                ended, running = wait(running, return_when=FIRST_COMPLETED)
                for one in ended:
                    one.result()  # which may be an error
            made.append(pool.submit(inheritable_thread_target(spark)(work), wave))
            running.add(made[-1])
        for one in made:
            yield one.result()


def rows_of(spark: SparkSession, shards: list[bytes], job: Job, schema: str) -> list[Any]:
    """What ``job`` makes of rows with ``part``, from 0, and ``shard``: each is a task of its own."""
    numbers = pa.array(range(len(shards)), pa.int32())
    rows = spark.createDataFrame(pa.table({"part": numbers, "shard": pa.array(shards, pa.binary())}))
    # By hash, some tasks would be given several shards and others none. Spark 4.0 has no repartitionById.
    spread = getattr(rows, "repartitionById", rows.repartitionByRange)
    found: list[Any] = spread(len(shards), "part").mapInArrow(job, schema).collect()
    return found


def room_of(spark: SparkSession) -> int:
    """The bytes that the shards of a wave may take, and what is made of them."""
    return _bytes_of(spark.conf.get("spark.driver.memory", DRIVER_MEMORY)) // PART_OF_DRIVER


def cores_of(spark: SparkSession) -> int:
    """The cores of all executors, as far as Spark knows them now; a guess where a client is not told."""
    try:
        return int(spark.sparkContext.defaultParallelism)
    except PySparkAttributeError:
        return CORES


def _bytes_of(memory: str) -> int:
    """Of what Spark calls 512m or 4g."""
    units = {"k": 10, "m": 20, "g": 30, "t": 40}
    number, unit = memory.lower().rstrip("b"), 20
    if number[-1:] in units:
        number, unit = number[:-1], units[number[-1]]
    return int(number) << unit
