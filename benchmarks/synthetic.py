"""Write a suite of made-up series, for trying the engine on kinds of data that the open suite lacks.

python benchmarks/synthetic.py FOLDER [--only a,b] [--seed N]
python benchmarks/accuracy.py --data FOLDER --peers --peer-sample 10

Everything is drawn from generators, the same for the same seed: nothing is known of any real set, and nobody
has published figures. Numbers of series are small: the whole suite is forecast within minutes.
"""

import argparse
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

Draw = np.random.Generator
Series = list[np.ndarray]

DAY = 288  # of five minutes


@dataclass(frozen=True)
class Kind:
    """A task: how its series are drawn, and what suite.csv says; ``apart``: items end at different times."""

    make: Callable[[Draw], Series]
    frequency: str
    horizon: int
    season: int
    windows: int = 1
    apart: bool = False


def retail_daily(draw: Draw) -> Series:
    """Counts a day: a week, a year, promotions, days without stock; from many a day to one a week."""
    series = []
    for size in np.geomspace(0.3, 60, 60):
        days = np.arange(int(draw.integers(200, 760)))
        week = np.exp(draw.normal(0, 0.35, 7))[days % 7]
        year = 1 + 0.25 * np.sin(2 * np.pi * (days + draw.integers(365)) / 365)
        promotion = 1 + draw.uniform(0.5, 2) * (walk(draw, len(days), 0.97) > 1.5)
        mean = size * week * year * promotion * np.exp(0.2 * walk(draw, len(days), 0.98))
        made = counts(draw, mean, dispersion=float(draw.uniform(0.1, 1))).astype(float)
        out_of_stock = walk(draw, len(days), 0.95) > 2.2
        made[out_of_stock] = 0.0
        if draw.uniform() < 0.2:
            made[draw.integers(len(days), size=5)] = np.nan
        series.append(made)
    return series


def car_parts(draw: Draw) -> Series:
    """Fifty-one months of counts, three of four zero; some parts die out, some come in lumps."""
    series = []
    for _ in range(100):
        chance = float(np.clip(draw.beta(1.2, 3.5), 0.03, 0.9)) * np.ones(51)
        if draw.uniform() < 0.3:
            chance *= np.linspace(1.6, 0.1, 51)
        size = 1 + counts(draw, np.full(51, draw.gamma(1, 1.2)), dispersion=0.8)
        series.append(size * (draw.uniform(size=51) < chance).astype(float))
    return series


def lumpy_weekly(draw: Draw) -> Series:
    """Rare large orders, a few a year."""
    series = []
    for _ in range(40):
        weeks = int(draw.integers(110, 220))
        order = draw.uniform(size=weeks) < draw.uniform(0.05, 0.4)
        series.append(np.rint(order * draw.lognormal(2.5, draw.uniform(0.3, 1.2), weeks)))
    return series


def solar_5min(draw: Draw) -> Series:
    """Power of the sun: zero at night, cut by clouds by day."""
    step = np.arange(20 * DAY)
    height = np.maximum(np.sin(2 * np.pi * (step % DAY) / DAY - np.pi / 2) - 0.1, 0)
    series = []
    for _ in range(5):
        cloud = 1 / (1 + np.exp(1.2 * walk(draw, len(step), 0.995) + 0.5 * walk(draw, len(step), 0.8)))
        series.append(draw.uniform(5, 50) * height * cloud)
    return series


def machines_5min(draw: Draw) -> Series:
    """Load of machines: a weak day, jobs that come and go, bursts, idle spans, drop-outs of the meter."""
    step = np.arange(10 * DAY)
    series = []
    for _ in range(10):
        base = draw.uniform(0.5, 20) * (1 + draw.uniform(0, 0.5) * np.sin(2 * np.pi * step / DAY))
        jobs = np.repeat(draw.poisson(1.0, len(step) // 30), 30) * draw.uniform(2, 30)
        bursts = (draw.uniform(size=len(step)) < 0.01) * draw.pareto(1.5, len(step)) * 20
        load = base * np.exp(0.15 * walk(draw, len(step), 0.7)) + jobs + bursts
        load[walk(draw, len(step), 0.999) > 1.3] = 0.0
        missing = int(draw.integers(len(step) - 20))
        load[missing : missing + 12] = np.nan
        series.append(load)
    return series


def sensors_10s(draw: Draw) -> Series:
    """Sensors that return to their mean, some with a cycle of minutes, some with jumps."""
    step = np.arange(3_000)
    series = []
    for number in range(5):
        made = draw.uniform(20, 90) + walk(draw, len(step), 0.98) + 0.3 * draw.normal(size=len(step))
        made += (number % 2) * 0.8 * np.sin(2 * np.pi * step / 90)
        if number >= 3:
            made += 3 * (np.arange(len(step)) > 1_500) + 5 * (draw.uniform(size=len(step)) < 0.01)
        series.append(made)
    return series


def exchange_rates(draw: Draw) -> Series:
    """Random walks of logarithms with fat tails and calm and lively spans."""
    series = []
    for _ in range(8):
        spread = 0.006 * np.exp(0.5 * walk(draw, 2_500, 0.99))
        series.append(draw.uniform(0.01, 120) * np.exp(np.cumsum(spread * draw.standard_t(4, 2_500) / 1.4)))
    return series


def yearly_short(draw: Draw) -> Series:
    """Sixteen to forty years of business: growth that changes."""
    return [
        level * np.exp(np.cumsum(0.03 + 0.04 * walk(draw, years, 0.7) + 0.05 * draw.normal(size=years)))
        for level, years in zip(draw.lognormal(7, 1, 100), draw.integers(16, 40, 100), strict=True)
    ]


def quarterly_short(draw: Draw) -> Series:
    """Five to fifteen years of quarters with a season, some of them growing."""
    series = []
    for _ in range(100):
        time = np.arange(int(draw.integers(20, 60)))
        season = draw.normal(0, 0.12, 4)[time % 4]
        growth = np.cumsum(draw.normal(0.008, 0.03, len(time)))
        series.append(draw.lognormal(7, 1) * np.exp(season + growth + draw.normal(0, 0.03, len(time))))
    return series


def monthly_business(draw: Draw) -> Series:
    """Months with season and trend, breaks in level, a few outliers; some negative."""
    series = []
    for number in range(60):
        time = np.arange(int(draw.integers(50, 140)))
        season = draw.normal(0, 1, 12)[time % 12] * draw.uniform(0, 2)
        made = 10 + season + 0.03 * draw.normal() * time + np.cumsum(draw.normal(0, 0.2, len(time)))
        made += draw.normal(0, 0.5, len(time)) + (time > draw.integers(len(time))) * draw.normal(0, 3)
        made[draw.integers(len(time), size=1)] += draw.normal(0, 10)
        series.append(draw.lognormal(3, 2) * (made - 10 * (number % 10 == 0)))
    return series


def weekly_yearly(draw: Draw) -> Series:
    """Two to five years of weeks with a yearly season and a shift of level."""
    series = []
    for _ in range(30):
        week = np.arange(int(draw.integers(115, 260)))
        year = sum(draw.normal(0, 0.3 / k) * np.sin(2 * np.pi * k * week / 52.18 + k) for k in (1, 2, 3))
        shift = 0.3 * draw.normal() * (week > draw.integers(len(week)))
        series.append(draw.lognormal(5, 1) * np.exp(year + shift + 0.1 * walk(draw, len(week), 0.6)))
    return series


def load_hourly(draw: Draw) -> Series:
    """Hours with day, week and weather: forecast twenty days ahead."""
    hour = np.arange(24 * 7 * 14)
    series = []
    for _ in range(8):
        day = np.exp(draw.normal(0, 0.3) * np.sin(2 * np.pi * hour / 24 + draw.uniform(0, 6)))
        shape = np.exp(draw.normal(0, 0.1, 24))[hour % 24]
        weekend = 1 - draw.uniform(0, 0.4) * (hour // 24 % 7 >= 5)
        weather = np.exp(0.1 * walk(draw, len(hour), 0.99))
        noise = np.exp(0.05 * walk(draw, len(hour), 0.7))
        series.append(draw.lognormal(4, 1.5) * day * shape * weekend * weather * noise)
    return series


def visits_hourly(draw: Draw) -> Series:
    """Counts an hour, few at night, other hours at weekends: forecast a month ahead."""
    hour = np.arange(24 * 150)
    series = []
    for size in (2, 8, 30, 120):
        weekend = hour // 24 % 7 >= 5
        peak = np.where(weekend, 15, 9)
        day = np.exp(-0.5 * ((hour % 24 - peak) / 4) ** 2) + 0.05
        series.append(counts(draw, size * day * np.exp(0.2 * walk(draw, len(hour), 0.9)), 0.1).astype(float))
    return series


def temperature_daily(draw: Draw) -> Series:
    """Days with a yearly cycle and weather around it."""
    series = []
    for _ in range(8):
        day = np.arange(int(draw.integers(1_100, 2_400)))
        year = draw.uniform(-5, 20) + draw.uniform(3, 12) * np.sin(
            2 * np.pi * day / 365.25 + draw.uniform(0, 6)
        )
        series.append(year + 3 * walk(draw, len(day), 0.8))
    return series


def river_daily(draw: Draw) -> Series:
    """Flow of rivers: rises at once, falls slowly, never below zero; wet and dry seasons."""
    series = []
    for _ in range(4):
        day = np.arange(2_500)
        wet = 0.15 * (1 + np.sin(2 * np.pi * day / 365.25))
        rain = (draw.uniform(size=len(day)) < wet) * draw.gamma(0.7, 8, len(day))
        flow = np.empty(len(day))
        level = 5.0
        for place, fallen in enumerate(rain):
            level = 0.93 * level + fallen
            flow[place] = 1 + level
        series.append(flow)
    return series


def four_hourly(draw: Draw) -> Series:
    """Six periods a day with day and week, a trend that bends."""
    period = np.arange(900)
    series = []
    for _ in range(15):
        day = draw.normal(0, 1, 6)[period % 6] + draw.normal(0, 0.6, 7)[period // 6 % 7]
        series.append(draw.lognormal(3, 1) * (12 + day + 0.8 * walk(draw, len(period), 0.995)))
    return series


def spreading_daily(draw: Draw) -> Series:
    """Cumulative counts: long nothing, then one or two waves."""
    series = []
    for _ in range(40):
        day = np.arange(210)
        waves = [
            draw.lognormal(4, 2) / (1 + np.exp(-(day - draw.integers(60, 230)) / draw.uniform(4, 20)))
            for _ in range(2)
        ]
        daily = counts(draw, np.maximum(np.diff(sum(waves), prepend=0.0), 0.0), dispersion=0.3)
        series.append(np.cumsum(daily).astype(float))
    return series


KINDS: dict[str, Kind] = {
    "retail_daily": Kind(retail_daily, "D", 28, 7),
    "car_parts": Kind(car_parts, "M", 12, 12),
    "lumpy_weekly": Kind(lumpy_weekly, "W-SUN", 13, 1),
    "solar_5min": Kind(solar_5min, "5T", 288, 288),
    "machines_5min": Kind(machines_5min, "5min", 48, 288, windows=2),
    "sensors_10s": Kind(sensors_10s, "10S", 60, 360, windows=3),
    "exchange_rates": Kind(exchange_rates, "B", 30, 5, windows=3),
    "yearly_short": Kind(yearly_short, "A-DEC", 6, 1, apart=True),
    "quarterly_short": Kind(quarterly_short, "Q", 8, 4, apart=True),
    "monthly_business": Kind(monthly_business, "MS", 18, 12, apart=True),
    "weekly_yearly": Kind(weekly_yearly, "W", 13, 1),
    "load_hourly": Kind(load_hourly, "H", 480, 24),
    "visits_hourly": Kind(visits_hourly, "h", 720, 24),
    "temperature_daily": Kind(temperature_daily, "D", 30, 7, windows=2),
    "river_daily": Kind(river_daily, "D", 30, 1, windows=3),
    "four_hourly": Kind(four_hourly, "4H", 48, 6),
    "spreading_daily": Kind(spreading_daily, "D", 30, 1),
}
PANDAS = {"5T": "5min", "10S": "10s", "H": "h", "4H": "4h", "M": "ME", "Q": "QE", "A-DEC": "YE-DEC"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", help="names of tasks, with commas between")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    names = [name for name in KINDS if not asked.only or name in asked.only.split(",")]
    write_suite(asked.folder, names, asked.seed)
    print(f"{len(names)} tasks in {asked.folder}")
    return 0


def write_suite(folder: Path, names: list[str], seed: int) -> None:
    """The tasks ``names`` in ``folder``; a task is the same whichever others are written."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    rows = []
    for name in names:
        kind = KINDS[name]
        draw = np.random.default_rng([seed, zlib.crc32(name.encode())])
        series = kind.make(draw)
        late = draw.integers(0, 12, len(series)) if kind.apart else np.zeros(len(series), np.int64)
        tables = [
            table(f"{name}_{place:03}", values, kind.frequency, int(periods))
            for place, (values, periods) in enumerate(zip(series, late, strict=True))
        ]
        file = f"data/{name}.parquet"
        pd.concat(tables, ignore_index=True).to_parquet(folder / file, index=False)
        lengths = [len(values) for values in series]
        rows.append(
            {
                "name": name,
                "file": file,
                "frequency": kind.frequency,
                "horizon": kind.horizon,
                "season": kind.season,
                "windows": kind.windows,
                "wql_def": "pooled",
                "n_series": len(series),
                "min_len": min(lengths),
                "median_len": int(np.median(lengths)),
                "missing": int(sum(np.isnan(values).sum() for values in series)),
                "reproduces_snaive": "yes",
            }
        )
    pd.DataFrame(rows).to_csv(folder / "suite.csv", index=False)


def table(item: str, values: np.ndarray, frequency: str, late: int) -> pd.DataFrame:
    """Rows of an item that ends ``late`` periods before the others."""
    spelled = PANDAS.get(frequency, frequency)
    moments = pd.date_range(end="2024-03-31", periods=len(values) + late, freq=spelled)[: len(values)]
    return pd.DataFrame({"item_id": item, "timestamp": moments, "target_value": values})


def walk(draw: Draw, length: int, memory: float) -> np.ndarray:
    """An autoregression of mean zero and standard deviation one that keeps ``memory`` of its last value."""
    shocks = draw.normal(0, np.sqrt(1 - memory**2), length)
    made = np.empty(length)
    value = draw.normal()
    for place, shock in enumerate(shocks):
        value = memory * value + shock
        made[place] = value
    return made


def counts(draw: Draw, mean: np.ndarray, dispersion: float) -> np.ndarray:
    """Counts around ``mean`` with variance mean + dispersion * mean**2."""
    return draw.poisson(mean * draw.gamma(1 / dispersion, dispersion, len(mean)))


if __name__ == "__main__":
    raise SystemExit(main())
