"""The AutoPredictor beside AutoGluon-TimeSeries, on the same windows of a sample of the items of some tasks.

    python benchmarks/accuracy_autogluon.py --autogluon PYTHON [--data FOLDER] [--only a,b] [--sample 60]
                                            [--windows 2] [--seconds 150]

``PYTHON`` is one that has autogluon.timeseries; autogluon_peer.py says which of its models run. Both learn
from the same histories, which are those of the sample alone, and anew before each window. AutoGluon has
``--seconds`` of wall time and every core to train before a window, the AutoPredictor one core and no limit.
CPU seconds are of all windows of a task together, with all threads and child processes, without imports. A
ratio is ours over theirs: below 1, the AutoPredictor's is the smaller one. Coverage is the share of outcomes
between the quantiles .1 and .9.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: what is measured is one core

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from accuracy import geometric_mean, ours
from accuracy_suite import QUANTILES, SuiteTask, Window, load, read_suite, score, task_of

from stepcast.engine.auto import warm_up

ROOT = Path(__file__).parents[1]
# One of each frequency; saugeen_weekly is one series, of which two windows are forecast.
TASKS = "m3_yearly,m3_quarterly,m3_monthly,covid_deaths,saugeen_weekly,m4_hourly"
OFFSETS = {"Y": "YS", "3M": "QS", "M": "MS", "W": "7D", "D": "D", "H": "h"}  # as pandas writes them
LINE = "{:16} {:>7} {:>8} {:>8} {:>7} {:>7} {:>8} {:>8} {:>9} {:>9} {:>8}"
HEAD = ("", "windows", "wQL9", "MASE", "wQL9", "MASE", "cover", "cover", "CPU s", "CPU s", "CPU")
SIDES = ("", "", "theirs", "theirs", "ratio", "ratio", "ours", "theirs", "ours", "theirs", "ratio")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--autogluon", metavar="PYTHON", required=True)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "accuracy")
    parser.add_argument("--only", default=TASKS, help="names of tasks, with commas between")
    parser.add_argument("--sample", type=int, default=60, help="about so many items of a task")
    parser.add_argument("--windows", type=int, default=2, help="only the latest so many windows of a task")
    parser.add_argument("--seconds", type=int, default=150, help="AutoGluon's time limit for a window")
    asked = parser.parse_args()
    if not (asked.data / "suite.csv").exists():
        print(f"skipped: there is no accuracy suite in {asked.data}")
        return
    warm_up()
    rows, _ = read_suite(asked.data)
    print(f"about {asked.sample} items a task, at most {asked.windows} windows, {asked.seconds} s for each")
    print(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors: what else runs takes AutoGluon's time"
    )
    print(LINE.format(*HEAD).rstrip())
    print(LINE.format(*SIDES), flush=True)
    ratios, notes = [], []
    for name in asked.only.split(","):
        (row,) = (row for row in rows if row["name"] == name)
        found, note = one_task(asked, task_of(row))
        ratios.append(found)
        notes.append(f"{name}: {note}")
    means = [geometric_mean(list(column)) for column in zip(*ratios, strict=True)]
    print(
        f"\ngeometric means of {len(ratios)} tasks, ours over theirs: wQL9 {means[0]:.3f}, "
        f"MASE {means[1]:.3f}, CPU {means[2]:.3f}; lower wQL9 on {sum(one[0] < 1 for one in ratios)}, "
        f"lower MASE on {sum(one[1] < 1 for one in ratios)}"
    )
    print("\nAutoGluon's ensembles: their weights, and the models that it did not train")
    print("\n".join(notes))


def one_task(asked: argparse.Namespace, task: SuiteTask) -> tuple[tuple[float, float, float], str]:
    """Prints a task's line: ours over theirs (wQL9, MASE, CPU), and what AutoGluon says of its models."""
    windows = load(asked.data, task, asked.sample, asked.windows)
    values, seconds = ours(windows, task)
    theirs, their_seconds, note = autogluon(asked, windows, task)
    own, other = (score(windows, made, task.season) for made in (values, theirs))
    ratios = (own.wql9 / other.wql9, own.mase / other.mase, seconds / their_seconds)
    cells = (f"{other.wql9:.4f}", f"{other.mase:.3f}", f"{ratios[0]:.3f}", f"{ratios[1]:.3f}")
    cells += (f"{own.cov80:.3f}", f"{other.cov80:.3f}")
    cells += (f"{seconds:.1f}", f"{their_seconds:.0f}", f"{ratios[2]:.4f}")
    print(LINE.format(task.name, len(windows), *cells), flush=True)
    return ratios, note


def autogluon(
    asked: argparse.Namespace, windows: list[Window], task: SuiteTask
) -> tuple[np.ndarray, float, str]:
    """AutoGluon's forecasts (windows, horizon, quantiles), CPU seconds, and what it says of its models."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        offset = OFFSETS[str(task.frequency)]
        pd.concat(history(window, offset) for window in windows).to_parquet(folder / "past.parquet")
        order = {"horizon": task.horizon, "quantiles": QUANTILES, "freq": offset, "seconds": asked.seconds}
        (folder / "order.json").write_text(json.dumps(order))
        with (folder / "log").open("w") as log:
            peer = subprocess.Popen(
                [asked.autogluon, Path(__file__).with_name("autogluon_peer.py"), name],
                stdout=log,
                stderr=log,
                # Its own choice of threads: the limits above are ours.
                env={key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")},
            )
            _, status, usage = os.wait4(peer.pid, 0)
        if status:
            sys.exit((folder / "log").read_text()[-3000:])
        said = json.loads((folder / "said.json").read_text())
        made = pd.read_parquet(folder / "forecasts.parquet").set_index(["number", "item_id"])
    columns = [str(quantile) for quantile in QUANTILES]
    values = [made.loc[(window.number, window.item), columns].to_numpy() for window in windows]
    return np.stack(values), usage.ru_utime + usage.ru_stime - said["imports"], said["models"]


def history(window: Window, offset: str) -> pd.DataFrame:
    """What lies before a window, its periods as the file stamps them."""
    ends = pd.Timestamp(window.moments[0])
    moments = pd.date_range(end=ends, periods=len(window.past) + 1, freq=offset)[:-1]
    return pd.DataFrame(
        {"number": window.number, "item_id": window.item, "timestamp": moments, "target": window.past}
    )


if __name__ == "__main__":
    main()
