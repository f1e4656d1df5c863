"""A suite of forecasting tasks in a folder: reading it, seasonal naive, scores.

suite.csv has a row a task: name, file (of the folder), frequency, horizon, season (of MASE), windows, and,
where it is compared with published figures, reproduces_snaive (yes where seasonal naive's are the published
ones). The file has item_id, timestamp and target_value; rows of an item are consecutive periods. The last
windows * horizon rows of each item are forecast, in windows that do not overlap, each only from the rows
before it.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from stepcast.engine.calendar import period_of
from stepcast.engine.frequency import LARGEST_COUNT, Frequency

__all__ = [
    "QUANTILES",
    "Score",
    "SuiteTask",
    "Window",
    "frequency_of",
    "load",
    "naive",
    "naive_forecasts",
    "read_suite",
    "scale_of",
    "score",
    "task_of",
    "without_gaps",
]

QUANTILES = tuple(round(0.1 * tenth, 1) for tenth in range(1, 10))
Z = np.array([NormalDist().inv_cdf(quantile) for quantile in QUANTILES])

# How pandas and others write the units: old and new spellings, starts and ends of periods.
SPELLINGS = {
    "s": ("S", "s", "sec"),
    "min": ("T", "min"),
    "H": ("H", "h"),
    "D": ("D", "d", "C"),
    "B": ("B",),
    "W": ("W", "w"),
    "M": ("M", "MS", "ME", "BM", "BMS", "BME", "m"),
    "3M": ("Q", "QS", "QE", "BQ", "BQS", "BQE"),
    "Y": ("Y", "YS", "YE", "A", "AS", "BA", "BY", "y"),
}
UNIT = {spelling: unit for unit, spellings in SPELLINGS.items() for spelling in spellings}
# So many of a unit are one of the next.
NEXT = {"s": (60, "min"), "min": (60, "H"), "H": (24, "D"), "D": (7, "W"), "M": (12, "Y")}


@dataclass(frozen=True)
class SuiteTask:
    """A row of suite.csv; ``comparable`` where its ratios enter the means."""

    name: str
    file: str
    frequency: Frequency
    horizon: int
    season: int
    windows: int
    comparable: bool


@dataclass(frozen=True)
class Window:
    """One item up to a window, and what came in it. Window 1 is the latest; ``start`` is its first period."""

    item: str
    number: int
    past: np.ndarray
    future: np.ndarray
    moments: np.ndarray
    start: int


@dataclass(frozen=True)
class Score:
    """Pooled over items and windows; ``inside`` of ``known`` outcomes lie between the quantiles .1 and .9."""

    wql9: float
    wql3: float
    mase: float
    inside: int
    known: int

    @property
    def cov80(self) -> float:
        return self.inside / self.known if self.known else float("nan")


def frequency_of(text: str) -> Frequency:
    """The engine's frequency for what pandas, GIFT-Eval or Amazon Forecast write.

    >>> [str(frequency_of(text)) for text in ("5T", "10S", "W-SUN", "MS", "QS-DEC", "A-DEC", "60T", "2W")]
    ['5min', '10s', 'W', 'M', '3M', 'Y', 'H', '2W']
    """
    match = re.fullmatch(r"\s*(\d*)\s*([A-Za-z]+)(-[A-Za-z]+)?\s*", text)
    if match is None or match[2] not in UNIT:
        raise ValueError(f"frequency {text!r} is not known")
    count, unit = int(match[1] or 1), UNIT[match[2]]
    if unit == "3M":
        count, unit = 3 * count, "M"
    while unit in NEXT and count >= NEXT[unit][0] and count % NEXT[unit][0] == 0:
        count, unit = count // NEXT[unit][0], NEXT[unit][1]
    if unit in LARGEST_COUNT and count <= LARGEST_COUNT[unit]:
        return Frequency.parse(f"{count}{unit}")
    return Frequency(count, unit)


def read_suite(folder: Path) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """The rows of suite.csv, and published.csv's name, system, wQL9; empty where it is absent."""
    rows = pd.read_csv(folder / "suite.csv").to_dict("records")
    path = folder / "published.csv"
    published = pd.read_csv(path) if path.exists() else pd.DataFrame()
    for column in ("name", "system", "wQL9"):
        if column not in published:
            published[column] = pd.Series(dtype=float if column == "wQL9" else object)
    return rows, published.drop_duplicates(["name", "system"])


def task_of(row: dict[str, Any]) -> SuiteTask:
    """A row of suite.csv, read. ValueError and KeyError say what is wrong with it."""
    return SuiteTask(
        name=str(row["name"]),
        file=str(row["file"]),
        frequency=frequency_of(str(row["frequency"])),
        horizon=int(row["horizon"]),
        season=max(1, int(row["season"])),
        windows=max(1, int(row["windows"])),
        comparable=str(row.get("reproduces_snaive", "yes")) == "yes",
    )


def load(folder: Path, task: SuiteTask, sample: int = 0, latest: int = 0) -> list[Window]:
    """The windows of a task, items in order, the latest window last; those without a row before are left out.

    Of about ``sample`` items, if it is given; only the ``latest`` windows, if that is.
    """
    rows = pd.read_parquet(folder / task.file)
    rows["timestamp"] = pd.to_datetime(rows["timestamp"])
    items = [(str(item), group) for item, group in rows.groupby("item_id", sort=False)]
    if sample:
        items = items[:: max(1, len(items) // sample)]
    windows = []
    for item, group in items:
        values = group["target_value"].to_numpy(float, na_value=np.nan)
        moments = group["timestamp"].to_numpy("datetime64[s]")
        for number in range(min(task.windows, latest or task.windows), 0, -1):
            cut = len(values) - number * task.horizon
            if cut < 1:
                continue
            inside = slice(cut, cut + task.horizon)
            start = int(period_of(moments[cut : cut + 1], task.frequency)[0])
            windows.append(Window(item, number, values[:cut], values[inside], moments[inside], start))
    if not windows:
        raise ValueError(f"no item of {task.file} has a row before its windows")
    return windows


def naive_forecasts(windows: list[Window], horizon: int, season: int) -> np.ndarray:
    """Seasonal naive (windows, horizon, quantiles)."""
    return np.stack([naive(window.past, horizon, season) for window in windows])


def naive(past: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """The last season repeated, normal intervals that widen with each season (statsforecast's definition).

    >>> naive(np.array([1.0, 2.0, 3.0, 4.0]), 3, 2)[:, 4]
    array([3., 4., 3.])
    """
    past = without_gaps(past)
    season = season if len(past) >= season else 1
    errors = past[season:] - past[:-season]
    sigma = float(np.sqrt(np.mean(errors**2))) if len(errors) else 0.0
    growth = np.sqrt(np.arange(horizon) // season + 1)
    return np.resize(past[-season:], horizon)[:, None] + sigma * growth[:, None] * Z


def without_gaps(past: np.ndarray) -> np.ndarray:
    """Missing values filled with the value before them, at the beginning with the first; zero without any."""
    return pd.Series(past).ffill().bfill().fillna(0.0).to_numpy()


def score(windows: list[Window], values: np.ndarray, season: int) -> Score:
    """Scores of forecasts (windows, horizon, quantiles); points without an outcome are left out."""
    actual = np.stack([window.future for window in windows])
    known = np.isfinite(actual)
    quantiles = np.array(QUANTILES)
    short = np.where(known, actual, 0.0)[..., None] - values
    loss = 2 * np.maximum(quantiles * short, (quantiles - 1) * short) * known[..., None]
    total = float(np.abs(actual[known]).sum())
    by_quantile = loss.sum(axis=(0, 1)) / total if total > 0 else np.full(len(quantiles), np.nan)
    scales = np.array([scale_of(window.past, season) for window in windows])
    counted = known & (scales > 0)[:, None]  # nan is not above zero
    errors = np.abs(actual - values[..., len(quantiles) // 2]) / np.where(scales > 0, scales, np.nan)[:, None]
    inside = (actual >= values[..., 0]) & (actual <= values[..., -1])
    return Score(
        wql9=float(by_quantile.mean()),
        wql3=float(by_quantile[[0, 4, 8]].mean()),
        mase=float(errors[counted].mean()) if counted.any() else float("nan"),
        inside=int(inside[known].sum()),
        known=int(known.sum()),
    )


def scale_of(past: np.ndarray, season: int) -> float:
    """MASE's denominator; nan where there is none."""
    changes = np.abs(past[season:] - past[:-season])
    changes = changes[np.isfinite(changes)]
    return float(changes.mean()) if len(changes) else float("nan")
