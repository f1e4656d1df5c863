"""Make testing-data/train/*.csv: two years of hourly electricity use of seven imaginary households.

    python testing-data/make_testing_data.py [FOLDER]

Nothing is measured: every number follows from the seed and the table below. The data have what real
meters have and what forecasters stumble over: habits by hour, weekday and season, public holidays, weeks
away, heating that follows the weather, noise that grows with use and is strongest in the evening, hours
that never arrived (their rows are absent), a household whose use rises for good when a car is charged at
home, and one that moved in late.

Rows are ``timestamp,target_value,item_id`` without a header, in kWh, clock time of one zone without daylight
saving; one file a year, as a supplier would send them. The same bytes come out wherever the script runs.
"""

import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SEED = 20_250_630
HOUR = timedelta(hours=1)
START = datetime(2023, 7, 1)
END = datetime(2025, 7, 1)  # the last row is the hour before
YEARS = {  # file: its first hour and the hour after its last
    "households-2023-24.csv": (START, datetime(2024, 7, 1)),
    "households-2024-25.csv": (datetime(2024, 7, 1), END),
}
HOLIDAYS = {
    *("2023-12-25", "2023-12-26", "2024-01-01", "2024-03-29", "2024-04-01", "2024-05-01"),
    *("2024-12-25", "2024-12-26", "2025-01-01", "2025-04-18", "2025-04-21", "2025-05-01"),
}
COMPLETE = 14 * 24  # hours at the end in which nothing is missing: they are what a backtest scores
LONGEST_GAP = 30  # hours


@dataclass(frozen=True)
class Household:
    """What makes one household different from the next; powers in kW.

    ``base``     what runs day and night.
    ``workday``  and ``weekend``: peaks of use as (hour, width in hours, height).
    ``heating``  at the coldest time of an ordinary year, in addition.
    ``noise``    the typical relative error of an hour; half as much again in the evening.
    ``gaps``     how many times the meter fell silent.
    """

    name: str
    base: float
    workday: tuple[tuple[float, float, float], ...]
    weekend: tuple[tuple[float, float, float], ...]
    heating: float
    noise: float
    gaps: int
    since: datetime = START
    car_since: datetime | None = None  # from then on charged at night
    away: tuple[tuple[str, int], ...] = ()  # first day, days


HOUSEHOLDS = (
    Household(
        "attic",  # one commuter
        base=0.06,
        workday=((6.5, 0.8, 0.25), (19.5, 1.8, 0.45)),
        weekend=((10.0, 1.8, 0.30), (19.0, 2.5, 0.40)),
        heating=0.10,
        noise=0.22,
        gaps=9,
        away=(("2023-08-05", 12), ("2024-08-10", 14)),
    ),
    Household(
        "cabin",  # empty but for weekends
        base=0.04,
        workday=((20.0, 1.5, 0.06),),
        weekend=((9.5, 1.5, 0.55), (13.0, 1.5, 0.60), (19.0, 2.2, 0.90)),
        heating=0.45,
        noise=0.25,
        gaps=14,
    ),
    Household(
        "farm",  # early risers, much machinery
        base=0.45,
        workday=((5.5, 1.0, 1.90), (11.5, 1.5, 0.80), (17.5, 1.3, 1.70)),
        weekend=((6.0, 1.2, 1.70), (11.5, 1.5, 0.90), (17.5, 1.5, 1.50)),
        heating=0.80,
        noise=0.14,
        gaps=6,
    ),
    Household(
        "flat",  # two who work at home
        base=0.14,
        workday=((8.0, 1.2, 0.30), (12.5, 2.5, 0.35), (19.0, 2.0, 0.60)),
        weekend=((10.5, 1.8, 0.40), (18.5, 2.6, 0.55)),
        heating=0.25,
        noise=0.18,
        gaps=8,
        away=(("2023-12-22", 11), ("2024-07-06", 15), ("2025-02-15", 8)),
    ),
    Household(
        "loft",  # up late
        base=0.12,
        workday=((9.0, 1.0, 0.22), (22.0, 2.4, 0.70)),
        weekend=((12.0, 2.0, 0.35), (23.0, 2.6, 0.80)),
        heating=0.18,
        noise=0.26,
        gaps=11,
        away=(("2024-09-14", 9),),
    ),
    Household(
        "studio",  # moved in after a year and a half
        base=0.07,
        workday=((7.5, 0.9, 0.22), (20.5, 2.0, 0.38)),
        weekend=((11.0, 2.0, 0.28), (20.0, 2.4, 0.36)),
        heating=0.12,
        noise=0.20,
        gaps=3,
        since=datetime(2024, 12, 14, 9),
    ),
    Household(
        "villa",  # a family with a heat pump; a car since the second autumn
        base=0.30,
        workday=((7.0, 0.9, 0.90), (13.0, 2.0, 0.50), (18.5, 1.8, 1.60)),
        weekend=((9.5, 1.6, 0.95), (13.0, 2.0, 0.80), (18.5, 2.2, 1.50)),
        heating=1.60,
        noise=0.15,
        gaps=7,
        car_since=datetime(2024, 10, 7),
        away=(("2024-02-10", 8), ("2024-07-20", 15)),
    ),
)


def main(folder: Path) -> None:
    # RandomState's numbers never change between versions of numpy; those of its successor may (NEP 19).
    random = np.random.RandomState(SEED)
    hours = [START + n * HOUR for n in range((END - START) // HOUR)]
    cold = coldness(hours, random)
    rows = {
        household.name: readings(household, hours, cold, random, present(household, hours, random))
        for household in HOUSEHOLDS
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, (first, end) in YEARS.items():
        lines = [
            f"{hour:%Y-%m-%d %H:%M:%S},{kwh:.3f},{household}\n"
            for household, series in rows.items()
            for hour, kwh in series
            if first <= hour < end
        ]
        (folder / name).write_bytes("".join(lines).encode("ascii"))


def coldness(hours: list[datetime], random: np.random.RandomState) -> Floats:
    """How much heating the weather asks for: 0 in summer, about 1 in January; changes from day to day."""
    days = (END - START).days
    weather = np.zeros(days)
    shocks = random.standard_normal(days)
    for day in range(1, days):
        weather[day] = 0.8 * weather[day - 1] + 0.12 * shocks[day]
    day_of_year = np.array([hour.timetuple().tm_yday + hour.hour / 24 for hour in hours])
    season = 0.5 + 0.5 * np.cos(2 * np.pi * (day_of_year - 18) / 365.25)  # coldest on 18 January
    hour_of_day = np.array([hour.hour for hour in hours])
    night = 0.12 * np.cos(2 * np.pi * (hour_of_day - 5) / 24)  # coldest at five
    return np.maximum(0.0, season**1.5 + np.repeat(weather, 24) * season + night * season)


def present(household: Household, hours: list[datetime], random: np.random.RandomState) -> NDArray[np.bool_]:
    """Which hours have a row."""
    there = np.array([hour >= household.since for hour in hours])
    first = int(np.argmax(there))
    for _ in range(household.gaps):
        start = random.randint(first + 24, len(hours) - COMPLETE - LONGEST_GAP)
        there[start : start + random.randint(1, LONGEST_GAP + 1)] = False
    return there


def readings(
    household: Household,
    hours: list[datetime],
    cold: Floats,
    random: np.random.RandomState,
    there: NDArray[np.bool_],
) -> list[tuple[datetime, float]]:
    """The household's rows: hour and kWh."""
    clock = np.arange(24.0)
    ordinary, free = bumps(clock, household.workday), bumps(clock, household.weekend)
    absent = {
        datetime.fromisoformat(first).date() + timedelta(days=day)
        for first, days in household.away
        for day in range(days)
    }
    noise, carried = random.standard_normal(len(hours)), 0.0
    series = []
    for number, hour in enumerate(hours):
        day_off = hour.weekday() >= 5 or f"{hour:%Y-%m-%d}" in HOLIDAYS
        habits = 0.0 if hour.date() in absent else float((free if day_off else ordinary)[hour.hour])
        # Lights and indoor days: a fifth more in the depth of winter, whatever the weather.
        habits *= 1 + 0.2 * min(1.0, float(cold[number]))
        heating = household.heating * float(cold[number]) * (0.4 if hour.date() in absent else 1.0)
        car = household.car_since is not None and hour >= household.car_since and hour.date() not in absent
        charging = 2.0 if car and hour.hour < 4 else 0.0
        evening = 1.5 if 17 <= hour.hour <= 22 else 1.0
        carried = 0.5 * carried + 0.87 * float(noise[number])  # an hour is like the hour before
        spread = household.noise * evening
        kwh = (household.base + habits + heating + charging) * float(np.exp(spread * carried - spread**2 / 2))
        if there[number]:
            series.append((hour, kwh))
    return series


def bumps(clock: Floats, peaks: tuple[tuple[float, float, float], ...]) -> Floats:
    """Use by hour of the day: a bell around each peak, across midnight."""
    total = np.zeros_like(clock)
    for hour, width, height in peaks:
        away = np.abs(clock - hour)
        total += height * np.exp(-0.5 * (np.minimum(away, 24 - away) / width) ** 2)
    return total


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "train")
