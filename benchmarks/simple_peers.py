"""Is the AutoPredictor ahead of what anybody would try first? Every task of a suite beside simple peers.

python benchmarks/simple_peers.py [--data FOLDER] [--only a,b] [--windows N] [--theta N]

The peers are SeasonalNaive (the last season again), the same time a week ago, the median of the last six
same times of the week, each with the quantiles of its own past errors that far ahead, and statsforecast's
AutoTheta on about so many windows of a task (it takes seconds a window; 0 leaves it out), beside ours on the
same. A line has our MASE and wQL9 over those of each peer, then those over the best of them.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: what is measured is one core

import argparse
from pathlib import Path

import numpy as np
from accuracy import ROOT, geometric_mean, ours
from accuracy_peers import run_peer
from accuracy_suite import QUANTILES, SuiteTask, load, read_suite, score, task_of, without_gaps

from stepcast.engine.auto import warm_up

WEEK = 7 * 86_400  # seconds
CYCLES = 6
ERRORS = 200  # past moments that a peer's errors are of


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "accuracy_long")
    parser.add_argument("--only", help="names of tasks, with commas between")
    parser.add_argument("--windows", type=int, default=0, help="only the latest so many windows of a task")
    parser.add_argument("--theta", type=int, default=10, help="windows of a task that AutoTheta forecasts")
    asked = parser.parse_args()
    if not (asked.data / "suite.csv").exists():
        print(f"skipped: there is no suite in {asked.data}")
        return 0
    warm_up()
    print("our MASE and wQL9 over those of each peer; of the best; coverage of .1 to .9")
    worst: list[tuple[float, float]] = []
    behind, uncovered = [], []
    for row in read_suite(asked.data)[0]:
        if asked.only and row["name"] not in asked.only.split(","):
            continue
        task = task_of(row)
        best, coverage = one_task(task, asked)
        worst.append(best)
        if best[0] > 1:
            behind.append(task.name)
        if not 0.74 <= coverage <= 0.86:
            uncovered.append(task.name)
    mase, wql = (geometric_mean([pair[place] for pair in worst]) for place in (0, 1))
    print(
        f"\ngeometric mean over the best peer of each of {len(worst)} tasks: MASE {mase:.3f}, wQL9 {wql:.3f}"
    )
    print(f"behind by MASE: {', '.join(behind) or 'none'}")
    print(f"covered less than .74 or more than .86: {', '.join(uncovered) or 'none'}")
    return 0


def one_task(task: SuiteTask, asked: argparse.Namespace) -> tuple[tuple[float, float], float]:
    """Print a line; ratios of MASE and wQL9 to the best peer, and coverage."""
    windows = load(asked.data, task, latest=asked.windows)
    week = round(WEEK / task.frequency.seconds)
    values, _ = ours(windows, task)
    found = score(windows, values, task.season)
    peers = {"last season": (task.season, 1), "week ago": (week, 1), "median of six": (week, CYCLES)}
    ratios: dict[str, tuple[float, float]] = {}
    for name, (cycle, turns) in peers.items():
        table = np.stack([simple(window.past, task.horizon, cycle, turns) for window in windows])
        its = score(windows, table, task.season)
        ratios[name] = found.mase / its.mase, found.wql9 / its.wql9
    if asked.theta:
        places = list(range(0, len(windows), max(1, len(windows) // asked.theta)))
        chosen = [windows[place] for place in places]
        mine = score(chosen, values[places], task.season)
        its = score(chosen, run_peer("AutoTheta", chosen, task, 60).values, task.season)
        ratios["AutoTheta"] = mine.mase / its.mase, mine.wql9 / its.wql9
    best = max(pair[0] for pair in ratios.values()), max(pair[1] for pair in ratios.values())
    said = "  ".join(f"{name} {mase:.2f} {wql:.2f}" for name, (mase, wql) in ratios.items())
    print(f"{task.name:20} {said}  best {best[0]:.3f} {best[1]:.3f}  {found.cov80:.3f}", flush=True)
    return best, found.cov80


def simple(past: np.ndarray, horizon: int, cycle: int, turns: int) -> np.ndarray:
    """Quantiles (horizon, QUANTILES): medians of the last ``turns`` same times of the ``cycle``, as far as
    known, and around them those of their errors at past moments."""
    filled = without_gaps(past)
    cycle = min(cycle, len(filled) // 2)
    origins = np.unique(np.linspace(cycle, len(filled), ERRORS + 1).astype(int))
    phases = origins[:, None] - cycle + np.arange(horizon) % cycle
    seen = phases - cycle * np.arange(turns)[:, None, None]
    made = np.nanmedian(np.where(seen >= 0, filled[np.maximum(seen, 0)], np.nan), axis=0)
    ahead = origins[:-1, None] + np.arange(horizon)
    came = np.where(ahead < len(filled), filled[np.minimum(ahead, len(filled) - 1)], np.nan)
    return made[-1][:, None] + np.nanquantile(came - made[:-1], QUANTILES, axis=0).T


if __name__ == "__main__":
    raise SystemExit(main())
