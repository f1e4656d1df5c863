"""What is tuning worth? Default against tuned parameters, on the tuning window and on the window after it.

python benchmarks/tuning.py [--data FOLDER] [--only ALGORITHM,...] [--trials N]

Two tasks of the suite that accuracy.py measures: the last two windows of each item; the first of them is
tuned on, the second shows what is left of the gain. wQL is the mean over the quantiles .1, .5 and .9, over
all items of the sample; ratios below one are gains. CPU is of this process, all trials together.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: what is measured is one core

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from accuracy_suite import read_suite, task_of

from stepcast import engine
from stepcast.engine.accuracy import Sums
from stepcast.engine.calendar import period_of
from stepcast.engine.panel import Panel
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task
from stepcast.engine.tuning.ranges import default_ranges
from stepcast.engine.tuning.settings import TuningSettings
from stepcast.engine.tuning.study import tune

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Case:
    """``algorithm`` on about ``items`` items of a task, with so many ``trials``."""

    name: str
    algorithm: str
    items: int
    trials: int


CASES = (
    Case("m4_hourly", "NPTS", 100, 20),
    Case("hospital", "ETS", 60, 12),
    Case("hospital", "CNN-QR", 200, 6),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "accuracy")
    parser.add_argument("--only", help="algorithms, with commas between")
    parser.add_argument("--trials", type=int, help="instead of those of each case")
    asked = parser.parse_args()
    rows = {row["name"]: row for row in read_suite(asked.data)[0]}
    print(f"{'task':<10} {'algorithm':<9} {'items':>5} {'trials':>6} {'CPU s':>6}", end="  ")
    print(f"{'window':<7} {'default':>8} {'tuned':>8} {'ratio':>6}")
    for case in CASES:
        if asked.only is None or case.algorithm in asked.only.split(","):
            run(replace(case, trials=asked.trials or case.trials), asked.data, rows[case.name])


def run(case: Case, folder: Path, row: dict[str, object]) -> None:
    suite = task_of(row)
    panel = panel_of(folder / suite.file, suite.frequency, case.items)
    task = Task(horizon=suite.horizon, algorithm=case.algorithm, windows=2)
    ranges = default_ranges(case.algorithm, task.horizon, related=False, metadata=False)
    began = time.process_time()
    found = tune(panel, task, ranges, TuningSettings(trials=case.trials))
    seconds = time.process_time() - began
    before = scores(panel, task)
    after = scores(panel, replace(task, parameters=found.best.parameters))
    head = f"{case.name:<10} {case.algorithm:<9} {len(panel):>5} {len(found.trials):>6} {seconds:>6.0f}  "
    for place, (window, default, tuned) in enumerate(zip(("tuning", "later"), before, after, strict=True)):
        line = f"{window:<7} {default:>8.4f} {tuned:>8.4f} {tuned / default:>6.3f}"
        print((head if not place else " " * len(head)) + line, flush=True)
    chosen = ", ".join(f"{name} {value}" for name, value in found.best.parameters.items()) or "the default"
    print(f"{'':<10} trial {found.best.number}: {chosen}", flush=True)


def scores(panel: Panel, task: Task) -> list[float]:
    """Of the first window in time and of the one after it."""
    tested = engine.train(panel, task, engine.fit_shared(Draw.of(panel), task)).backtest
    return [
        Sums.of(
            tested.actual[:, place], tested.predicted[:, place, 0], task.outputs, tested.scale[:, place]
        ).metric(task.metric)
        for place in (1, 0)
    ]


def panel_of(path: Path, frequency: object, count: int) -> Panel:
    """About ``count`` of its items; those that end earlier than others are set to the same end."""
    rows = pd.read_parquet(path)
    rows["timestamp"] = pd.to_datetime(rows["timestamp"])
    items = [(str(item), group) for item, group in rows.groupby("item_id", sort=False)]
    items = items[:: max(1, len(items) // count)]
    values = tuple(group["target_value"].to_numpy(float, na_value=np.nan) for _, group in items)
    last = items[0][1]["timestamp"].to_numpy("datetime64[s]")[-1:]
    observed = tuple(np.isfinite(one) for one in values)
    return Panel(
        tuple(item for item, _ in items), values, observed, int(period_of(last, frequency)[0]), frequency
    )


if __name__ == "__main__":
    main()
