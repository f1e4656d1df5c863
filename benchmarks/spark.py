"""What Spark costs beside the engine in one process, in CPU and in memory.

python benchmarks/spark.py [--series 1000] [--periods 104] [--skewed] [--algorithm NAME] [--memory SERIES]

Made-up weekly series are forecast by ``stepcast.Forecaster`` in one process, then by ``StepcastForecaster``
on two executor threads of this machine, from the same rows; forecasts are compared bit for bit. CPU is all
that any process used, Java's and its Python workers' included, for a second fit after one that started and
warmed everything up. With ``--skewed``, one series in a hundred is fifty times as long as the others.
``--memory`` forecasts so many series and prints the peak of the driver's process instead: its rows are made
by the executors, as they would be read from a table.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: what is measured is one core

import numpy as np
import pyarrow as pa

import stepcast

SHORT, SKEW, EVERY = 104, 50, 100
TICK = os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--periods", type=int, default=SHORT)
    parser.add_argument("--horizon", type=int, default=8)
    parser.add_argument("--algorithm", default="", help="the AutoPredictor if left out")
    parser.add_argument("--skewed", action="store_true")
    parser.add_argument("--memory", type=int, metavar="SERIES")
    asked = parser.parse_args()
    sys.path += [os.environ["SPARK_PACKAGES"]] if "SPARK_PACKAGES" in os.environ else []
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [os.environ.get("SPARK_PACKAGES"), os.environ.get("PYTHONPATH")])
    )
    with tempfile.TemporaryDirectory() as folder:
        spark = session(Path(folder), "4g" if asked.memory else "1g")
        try:
            return memory(spark, asked) if asked.memory else cpu(spark, asked, Path(folder))
        finally:
            spark.stop()


def session(folder: Path, heap: str):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]")
    for name, value in {
        "spark.driver.memory": heap,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC",
        "spark.local.dir": str(folder),
        "spark.network.timeout": "900s",
        "spark.executor.heartbeatInterval": "60s",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }.items():
        builder = builder.config(name, value)
    made = builder.getOrCreate()
    made.sparkContext.setLogLevel("ERROR")
    return made


def cpu(spark, asked: argparse.Namespace, folder: Path) -> int:
    from stepcast.connect.spark import StepcastForecaster

    table = rows(asked)
    alone = stepcast.Forecaster(asked.horizon, "W", algorithm=asked.algorithm or None, fill="nan")
    on_spark = StepcastForecaster(horizon=asked.horizon, frequency="W", algorithm=asked.algorithm)
    spark.createDataFrame(table).write.parquet(f"{folder}/rows")
    frame = spark.read.parquet(f"{folder}/rows")
    few = pa.compute.starts_with(table["item_id"], "item 00")
    alone.fit(table.filter(few))  # compiles, imports
    for _ in range(2):  # Java compiles what is used often
        on_spark.fit(frame.where("item_id like 'item 00%'")).forecasts().count()
    begun = used()
    expected = alone.fit(table).predict()
    one = used() - begun
    begun, since = used(), time.perf_counter()
    made = on_spark.fit(frame).forecasts().orderBy("item_id", "timestamp").toArrow()
    many, wall = used() - begun, time.perf_counter() - since
    expected = expected.sort_by([("item_id", "ascending"), ("timestamp", "ascending")])
    same = all(made[name].to_pylist() == expected[name].to_pylist() for name in ("p10", "p50", "p90"))
    print(f"{'series':>8} {'rows':>10} {'one process':>14} {'Spark':>14} {'ratio':>6}  {'forecasts':<9}")
    print(
        f"{asked.series:8,} {len(table):10,} {1000 * one / asked.series:9.2f} ms/s. "
        f"{1000 * many / asked.series:9.2f} ms/s. {many / one:6.2f}  {'equal' if same else 'DIFFER':<9} "
        f"({asked.algorithm or 'AutoPredictor'}{', skewed' if asked.skewed else ''}; CPU of all processes; "
        f"Spark's wall {wall:.0f} s)"
    )
    return 0 if same else 1


def rows(asked: argparse.Namespace) -> pa.Table:
    noise = np.random.default_rng(1)
    parts = []
    for number in range(asked.series):
        long = asked.skewed and number % EVERY == 0
        weeks = np.arange(-asked.periods * (SKEW if long else 1), 0)
        values = 50 + 20 * np.sin(2 * np.pi * weeks / 52 + number) + noise.normal(0, 5, len(weeks))
        stamps = np.datetime64("2026-01-05", "us") + 7 * weeks * np.timedelta64(1, "D")
        items = pa.array([f"item {number:05}"]).take(pa.array(np.zeros(len(weeks), np.int32)))
        parts.append(pa.table({"item_id": items, "timestamp": stamps, "target_value": values}))
    return pa.concat_tables(parts).combine_chunks()


def memory(spark, asked: argparse.Namespace) -> int:
    from stepcast.connect.spark import StepcastForecaster

    frame = spark.sql(
        "select concat('item ', i.id) as item_id,"
        " date_add(date'2024-01-01', cast(7 * w.id as int)) as timestamp,"
        " 50 + 20 * sin(w.id / 8 + i.id) + 5 * rand(1) as target_value"
        f" from range(0, {asked.memory}, 1, 16) i cross join range({asked.periods}) w"
    )
    before = peak()
    since, begun = time.perf_counter(), used()
    model = StepcastForecaster(horizon=asked.horizon, frequency="W", algorithm=asked.algorithm).fit(frame)
    forecast = model.forecasts().count()
    cost, seconds = 1000 * (used() - begun) / asked.memory, time.perf_counter() - since
    print(
        f"{asked.memory:,} series of {asked.periods} weeks ({asked.memory * asked.periods:,} rows), "
        f"{asked.algorithm or 'AutoPredictor'}: {forecast:,} moments forecast; the driver's Python peaked at "
        f"{peak():,.0f} MB (before: {before:,.0f} MB); {cost:.2f} ms of CPU a series, {seconds:.0f} s"
    )
    return 0


def peak() -> float:
    """Of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def used() -> float:
    """CPU seconds of this process and all that descend from it, those that ended included."""
    table = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        table[int(path.parent.name)] = int(after[1]), sum(map(int, after[11:15]))
    ours, found = {os.getpid()}, 0
    while len(ours) > found:
        found = len(ours)
        ours |= {pid for pid, (parent, _) in table.items() if parent in ours}
    return sum(table[pid][1] for pid in ours) / TICK


if __name__ == "__main__":
    sys.exit(main())
