"""What would a network add to the AutoPredictor? Their quantiles mixed, at shares from 0 to 1 of the network.

    python benchmarks/network_share.py [--network CNN-QR] [--only a,b] [--sample N] [--data FOLDER]

wQL9 over seasonal naive's in the latest window of each task, of which neither has seen anything: the network
is the one that would make the forecast. Below it, what a run could know: the mean pinball loss in the horizon
before, relative to each series' size, of both as they were trained before that.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: what is measured is one core

import argparse
import time
from pathlib import Path

import numpy as np
from accuracy import ROOT, ours, panel_of, ratios
from accuracy_suite import QUANTILES, SuiteTask, Window, load, naive_forecasts, read_suite, score, task_of

from stepcast.engine.arrays import Floats
from stepcast.engine.auto import fit_shared, warm_up
from stepcast.engine.auto.series.history import histories_of
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES, outputs_of
from stepcast.engine.auto.series_forecast import SeriesForecast, from_end, tables_of
from stepcast.engine.losses import pinball_loss
from stepcast.engine.neural.fitting import learn
from stepcast.engine.neural.learned import Learned
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task

SHARES = (0.0, 0.125, 0.25, 0.5, 0.75, 1.0)


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
    print(f"{'share of the network':28}" + "".join(f"{share:8.3f}" for share in SHARES) + "  CPU s, both")
    for row in read_suite(asked.data)[0]:
        if not asked.only or row["name"] in asked.only.split(","):
            task = task_of(row)
            one_task(task, load(asked.data, task, asked.sample, 1), asked.network)


def one_task(task: SuiteTask, windows: list[Window], algorithm: str) -> None:
    base = score(windows, naive_forecasts(windows, task.horizon, task.season), task.season)
    ensemble, seconds = ours(windows, task)
    panel = panel_of(windows, task, max(window.start for window in windows))
    began = time.process_time()
    learned = learn(panel, Task(task.horizon, QUANTILES, algorithm=algorithm))
    network = outputs_of(learned.tables(panel, learned.final, 0), QUANTILES)
    its_seconds = time.process_time() - began
    mixed = [(1 - share) * ensemble + share * network for share in SHARES]
    found = [ratios(score(windows, one, task.season), base)[0] for one in mixed]
    line(task.name, found, f"  {seconds:.0f}, {its_seconds:.0f}")
    line("  a horizon before, loss", losses_before(panel, task.horizon, learned), "")


def losses_before(panel: Panel, horizon: int, learned: Learned) -> list[float]:
    """Of each share, in the last horizon of ``panel``."""
    shared = fit_shared(panel, Task(horizon, QUANTILES))
    histories = histories_of(panel, shared.encoder, horizon, horizon)
    made = [from_end(history, horizon, shared.backtest) if len(history) else None for history in histories]
    places = [place for place, one in enumerate(made) if isinstance(one, SeriesForecast)]
    ensemble = tables_of([made[place] for place in places], horizon, shared.backtest)[..., :-1]
    some = panel.take(places)
    network = learned.tables(some, learned.backtest, horizon)[..., :-1]
    actual = np.stack([values[-horizon:] for values in some.values])
    size = np.array([np.nanmean(np.abs(values[:-horizon])) for values in some.values])

    def loss(table: Floats) -> float:
        each = np.nanmean(pinball_loss(actual[..., None] - table, PROBABILITIES), axis=(1, 2))
        return float(np.nanmean(each[size > 0] / size[size > 0]))

    return [loss((1 - share) * ensemble + share * network) for share in SHARES]


def line(label: str, numbers: list[float], said: str) -> None:
    print(f"{label:28}" + "".join(f"{number:8.4f}" for number in numbers) + said, flush=True)


if __name__ == "__main__":
    main()
