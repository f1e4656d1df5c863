"""How good are the AutoPredictor's forecasts, and what do they cost? Every task of the open suite, scored.

python benchmarks/accuracy.py [--data FOLDER] [--only a,b] [--sample N] [--windows N] [--peers] [--out FOLDER]

The suite is a folder with suite.csv, published.csv and data/*.parquet (item_id, timestamp, target_value).
Each window is forecast only from rows before it. wQL9 and wQL3 are means over the quantiles .1 to .9 and
.1 .5 .9; cov80 is the share of outcomes between .1 and .9; ratios are to seasonal naive with normal
intervals, as the published ones are. CPU is of this process, milliseconds a series and window, in all.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: what is measured is one core

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from stepcast.engine.auto import fit_shared, forecast, train, warm_up
from stepcast.engine.calendar import period_of
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task

ROOT = Path(__file__).parents[1]
QUANTILES = tuple(round(0.1 * tenth, 1) for tenth in range(1, 10))
Z = np.array([NormalDist().inv_cdf(quantile) for quantile in QUANTILES])
PUBLISHED = ("auto_arima", "auto_ets", "auto_theta", "chronos_bolt_base", "tirex", "chronos-2")
PEERS = ("SeasonalNaive", "AutoETS", "AutoARIMA", "AutoTheta")
LONGEST_PEER = (
    1_500  # points of a history that peers see where it is longer: AutoARIMA takes minutes otherwise
)


@dataclass(frozen=True)
class Window:
    """One item up to a window, and what came in it."""

    item: str
    number: int
    past: np.ndarray
    future: np.ndarray
    moments: np.ndarray


@dataclass(frozen=True)
class Score:
    wql9: float
    wql3: float
    mase: float
    cov80: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "accuracy")
    parser.add_argument("--only", help="names of tasks, with commas between")
    parser.add_argument("--sample", type=int, default=0, help="at most about so many items of a task")
    parser.add_argument("--windows", type=int, default=0, help="only the latest so many windows of a task")
    parser.add_argument("--peers", action="store_true", help="statsforecast's models in the same run")
    parser.add_argument("--out", type=Path, help="write the forecasts there, a Parquet file a task")
    asked = parser.parse_args()
    if not (asked.data / "suite.csv").exists():
        print(f"skipped: there is no accuracy suite in {asked.data}")
        return 0
    suite = pd.read_csv(asked.data / "suite.csv")
    published = pd.read_csv(asked.data / "published.csv").drop_duplicates(["name", "system"])
    if asked.only:
        suite = suite[suite["name"].isin(asked.only.split(","))]
    warm_up()
    print(f"{'':18}  wQL9    wQL3    MASE   cov80   ratios       ms | published wQL9: {' '.join(PUBLISHED)}")
    ratios: dict[str, list[tuple[float, float]]] = {}
    for task in suite.to_dict("records"):
        windows = load(asked.data, task, asked.sample, asked.windows)
        naive = score(windows, naive_forecasts(windows, task), task)
        engines: dict[str, Callable[[], tuple[np.ndarray, float]]] = {
            "": lambda w=windows, t=task: ours(w, t)
        }
        if asked.peers:
            engines |= {name: lambda n=name, w=windows, t=task: peer(n, w, t) for name in PEERS}
        for name, run in engines.items():
            values, seconds = run()
            found = score(windows, values, task)
            ratio = (found.wql9 / naive.wql9, found.mase / naive.mase)
            if task["reproduces_snaive"] == "yes":
                ratios.setdefault(name, []).append(ratio)
            others = published[published["name"] == task["name"]].set_index("system")["wQL9"]
            label = f"  {name}" if name else task["name"]
            beside = "" if name else " | " + " ".join(f"{others.get(s, np.nan):.4f}" for s in PUBLISHED)
            print(
                f"{label:18}{found.wql9:7.4f} {found.wql3:7.4f} {found.mase:7.3f} {found.cov80:6.3f}",
                f" {ratio[0]:.3f} {ratio[1]:.3f} {1e3 * seconds / len(windows):7.1f}{beside}",
                flush=True,
            )
            if asked.out and not name:
                write(asked.out, task["name"], windows, values)
    for name, pairs in ratios.items():
        wql, mase = np.exp(np.log(np.array(pairs)).mean(axis=0))
        print(
            f"geometric mean, {len(pairs)} comparable tasks, {name or 'AutoPredictor'}: {wql:.3f} {mase:.3f}"
        )
    return 0


def load(folder: Path, task: dict[str, Any], sample: int, latest: int) -> list[Window]:
    """The windows of a task, items in order, the latest window last; window 1 is the latest."""
    rows = pd.read_parquet(folder / task["file"])
    horizon, count = int(task["horizon"]), min(int(task["windows"]), latest or 10**6)
    items = [(str(item), group) for item, group in rows.groupby("item_id", sort=False)]
    if sample:
        items = items[:: max(1, len(items) // sample)]
    windows = []
    for item, group in items:
        values, moments = group["target_value"].to_numpy(float), group["timestamp"].to_numpy()
        for number in range(count, 0, -1):
            cut = len(values) - number * horizon
            inside = slice(cut, cut + horizon)
            windows.append(Window(item, number, values[:cut], values[inside], moments[inside]))
    return windows


def ours(windows: list[Window], task: dict[str, Any]) -> tuple[np.ndarray, float]:
    """Forecasts (windows, horizon, quantiles) through the engine's public interface, and CPU seconds.

    Items of one panel end together; items of the suite need not, so all are given the latest end.
    """
    frequency = Frequency.parse(str(task["frequency"]))
    wanted = Task(int(task["horizon"]), QUANTILES)
    values = np.empty((len(windows), wanted.horizon, len(QUANTILES)))
    began = time.process_time()
    for number in sorted({window.number for window in windows}):
        places = [place for place, window in enumerate(windows) if window.number == number]
        chosen = [windows[place] for place in places]
        first = max(window.moments[0] for window in chosen).astype("datetime64[s]")
        panel = Panel(
            ids=tuple(window.item for window in chosen),
            values=tuple(window.past for window in chosen),
            observed=tuple(np.isfinite(window.past) for window in chosen),
            end=int(period_of(np.array([first]), frequency)[0]) - 1,
            frequency=frequency,
        )
        shared = fit_shared(panel, wanted)
        values[places] = forecast(panel, wanted, train(panel, wanted, shared)).values
    return values, time.process_time() - began


def naive_forecasts(windows: list[Window], task: dict[str, Any]) -> np.ndarray:
    """The last season repeated, normal intervals that widen with each season (statsforecast's definition)."""
    return np.stack([_naive(window.past, int(task["horizon"]), int(task["season"])) for window in windows])


def _naive(past: np.ndarray, horizon: int, season: int) -> np.ndarray:
    past = pd.Series(past).ffill().bfill().to_numpy()
    season = season if len(past) >= season else 1
    errors = past[season:] - past[:-season]
    sigma = float(np.sqrt(np.mean(errors**2))) if len(errors) else 0.0
    growth = np.sqrt(np.arange(horizon) // season + 1)
    return np.resize(past[-season:], horizon)[:, None] + sigma * growth[:, None] * Z


def peer(name: str, windows: list[Window], task: dict[str, Any]) -> tuple[np.ndarray, float]:
    """The same by one of statsforecast's models, with the natural season of the frequency."""
    from statsforecast import models

    natural = {"Y": 1, "3M": 4, "M": 12, "W": 52, "D": 7, "H": 24}[str(task["frequency"])]
    values = np.empty((len(windows), int(task["horizon"]), len(QUANTILES)))
    levels = [20, 40, 60, 80]
    began = time.process_time()
    for place, window in enumerate(windows):
        past = pd.Series(window.past).ffill().bfill().to_numpy()[-LONGEST_PEER:]
        season = natural if len(past) >= 2 * natural else 1
        model = getattr(models, name)(season_length=season)
        made = model.forecast(y=past, h=values.shape[1], level=levels)
        columns = [made[f"lo-{level}"] for level in reversed(levels)] + [made["mean"]]
        values[place] = np.column_stack(columns + [made[f"hi-{level}"] for level in levels])
    return values, time.process_time() - began


def score(windows: list[Window], values: np.ndarray, task: dict[str, Any]) -> Score:
    """Pooled over items and windows, points without an outcome left out."""
    actual = np.stack([window.future for window in windows])
    known = np.isfinite(actual)
    quantiles = np.array(QUANTILES)
    short = actual[..., None] - values
    loss = 2 * np.maximum(quantiles * short, (quantiles - 1) * short)
    by_quantile = np.nansum(loss, axis=(0, 1)) / np.nansum(np.abs(actual))
    season = int(task["season"])
    scales = np.array([np.nanmean(np.abs(w.past[season:] - w.past[:-season])) for w in windows])
    scales = np.where(scales > 0, scales, np.nan)
    inside = (actual >= values[..., 0]) & (actual <= values[..., -1])
    return Score(
        wql9=float(by_quantile.mean()),
        wql3=float(by_quantile[[0, 4, 8]].mean()),
        mase=float(np.nanmean(np.abs(actual - values[..., 4]) / scales[:, None])),
        cov80=float(inside[known].mean()),
    )


def write(folder: Path, name: str, windows: list[Window], values: np.ndarray) -> None:
    """Forecasts as a table: item_id, timestamp, one column a quantile."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pd.DataFrame(values.reshape(-1, len(QUANTILES)), columns=[f"{q:.1f}" for q in QUANTILES])
    table["item_id"] = np.repeat([window.item for window in windows], values.shape[1])
    table["timestamp"] = np.concatenate([window.moments for window in windows])
    table.to_parquet(folder / f"{name}.parquet", index=False)


if __name__ == "__main__":
    raise SystemExit(main())
