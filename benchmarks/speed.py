"""How the AutoPredictor's cost grows with the number of series, and how much memory a worker takes.

python benchmarks/speed.py [--most N] [--horizon N]

Monthly series of a made-up shop (24 to 120 months: seasons, trends, counts, some sold now and then) go
through fit_shared once, then through train and forecast shard by shard, in shards of the pipeline's own
sizes. Every number of series runs in a fresh process, which makes one shard at a time as a worker reads it,
so that its peak is a worker's. CPU is that process's, in one thread, without importing and compiling. What
is learned once (``shared``) costs about the same from 1,000 series on; ``a series`` is what each shard adds,
``to 1,000`` that beside the same of 1,000 series, ``in all`` both together.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: what is measured is one core

import argparse
import multiprocessing
import resource
import sys
import time
from itertools import pairwise
from multiprocessing.connection import Connection

import numpy as np

from stepcast.engine.auto import fit_shared, forecast, train, warm_up
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel
from stepcast.engine.sampling import SAMPLE_SERIES, rank_of
from stepcast.engine.task import Task
from stepcast.pipeline.importing.target.plan import shard_starts

SIZES = (100, 1_000, 10_000, 100_000)
BESIDE = 1_000
END = 12 * 54 + 2
MONTHS = Frequency.parse("M")
SHORTEST, LONGEST = 24, 120


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="leave out larger numbers of series")
    parser.add_argument("--horizon", type=int, default=12)
    asked = parser.parse_args()
    print(
        f"{'series':>8} {'shared s':>9} {'CPU ms a series':>16} {'to 1,000':>9} {'in all ms':>10}"
        f" {'peak RSS MB':>12}",
        flush=True,
    )
    usual = float("nan")
    for count in (size for size in SIZES if size <= asked.most):
        shared, working, peak = in_own_process(count, asked.horizon)
        each, in_all = 1e3 * working / count, 1e3 * (shared + working) / count
        usual = each if count == BESIDE else usual
        beside = f"{each / usual:.2f}" if usual > 0 else "-"
        print(f"{count:8} {shared:9.2f} {each:16.2f} {beside:>9} {in_all:10.2f} {peak:12.0f}", flush=True)
    return 0


def in_own_process(count: int, horizon: int) -> tuple[float, float, float]:
    """CPU seconds of fit_shared and of all shards, and peak memory in MB, for ``count`` series."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=measure, args=(count, horizon, there))
    process.start()
    there.close()
    try:
        shared, seconds, peak = here.recv()
    finally:
        process.join()
    return shared, seconds, peak


def measure(count: int, horizon: int, answer: Connection) -> None:
    """Send what a process took."""
    task = Task(horizon, (0.1, 0.5, 0.9))
    warm_up()
    names = [f"item_{number:06}" for number in range(count)]
    lengths = np.array([length_of(number) for number in range(count)])
    chosen = sorted(sorted(range(count), key=lambda number: rank_of(names[number]))[:SAMPLE_SERIES])
    sample = panel_of(names, chosen)
    began = time.process_time()
    shared = fit_shared(sample, task)
    learning = time.process_time() - began
    working = 0.0
    for start, stop in pairwise([*shard_starts(lengths, slow=False).tolist(), count]):
        shard = panel_of(names, list(range(start, stop)))
        began = time.process_time()
        forecast(shard, task, train(shard, task, shared))
        working += time.process_time() - began
    unit = 1024 if sys.platform == "linux" else 1  # of ru_maxrss
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    answer.send((learning, working, peak))


def panel_of(names: list[str], numbers: list[int]) -> Panel:
    """The series of these numbers."""
    values = tuple(series(number) for number in numbers)
    seen = tuple(np.isfinite(one) for one in values)
    return Panel(tuple(names[number] for number in numbers), values, seen, END, MONTHS)


def length_of(number: int) -> int:
    return SHORTEST + number * 7919 % (LONGEST - SHORTEST + 1)


def series(number: int) -> np.ndarray:
    """Sales of one product: a third sold steadily, a third as counts, a third now and then."""
    draw = np.random.default_rng([1, number])
    time = np.arange(length_of(number))
    season = np.exp(0.3 * np.sin(2 * np.pi * (time + draw.integers(12)) / 12))
    trend = np.exp(draw.normal(0, 0.006) * time)
    size = float(draw.lognormal(3, 1))
    if number % 3 == 0:
        return size * season * trend * np.exp(draw.normal(0, 0.15, len(time)))
    if number % 3 == 1:
        return draw.poisson(size * season * trend).astype(float)
    return (draw.uniform(size=len(time)) < draw.uniform(0.1, 0.5)) * (1.0 + draw.poisson(2.0, len(time)))


if __name__ == "__main__":
    raise SystemExit(main())
