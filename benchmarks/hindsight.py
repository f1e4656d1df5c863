"""What could other weights win? The AutoPredictor's medians beside those of weights chosen afterwards.

python benchmarks/hindsight.py [--data FOLDER] [--only a,b] [--sample N] [--windows N]

For every task, the MASE of the medians; over it that of the member that turned out best, of all members
alike, and of the best weights for all series and windows of the task, one set for near, middle and far steps,
found from the outcomes themselves by a descent. Weights are positive and of sum one; our median is mixed in
like a member. That is about all that a weighting can win that suits a task as a whole.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: what is measured is one core

import argparse
from pathlib import Path

import numpy as np
from accuracy import ROOT, geometric_mean, panel_of
from accuracy_suite import QUANTILES, SuiteTask, Window, load, read_suite, scale_of, task_of

from stepcast.engine.auto import fit_shared, warm_up
from stepcast.engine.auto.ensemble.weights import BUCKETS, buckets_of
from stepcast.engine.auto.series.history import histories_of
from stepcast.engine.auto.series.quantile_grid import MEDIAN
from stepcast.engine.auto.series_forecast import examine, series_forecast_at, tables_of
from stepcast.engine.task import Task

ROUNDS, RATE = 1500, 0.5  # of the descent to the best weights


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "accuracy_long")
    parser.add_argument("--only", help="names of tasks, with commas between")
    parser.add_argument("--sample", type=int, default=0, help="at most about so many items of a task")
    parser.add_argument("--windows", type=int, default=0, help="only the latest so many windows of a task")
    asked = parser.parse_args()
    if not (asked.data / "suite.csv").exists():
        print(f"skipped: there is no suite in {asked.data}")
        return 0
    warm_up()
    print("MASE; over it: of the best member afterwards, of all alike, of the best weights afterwards")
    found = []
    for row in read_suite(asked.data)[0]:
        if asked.only and row["name"] not in asked.only.split(","):
            continue
        task = task_of(row)
        ours, others = one_task(task, load(asked.data, task, asked.sample, asked.windows))
        print(f"{task.name:22} {ours:.3f}  {'  '.join(f'{other:.3f}' for other in others)}", flush=True)
        found.append(others)
    means = "  ".join(f"{geometric_mean(list(column)):.3f}" for column in zip(*found, strict=True))
    print(f"\ngeometric mean of {len(found)} tasks: {means}")
    return 0


def one_task(task: SuiteTask, windows: list[Window]) -> tuple[float, tuple[float, float, float]]:
    """The MASE of the medians; over it that of the best member, of all alike and of the best weights."""
    names: list[str] = []
    forecasts: list[dict[str, np.ndarray]] = []
    medians, actual = [], []
    for number in sorted({window.number for window in windows}):
        own = [window for window in windows if window.number == number]
        for window, made, median in members(task, own):
            scale = scale_of(window.past, task.season)
            if scale > 0:  # nan is not
                names += [name for name in made if name not in names]
                forecasts.append({name: values / scale for name, values in made.items()})
                medians.append(median / scale)
                actual.append(window.future / scale)
    middle, came = np.stack(medians), np.stack(actual)
    table = np.stack(  # a member that a series does not have is its median
        [[made.get(name, median) for name in names] for made, median in zip(forecasts, middle, strict=True)]
    )
    ours = error(middle, came)
    best = min(error(table[:, place], came) for place in range(len(names)))
    bucket = buckets_of(task.horizon)
    total = 0.0
    for which in range(BUCKETS):
        steps = bucket == which
        known = np.isfinite(came[:, steps])
        if known.any():
            total += known.sum() * best_mixture(table[:, :, steps], middle[:, steps], came[:, steps])
    mixture = total / np.isfinite(came).sum()
    return ours, (best / ours, error(table.mean(axis=1), came) / ours, mixture / ours)


def members(task: SuiteTask, windows: list[Window]) -> list[tuple[Window, dict[str, np.ndarray], np.ndarray]]:
    """Of windows from one moment: the forecasts of the members by name, and the median made of them."""
    panel = panel_of(windows, task, max(window.start for window in windows))
    shared = fit_shared(panel, Task(task.horizon, QUANTILES))
    result = []
    for history, window in zip(histories_of(panel, shared.encoder, task.horizon), windows, strict=True):
        found = examine(history, task.horizon, shared.final)
        unit = 2.0**history.exponent
        made = {name: unit * values[-1] for name, values in zip(found.names, found.forecasts, strict=True)}
        forecast = series_forecast_at(history, found, len(found.origins) - 1, shared.final, None)
        result.append((window, made, tables_of([forecast], task.horizon, shared.final)[0][:, MEDIAN]))
    return result


def best_mixture(table: np.ndarray, middle: np.ndarray, came: np.ndarray) -> float:
    """The least mean error of a mixture of ``table`` (series, members, steps) and ``middle`` (series, steps),
    with weights that all series share.

    Source:  exponentiated gradient, Kivinen and Warmuth (1997).
    """
    everything = np.concatenate([table, middle[:, None]], axis=1)
    known = np.isfinite(came)
    wanted = np.where(known, came, 0.0)
    weights = np.full(everything.shape[1], 0.5 / everything.shape[1])
    weights[-1] += 0.5
    least = np.inf
    for number in range(ROUNDS):
        errors = np.einsum("m,smt->st", weights, everything) - wanted
        least = min(least, float(np.abs(errors[known]).mean()))
        slope = np.einsum("st,smt->m", np.sign(errors) * known, everything) / known.sum()
        weights = weights * np.exp(-RATE / np.sqrt(1 + number / 20) * (slope - slope.min()))
        weights /= weights.sum()
    return least


def error(forecasts: np.ndarray, came: np.ndarray) -> float:
    return float(np.nanmean(np.abs(came - forecasts)))


if __name__ == "__main__":
    raise SystemExit(main())
