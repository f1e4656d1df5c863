"""How long many series take, and what they cost, on Step Functions and on Spark: a simulation, not a run.

python benchmarks/scale.py [--cpu-ms 2.9] [--seed 1]

A task trains and forecasts some series. Its CPU is ``--cpu-ms`` a series (benchmarks/speed.py measures 2.9
for short monthly ones, benchmarks/spark.py what Spark adds) times a lognormal factor; one in a hundred
holds series fifty times as long, one in fifty runs on a machine three times as slow, and one in two hundred
is lost half-way and begins again. Tasks begin in order, each on the slot that is free first. On Spark they
come in waves that fit the driver's memory, eight at a time; with ``speculation`` (spark.speculation), what
runs longer than three medians is begun once more on another machine, and the first that ends counts.

What one function or the driver does alone, import, FitShared and Export, is not in it: see
docs/explanation/scale.md. Prices are list prices of US East in USD, which change: check yours.
"""

import argparse
import heapq
import sys
from dataclasses import dataclass

import numpy as np

GB_SECOND = 0.0000166667  # Lambda
TRANSITION = 0.025 / 1_000  # Step Functions, Standard; a child execution of a Map has three
GB = 2.048  # TrainPredictorFunction's and ForecastFunction's MemorySize
VCPU_HOUR, GB_HOUR, EMR_GB = 0.052624, 0.0057785, 4  # EMR Serverless; memory of a worker for each vCPU
START = 4.0  # seconds that a new Lambda environment takes to import the engine
LAMBDA_SHARD, SPARK_TASK, SLOTS = 500, 250, 1_000  # series, series, cores
AT_ONCE, PART_OF_DRIVER, SERIES_BYTES = 8, 96, 800  # waves of StepcastForecaster; 100 values
SPREAD, LONG, LONGER, SLOW, SLOWER, LOST = 0.3, 0.01, 50, 0.02, 3.0, 0.005


@dataclass(frozen=True)
class Plan:
    """``paid`` CPU seconds, busy or idle, until ``done``; ``slots`` run at a time."""

    name: str
    slots: int
    done: float
    paid: float
    cost: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cpu-ms", type=float, default=2.9, help="of one core, a series")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(f"{asked.cpu_ms:g} ms of CPU a series")
    print(f"{'series':>12} {'plan':<38} {'slots':>6} {'hours':>8} {'busy':>6} {'USD a million':>14}")
    for series in (1_000_000, 10_000_000, 100_000_000):
        draw = np.random.default_rng(asked.seed)
        ideal = series * asked.cpu_ms / 1000
        for plan in (
            *(step_functions(draw, series, asked.cpu_ms, slots) for slots in (100, 1_000)),
            *(spark(draw, series, asked.cpu_ms, driver, duplicates=False) for driver in (1, 16)),
            spark(draw, series, asked.cpu_ms, 16, duplicates=True),
        ):
            print(
                f"{series:12,} {plan.name:<38} {plan.slots:6,} {plan.done / 3600:8.2f} "
                f"{ideal / plan.paid:6.0%} {plan.cost * 1e6 / series:14.2f}"
            )
    return 0


def step_functions(draw: np.random.Generator, series: int, cpu_ms: float, slots: int) -> Plan:
    """Two Maps, of which the second, which forecasts from what was trained, costs little but its calls."""
    shards = -(-series // LAMBDA_SHARD)
    seconds, slow = tasks(draw, shards, LAMBDA_SHARD * cpu_ms / 1000)
    ends, busy = scheduled(seconds * slow, slots)
    warm = min(slots, shards) * START
    paid = busy + warm
    calls = shards * 2
    cost = paid * GB * GB_SECOND + calls * 3 * TRANSITION
    return Plan("Step Functions", slots, ends + START, paid, cost)


def spark(draw: np.random.Generator, series: int, cpu_ms: float, driver: float, *, duplicates: bool) -> Plan:
    """All slots are paid for until the last task ends. A wave begins when one before it has ended."""
    count = -(-series // SPARK_TASK)
    seconds, slow = tasks(draw, count, SPARK_TASK * cpu_ms / 1000)
    # A second copy begins after three medians and runs on a usual machine: it may end before a slow one, but
    # what is long stays long.
    late = 3 * float(np.median(seconds)) if duplicates else np.inf
    copied = duplicates & (seconds * slow > late)
    taken = np.where(copied, np.minimum(seconds * slow, late + seconds), seconds * slow)
    wave = int(driver * 2**30 / PART_OF_DRIVER / (SPARK_TASK * SERIES_BYTES))
    free, running, twice = [0.0] * SLOTS, [0.0] * AT_ONCE, float((taken - late)[copied].sum())
    for begin in range(0, count, wave):
        may_begin, last = running[0], 0.0
        for one in taken[begin : begin + wave].tolist():
            end = max(free[0], may_begin) + one
            heapq.heapreplace(free, end)
            last = max(last, end)
        heapq.heapreplace(running, last)
    done = max(running) + twice / SLOTS
    paid = done * SLOTS
    name = f"Spark, driver of {driver:g} GB" + (", speculation" if duplicates else "")
    return Plan(name, SLOTS, done, paid, paid / 3600 * (VCPU_HOUR + EMR_GB * GB_HOUR))


def tasks(draw: np.random.Generator, count: int, mean: float) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of each task on a usual machine, with those that were lost, and how much slower its own is."""
    spread = draw.lognormal(-(SPREAD**2) / 2, SPREAD, count)
    long = np.where(draw.random(count) < LONG, LONGER, 1.0)
    lost = np.where(draw.random(count) < LOST, 1.5, 1.0)
    usual = mean / (1 + LONG * (LONGER - 1))  # so that the mean is that of the measured CPU
    return usual * spread * long * lost, np.where(draw.random(count) < SLOW, SLOWER, 1.0)


def scheduled(seconds: np.ndarray, slots: int) -> tuple[float, float]:
    """When the last of the tasks ends, and how long all slots were busy."""
    free = [0.0] * min(slots, len(seconds))
    for one in seconds.tolist():
        heapq.heapreplace(free, free[0] + one)
    return max(free), float(seconds.sum())


if __name__ == "__main__":
    sys.exit(main())
