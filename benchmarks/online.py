"""Going on from observation to observation, beside training anew at every origin: accuracy and CPU.

    python benchmarks/online.py [--data FOLDER] [--only a,b] [--sample 100]

The hourly and daily tasks of the accuracy suite (accuracy_suite.py says what it is). Retraining learns from
the panel's sample and trains and forecasts every item at every origin; online starts once, at the first
origin, is told of every observation after that, and lets items learn together before it forecasts. Both
are scored on the same windows of one horizon. The
first ratio is of wQL pooled over all items, in which the largest count most; the second is the geometric mean
of the items' own ratios. CPU is milliseconds an item and origin: of retraining all steps; of online all
updates since the origin before, what is learned together, and the forecast; us/obs is that by observation.
The start, once, is printed by itself.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: what is measured is one core

import argparse
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from accuracy_suite import QUANTILES, SuiteTask, load, read_suite, task_of

from stepcast.engine import online
from stepcast.engine.auto import fit_shared, forecast, train, warm_up
from stepcast.engine.losses import pinball_loss
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task

ROOT = Path(__file__).parents[1]
# Origins of a task and how many observations lie between two of them.
ORIGINS = {
    "m4_hourly": (8, 24),
    "covid_deaths": (8, 10),
    "us_births_daily": (20, 30),
    "saugeen_daily": (20, 30),
}
LINE = "{:24} {:7} {:>8} {:>7} {:>9} {:>7} {:>7} {:>10} {:>8}"


@dataclass(frozen=True)
class Stream:
    """Items that end together, of which the last ``reserved`` values are told one after the other."""

    task: SuiteTask
    values: list[np.ndarray]
    origins: int
    step: int

    @property
    def wanted(self) -> Task:
        return Task(self.task.horizon, QUANTILES)

    @property
    def backs(self) -> list[int]:
        """How many values before the end each origin lies."""
        last = self.task.horizon
        return [last + place * self.step for place in range(self.origins - 1, -1, -1)]

    def panel(self, back: int) -> Panel:
        known = tuple(values[: len(values) - back] for values in self.values)
        ids = tuple(str(place) for place in range(len(known)))
        return Panel(ids, known, tuple(map(np.isfinite, known)), END - back, self.task.frequency)

    def actual(self) -> np.ndarray:
        """What came (origins, items, horizon)."""
        return np.stack(
            [
                np.stack([values[len(values) - back :][: self.task.horizon] for values in self.values])
                for back in self.backs
            ]
        )


A_FEW = 12  # items, of which trees are grown
END = 100_000  # the number of the last period, where it does not matter which it is


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "accuracy")
    parser.add_argument("--only", help="names of tasks, with commas between")
    parser.add_argument("--sample", type=int, default=100, help="at most about so many items of a task")
    asked = parser.parse_args()
    if not (asked.data / "suite.csv").exists():
        print(f"skipped: there is no accuracy suite in {asked.data}")
        return 0
    rows, _ = read_suite(asked.data)
    tasks = {str(row["name"]): task_of(row) for row in rows}
    warm_up()
    print(LINE.format("", "items", "wQL9", "ratio", "by item", "cov80", "CPU ms", "times less", "us/obs"))
    for name, (origins, step) in ORIGINS.items():
        if asked.only and name not in asked.only.split(","):
            continue
        one_task(stream_of(asked.data, tasks[name], asked.sample, origins, step))
    return 0


def stream_of(folder: Path, task: SuiteTask, sample: int, origins: int, step: int) -> Stream:
    """The items of a task that are long enough, about ``sample`` of them."""
    windows = load(folder, task, sample, 1)
    values = [np.concatenate([window.past, window.future]) for window in windows]
    needed = origins * step + task.horizon + 4 * task.season + 20
    return Stream(task, [one for one in values if len(one) > needed], origins, step)


def one_task(stream: Stream) -> None:
    """Retrain, go on, and print a line for each."""
    went_on(replace(stream, values=stream.values[:A_FEW], origins=2), trees=True)  # compiles the kernels
    actual, items = stream.actual(), len(stream.values)
    made, seconds = retrained(stream)
    first, cost = losses(made, actual), 1e3 * seconds / items / stream.origins
    scale = float(np.abs(actual[np.isfinite(actual)]).sum())
    report(stream.task.name, items, first.sum() / scale, (1.0, 1.0), coverage(made, actual), cost, "", "")
    for trees in (True, False):
        made, seconds, started = went_on(stream, trees)
        own = 1e3 * seconds / items / (stream.origins - 1)
        label = "  online" if trees else "  online, without trees"
        each = f"{1e3 * own / stream.step:.1f}"
        found = losses(made, actual)
        told = (first > 0) & (found > 0)
        ratios = (found.sum() / first.sum(), np.exp(np.log(found[told] / first[told]).mean()))
        covered = coverage(made, actual)
        report(label, items, found.sum() / scale, ratios, covered, own, f"{cost / own:.0f}", each)
        print(f"    started in {1e3 * started / items:.0f} ms an item, once", flush=True)


def report(
    label: str,
    items: int,
    loss: float,
    ratios: tuple[float, float],
    covered: float,
    cost: float,
    less: str,
    each: str,
) -> None:
    numbers = (f"{loss:.4f}", f"{ratios[0]:.3f}", f"{ratios[1]:.3f}", f"{covered:.3f}", f"{cost:.2f}")
    print(LINE.format(label, items, *numbers, less, each), flush=True)


def retrained(stream: Stream) -> tuple[np.ndarray, float]:
    """Forecasts (origins, items, horizon, quantiles) by training at every origin, and CPU seconds."""
    made, began = [], time.process_time()
    for back in stream.backs:
        panel = stream.panel(back)
        shared = fit_shared(panel, stream.wanted)
        made.append(forecast(panel, stream.wanted, train(panel, stream.wanted, shared)).values)
    return np.stack(made), time.process_time() - began


def went_on(stream: Stream, trees: bool) -> tuple[np.ndarray, float, float]:
    """Forecasts as ``retrained`` gives them, by updates; CPU seconds of these, and of the start."""
    backs, items = stream.backs, np.arange(len(stream.values))
    panel = stream.panel(backs[0])
    shared = fit_shared(panel, stream.wanted)
    began = time.process_time()
    state = online.start(panel, stream.wanted, shared, trees=trees)
    started = time.process_time() - began
    made, seconds = [online.forecast(state)], 0.0
    for before, back in pairwise(backs):
        count = before - back
        told = np.stack([values[len(values) - before :][:count] for values in stream.values], axis=1)
        periods = np.repeat(END - before + 1 + np.arange(count), len(items))
        began = time.process_time()
        online.update(state, np.tile(items, count), periods, told.ravel())
        online.learn_together(state)
        made.append(online.forecast(state))
        seconds += time.process_time() - began
    return np.stack(made), seconds, started


def losses(made: np.ndarray, actual: np.ndarray) -> np.ndarray:
    """Each item's (items,) quantile losses, twice and mean over the quantiles: wQL but for the scale."""
    known = np.isfinite(actual)
    loss = pinball_loss(np.where(known, actual, 0.0)[..., None] - made, np.array(QUANTILES))
    return 2 * (loss.mean(axis=-1) * known).sum(axis=(0, 2))


def coverage(made: np.ndarray, actual: np.ndarray) -> float:
    known = np.isfinite(actual)
    return float(((actual >= made[..., 0]) & (actual <= made[..., -1]))[known].mean())


if __name__ == "__main__":
    raise SystemExit(main())
