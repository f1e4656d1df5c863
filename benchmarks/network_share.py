"""What does a network add to the AutoPredictor (AutoMLNetwork), and for how much CPU?

    python benchmarks/network_share.py [--network CNN-QR] [--only a,b] [--sample N] [--data FOLDER]

wQL9 over seasonal naive's in the latest window of each task, of the AutoPredictor and with the network, as a
run makes them: FitShared chose the shares, for the backtest and for the forecast, of what lies before that
window. Below each task the wQL9 of the backtest, which is the horizon before it, over the AutoPredictor's.
CPU seconds are of all steps, on one core.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: what is measured is one core

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from accuracy import ROOT, panel_of, ratios
from accuracy_suite import QUANTILES, SuiteTask, Window, load, naive_forecasts, read_suite, score, task_of

from stepcast import engine
from stepcast.engine import archive
from stepcast.engine.arrays import Floats
from stepcast.engine.auto import warm_up
from stepcast.engine.joined.joined import Joined
from stepcast.engine.losses import pinball_loss
from stepcast.engine.panel import Panel
from stepcast.engine.results import Backtest
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

COLUMNS = ("without", "with it", "share before", "share now", "CPU s", "CPU s with")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "accuracy")
    parser.add_argument("--network", default="CNN-QR", help="or LSTM, Deep_AR_Plus")
    parser.add_argument("--only", help="names of tasks, with commas between")
    parser.add_argument("--sample", type=int, default=0, help="at most about so many items of a task")
    asked = parser.parse_args()
    if not (asked.data / "suite.csv").exists():
        print(f"skipped: there is no accuracy suite in {asked.data}")
        return
    warm_up()
    print(f"{asked.network:28}" + "".join(f"{name:>14}" for name in COLUMNS))
    for row in read_suite(asked.data)[0]:
        if not asked.only or row["name"] in asked.only.split(","):
            task = task_of(row)
            one_task(task, load(asked.data, task, asked.sample, 1), asked.network)


def one_task(task: SuiteTask, windows: list[Window], network: str) -> None:
    base = score(windows, naive_forecasts(windows, task.horizon, task.season), task.season)
    wanted = Task(task.horizon, QUANTILES)
    values, tested, seconds, _ = made(windows, task, wanted)
    joined, its, more, shared = made(windows, task, replace(wanted, network=network))
    found = archive.from_bytes(Joined, shared)
    numbers = [ratios(score(windows, one, task.season), base)[0] for one in (values, joined)]
    shares = f"{found.backtest:14.2f}{found.final:14.2f}"
    ratio = weighted_loss(its) / weighted_loss(tested)
    print(
        f"{task.name:28}" + "".join(f"{number:14.3f}" for number in numbers) + shares,
        f"{seconds:13.0f}{more:14.0f}\n{'  in the backtest':28}{1:14.3f}{ratio:14.3f}",
        flush=True,
    )


def made(windows: list[Window], task: SuiteTask, wanted: Task) -> tuple[Floats, Backtest, float, bytes]:
    """Forecasts (windows, horizon, quantiles), the backtest, CPU seconds and what was learned.

    Items need not end together: all learn from one panel, as if they did.
    """
    panel: Panel = panel_of(windows, task, max(window.start for window in windows))
    began = time.process_time()
    shared = engine.fit_shared(Draw.of(panel), wanted)
    trained = engine.train(panel, wanted, shared)
    values = engine.forecast(panel, wanted, trained).values
    return values, trained.backtest, time.process_time() - began, shared


def weighted_loss(tested: Backtest) -> float:
    """Mean pinball loss of the first column over the size of what came."""
    error = tested.actual[:, 0, :, None] - tested.predicted[:, 0, 0]
    losses = pinball_loss(error, np.array(QUANTILES)).mean(axis=-1)
    return float(np.nansum(losses) / np.nansum(np.abs(tested.actual[:, 0])))


if __name__ == "__main__":
    main()
