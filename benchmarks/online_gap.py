"""What retraining learns between origins that online learning does not: parts of it, exchanged one by one.

    python benchmarks/online_gap.py [--data FOLDER] [--only covid_deaths] [--sample 100]

Every line is the loss on all windows of benchmarks/online.py, relative to retraining at every origin. First,
retraining where one part stays as it was learned at the first origin; then what was learned at the first
origin, with one part from retraining; then online learning where items do not learn together, which is what
benchmarks/online.py measures.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from accuracy_suite import read_suite, task_of
from online import END, ORIGINS, ROOT, Stream, coverage, losses, stream_of

from stepcast.engine import online
from stepcast.engine.auto import fit_shared, forecast, train
from stepcast.engine.auto.shared import Shared

PARTS = {
    "trees": ("trees",),
    "shares and factors of the calibration": ("calibration",),
    "weights and errors of the panel": ("prior",),
    "ridges": ("before", "after"),
    "trees and calibration": ("trees", "calibration"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "accuracy")
    parser.add_argument("--only", default="covid_deaths", help="names of tasks, with commas between")
    parser.add_argument("--sample", type=int, default=100, help="at most about so many items of a task")
    asked = parser.parse_args()
    if not (asked.data / "suite.csv").exists():
        print(f"skipped: there is no accuracy suite in {asked.data}")
        return 0
    tasks = {str(row["name"]): task_of(row) for row in read_suite(asked.data)[0]}
    for name in asked.only.split(","):
        one_task(stream_of(asked.data, tasks[name], asked.sample, *ORIGINS[name]))
    return 0


def one_task(stream: Stream) -> None:
    shared = [fit_shared(stream.panel(back), stream.wanted) for back in stream.backs]
    first, actual = shared[0], stream.actual()
    usual = by_origin(retrained(stream, lambda origin: shared[origin]), actual)
    print(f"{stream.task.name}, {len(stream.values)} items{'':26} ratio cov80  by origin", flush=True)

    def show(label: str, made: np.ndarray) -> None:
        found = by_origin(made, actual)
        each = " ".join(f"{ratio:.2f}" for ratio in found / usual)
        print(
            f"  {label:48} {found.sum() / usual.sum():.3f} {coverage(made, actual):.3f}  {each}", flush=True
        )

    show("retrained, nothing that is shared", retrained(stream, lambda _: first))
    for label, names in PARTS.items():
        show(f"retrained, but {label}", retrained(stream, lambda n, own=names: mixed(shared[n], first, own)))
    for label, names in PARTS.items():
        show(f"only {label}", retrained(stream, lambda n, own=names: mixed(first, shared[n], own)))
    show("every item examined again, nothing shared", started_again(stream, lambda _: first))
    show("online, each item alone", learned(stream, first))


def mixed(shared: Shared, other: Shared, names: tuple[str, ...]) -> Shared:
    """``shared`` with the parts ``names`` of the ``other``."""
    return replace(
        shared, final=replace(shared.final, **{name: getattr(other.final, name) for name in names})
    )


def by_origin(made: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """Losses (origins,), of all items."""
    return np.array([losses(made[n : n + 1], actual[n : n + 1]).sum() for n in range(len(made))])


def retrained(stream: Stream, shared_at: Callable[[int], Shared]) -> np.ndarray:
    """Forecasts (origins, items, horizon, quantiles) of items that are trained at every origin."""
    made = []
    for origin, back in enumerate(stream.backs):
        panel = stream.panel(back)
        made.append(forecast(panel, stream.wanted, train(panel, stream.wanted, shared_at(origin))).values)
    return np.stack(made)


def started_again(stream: Stream, shared_at: Callable[[int], Shared]) -> np.ndarray:
    """The same of states that start at every origin."""
    return np.stack(
        [
            online.forecast(online.start(stream.panel(back), stream.wanted, shared_at(origin)))
            for origin, back in enumerate(stream.backs)
        ]
    )


def learned(stream: Stream, shared: Shared) -> np.ndarray:
    """The same of one state that is told of every observation."""
    items = np.arange(len(stream.values))
    state = online.start(stream.panel(stream.backs[0]), stream.wanted, shared)
    made = [online.forecast(state)]
    for before, back in pairwise(stream.backs):
        count = before - back
        told = np.stack([values[len(values) - before :][:count] for values in stream.values], axis=1)
        periods = np.repeat(END - before + 1 + np.arange(count), len(items))
        online.update(state, np.tile(items, count), periods, told.ravel())
        made.append(online.forecast(state))
    return np.stack(made)


if __name__ == "__main__":
    raise SystemExit(main())
