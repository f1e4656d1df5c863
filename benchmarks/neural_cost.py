"""What training a network costs: CPU seconds and peak memory of FitShared, by the number of series.

    python benchmarks/neural_cost.py [--algorithms CNN-QR,Deep_AR_Plus,LSTM] [--series 300,20000]
                                     [--days 372] [--features 0] [--epochs N] [--horizon 30]

Daily sales with a week and noise, each size and algorithm in a process of its own; series come in parts of a
thousand, as from shards. The peak is the process's resident memory, JAX included; "before" is that of the
interpreter with the sample in memory and JAX not yet loaded. Without --epochs, training takes as long as it
takes by default.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: what is measured is one core

import argparse
import resource
import subprocess
import sys
import time

import numpy as np

from stepcast import engine
from stepcast.engine.frequency import Frequency
from stepcast.engine.neural import progress
from stepcast.engine.panel import Panel, Related
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

PART, END = 1_000, 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--algorithms", default="CNN-QR,Deep_AR_Plus,LSTM")
    parser.add_argument("--series", default="300,20000")
    parser.add_argument("--days", type=int, default=372)
    parser.add_argument("--features", type=int, default=0)
    parser.add_argument("--epochs", type=int, help="by default, as many as it takes")
    parser.add_argument("--horizon", type=int, default=30)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        one(asked)
        return
    print(f"{'':14} {'series':>7} {'epochs':>7} {'CPU s':>7} {'before':>8} {'peak MB':>8} {'weights kB':>11}")
    for algorithm in asked.algorithms.split(","):
        for series in asked.series.split(","):
            own = ["--one", "--algorithms", algorithm, "--series", series]
            subprocess.run([sys.executable, __file__, *sys.argv[1:], *own], check=True)


def one(asked: argparse.Namespace) -> None:
    """Measure in this process, which nothing else has used."""
    random = np.random.default_rng(0)
    count = int(asked.series)
    draw = Draw.of(panel_of(range(min(count, PART)), asked, random))
    for begin in range(PART, count, PART):
        draw += Draw.of(panel_of(range(begin, min(begin + PART, count)), asked, random))
    before = peak()
    parameters = {"epochs": str(asked.epochs)} if asked.epochs else {}
    epochs: list[progress.Epoch] = []
    began = time.process_time()
    with progress.listening(epochs.append):
        shared = engine.fit_shared(
            draw, Task(asked.horizon, algorithm=asked.algorithms, parameters=parameters)
        )
    seconds = time.process_time() - began
    print(
        f"{asked.algorithms:14} {count:7} {len(epochs):7} {seconds:7.1f} {before:8.0f} {peak():8.0f} "
        f"{len(shared) / 1e3:11.0f}",
        flush=True,
    )


def panel_of(numbers: range, asked: argparse.Namespace, random: np.random.Generator) -> Panel:
    days = np.arange(asked.days)
    values = tuple(
        random.lognormal(3, 1)
        * (1 + 0.3 * np.sin(2 * np.pi * (days + number) / 7) + random.normal(0, 0.1, asked.days))
        for number in numbers
    )
    related = None
    if asked.features:
        names = tuple(f"feature{number}" for number in range(asked.features))
        known = asked.days + asked.horizon
        related = Related(
            names, tuple(random.normal(size=(asked.features, known)) for _ in numbers), asked.horizon
        )
    observed = tuple(np.isfinite(one) for one in values)
    ids = tuple(f"item-{number}" for number in numbers)
    return Panel(ids, values, observed, END, Frequency.parse("D"), related)


def peak() -> float:
    """Megabytes of resident memory, at most, so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    main()
