"""What Spark costs beside the engine in one process, in CPU and in memory.

python benchmarks/spark.py [--series 1500 10000] [--months 48] [--repeat 3] [--threads 1] [--plain] [--skewed]
python benchmarks/spark.py --memory 100000 [--months 48]

Made-up series are forecast by ``stepcast.Forecaster`` in one process, then by ``StepcastForecaster`` on two
executor threads of this machine (``--threads``), from the same rows; forecasts, backtests and leaderboards
are made by both, and the first two are compared bit for bit. CPU is all that any process used, Java's and
its Python workers' included, for a fit after a small one that started and warmed everything up. Of several
numbers of series, what a further series costs is told, too. ``--plain`` leaves Spark's settings alone;
without it they are those of docs/how-to/spark.md. Series are weekly, of 104 values; monthly with
``--months``. With ``--skewed``, they are hourly, of two days, and the first is 2,000 times as long.

``--memory`` only forecasts so many series, by Spark, and prints the peak of each of its processes instead:
its rows are made by the executors, as they would be read from a table.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: what is measured is one core

import numpy as np
import pyarrow as pa

import stepcast

WEEKS, HOURS, SKEW, WARMING = 104, 48, 2_000, 300
LAST = np.datetime64("2026-01-05", "us")
TICK = os.sysconf("SC_CLK_TCK")
SEEN: dict[int, int] = {}  # ticks of CPU, by process
KINDS: dict[int, str] = {}  # of processes
AS_DOCUMENTED = {
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
    "spark.python.daemon.module": "stepcast.connect.spark.daemon",
}


@dataclass(frozen=True)
class Kind:
    """Of series: a value every so many microseconds (or months), for so many periods."""

    frequency: str
    horizon: int
    periods: int

    @classmethod
    def of(cls, asked: argparse.Namespace) -> "Kind":
        if asked.skewed:
            return cls("H", 24, HOURS)
        return cls("M", 6, asked.months) if asked.months else cls("W", 8, WEEKS)

    def stamps(self, periods: int) -> np.ndarray:
        back = np.arange(-periods, 0)
        if self.frequency == "M":
            return (LAST.astype("datetime64[M]") + back).astype("datetime64[us]")
        return LAST + back * np.timedelta64(
            7 if self.frequency == "W" else 1, {"W": "D"}.get(self.frequency, "h")
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--series", type=int, nargs="+", default=[1_500])
    parser.add_argument("--months", type=int, default=0)
    parser.add_argument("--algorithm", default="", help="the AutoPredictor if left out")
    parser.add_argument("--repeat", type=int, default=1, help="in turn; the least of each counts")
    parser.add_argument("--threads", type=int, default=2, help="of executors; 1 as the other process has")
    parser.add_argument("--plain", action="store_true")
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
        begun = used()
        spark = session(Path(folder), {} if asked.plain else AS_DOCUMENTED, asked.threads)
        try:
            if asked.memory:
                return memory(spark, asked.memory, Kind.of(asked), asked.algorithm)
            return cpu(spark, asked, Path(folder), begun)
        finally:
            spark.stop()


def session(folder: Path, settings: dict[str, str], threads: int = 2):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{threads}]")
    for name, value in {
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(folder),
        "spark.network.timeout": "900s",
        "spark.executor.heartbeatInterval": "60s",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **settings,
    }.items():
        builder = builder.config(name, value)
    made = builder.getOrCreate()
    made.sparkContext.setLogLevel("ERROR")
    return made


def cpu(spark, asked: argparse.Namespace, folder: Path, begun: float) -> int:
    from stepcast.connect.spark import StepcastForecaster

    kind = Kind.of(asked)
    alone = stepcast.Forecaster(kind.horizon, kind.frequency, algorithm=asked.algorithm or None, fill="nan")
    on_spark = StepcastForecaster(horizon=kind.horizon, frequency=kind.frequency, algorithm=asked.algorithm)
    few = rows(WARMING, kind, skewed=False)
    on_spark.fit(spark.createDataFrame(few)).forecasts().count()
    print(f"Spark's start and a first fit of {WARMING} series: {used() - begun:.1f} s of CPU")
    alone.fit(few).leaderboard()
    found: list[tuple[int, float, float]] = []
    differ = False
    print(f"{'series':>8} {'rows':>10} {'one process':>15} {'Spark':>15} {'ratio':>6}  results")
    for number in asked.series:
        table = rows(number, kind, skewed=asked.skewed)
        spark.createDataFrame(table).write.mode("overwrite").parquet(f"{folder}/rows-{number}")
        frame = spark.read.parquet(f"{folder}/rows-{number}")
        one = many = wall = float("inf")
        for _ in range(asked.repeat):
            since = used()
            expected = [alone.fit(table).predict(), alone.backtest(), alone.leaderboard()]
            one, since, begun = min(one, used() - since), used(), time.perf_counter()
            before = by_kind()
            model = on_spark.fit(frame)
            made = [part.toArrow() for part in (model.forecasts(), model.backtest(), model.leaderboard())]
            if (taken := used() - since) < many:
                many, parts = taken, {kind: spent - before[kind] for kind, spent in by_kind().items()}
            wall = min(wall, time.perf_counter() - begun)
        same = all(ordered(ours) == ordered(theirs) for ours, theirs in zip(made[:2], expected, strict=False))
        differ |= not same
        found.append((number, one, many))
        print(
            f"{number:8,} {len(table):10,} {1000 * one / number:10.2f} ms/s. "
            f"{1000 * many / number:10.2f} ms/s. {many / one:6.2f}  {'equal' if same else 'DIFFER'} "
            f"({asked.algorithm or 'AutoPredictor'}{', skewed' if asked.skewed else ''}"
            f"{', plain' if asked.plain else ''}; Spark's wall {wall:.0f} s; of its CPU "
            + ", ".join(f"{kind} {1000 * spent / number:.2f} ms" for kind, spent in parts.items())
            + ")",
            flush=True,
        )
    for (fewer, one, many), (more, one_more, many_more) in pairwise(found):
        further = more - fewer
        of_one, of_many = (one_more - one) / further, (many_more - many) / further
        print(
            f"a further series, from {fewer:,} to {more:,}: {1000 * of_one:.2f} ms in one process, "
            f"{1000 * of_many:.2f} ms on Spark ({of_many / of_one:.2f}); "
            f"whatever their number: {one - fewer * of_one:.1f} s and {many - fewer * of_many:.1f} s"
        )
    return int(differ)


def rows(series: int, kind: Kind, *, skewed: bool) -> pa.Table:
    noise = np.random.default_rng(1)
    lengths = np.full(series, kind.periods)
    if skewed:
        lengths[0] *= SKEW
    stamps = kind.stamps(int(lengths.max()))
    numbers = np.repeat(np.arange(series), lengths)
    back = np.concatenate([np.arange(-length, 0) for length in lengths])
    season = {"W": 52, "M": 12, "H": 24}[kind.frequency]
    values = 50 + 20 * np.sin(2 * np.pi * back / season + numbers) + noise.normal(0, 5, len(back))
    items = pa.array([f"item {number:06}" for number in range(series)]).take(pa.array(numbers))
    return pa.table({"item_id": items, "timestamp": stamps[back], "target_value": values})


def ordered(table: pa.Table) -> list[list[object]]:
    table = table.set_column(
        table.column_names.index("timestamp"), "timestamp", table["timestamp"].cast(pa.timestamp("us"))
    )
    by_row = table.sort_by([(name, "ascending") for name in ("item_id", "timestamp")])
    return [by_row[name].to_pylist() for name in sorted(by_row.column_names)]


def memory(spark, series: int, kind: Kind, algorithm: str) -> int:
    from stepcast.connect.spark import StepcastForecaster

    stamps = {
        "W": "date_add(date'2024-01-01', cast(7 * w.id as int))",
        "M": "add_months(date'2020-01-01', cast(w.id as int))",
    }
    frame = spark.sql(
        f"select concat('item ', i.id) as item_id, {stamps[kind.frequency]} as timestamp,"
        " 50 + 20 * sin(w.id / 8 + i.id) + 5 * rand(1) as target_value"
        f" from range(0, {series}, 1, 16) i cross join range({kind.periods}) w"
    )
    since, begun = time.perf_counter(), used()
    model = StepcastForecaster(horizon=kind.horizon, frequency=kind.frequency, algorithm=algorithm).fit(frame)
    forecast = model.forecasts().count()
    cost, seconds = 1000 * (used() - begun) / series, time.perf_counter() - since
    print(
        f"{series:,} series of {kind.periods} values ({series * kind.periods:,} rows), "
        f"{algorithm or 'AutoPredictor'}: {forecast:,} moments forecast; {cost:.2f} ms of CPU a series, "
        f"{seconds:.0f} s; peaks in MB: "
        + ", ".join(f"{name} {size:,.0f}" for name, size in sorted(peaks(), reverse=True))
    )
    return 0


def peaks() -> Iterator[tuple[str, float]]:
    """The largest resident size, in MB, of the driver's Python, of Java and of each Python worker."""
    for pid in descendants():
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        peak = next((line for line in status.splitlines() if line.startswith("VmHWM")), None)
        if peak is not None:
            yield kind_of(pid), int(peak.split()[1]) / 1024


def kind_of(pid: int) -> str:
    """Of which kind a process is: Spark has one Java and one Python for the driver, and many workers."""
    if pid == os.getpid():
        return "driver's Python"
    try:
        java = "java" in Path(f"/proc/{pid}/cmdline").read_text().partition("\0")[0]
    except OSError:  # it has ended
        return KINDS.get(pid, "Python worker")
    return KINDS.setdefault(pid, "Java" if java else "Python worker")


def by_kind() -> dict[str, float]:
    """What ``used`` has seen, in seconds, by the kind of the process."""
    found = dict.fromkeys(("driver's Python", "Java", "Python worker"), 0.0)
    for pid, ticks in SEEN.items():
        found[kind_of(pid)] += ticks / TICK
    return found


def used() -> float:
    """CPU seconds of this process and all that descend from it, of those that ended, too.

    Spark ends idle workers after a minute, and their time is in nobody's account: what was last seen counts.
    """
    SEEN.update(descendants())
    return sum(SEEN.values()) / TICK


def descendants() -> dict[int, int]:
    """Ticks of CPU by process: this one, and all that descend from it."""
    table = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        table[int(path.parent.name)] = int(after[1]), sum(map(int, after[11:13]))
    ours, found = {os.getpid()}, 0
    while len(ours) > found:
        found = len(ours)
        ours |= {pid for pid, (parent, _) in table.items() if parent in ours}
    return {pid: table[pid][1] for pid in ours}


if __name__ == "__main__":
    sys.exit(main())
