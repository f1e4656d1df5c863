import numpy as np
import pytest

from stepcast.engine.calendar import moment_of, period_of
from stepcast.engine.frequency import Frequency
from stepcast.engine.seasonality import phase_of, season_length, usable_season, week_length


@pytest.mark.parametrize(
    ("frequency", "season"),
    [
        ("min", 1440), ("5min", 288), ("10min", 144), ("15min", 96), ("30min", 48), ("7min", 1440),
        ("H", 24), ("2H", 12), ("6H", 4), ("5H", 24), ("D", 7), ("2D", 7), ("W", 52), ("2W", 26), ("3W", 17),
        ("M", 12), ("3M", 4), ("6M", 2), ("5M", 12), ("Y", 1),
    ],
)  # fmt: skip
def test_the_season_is_the_day_the_week_or_the_year(frequency: str, season: int) -> None:
    assert season_length(Frequency.parse(frequency)) == season


@pytest.mark.parametrize(("count", "season"), [(1, 60), (2, 30), (3, 1200), (10, 360), (15, 240), (30, 120)])
def test_the_season_of_seconds_is_the_hour_or_the_minute(count: int, season: int) -> None:
    assert season_length(Frequency(count, "s")) == season


@pytest.mark.parametrize("count", [1, 10])
def test_no_week_stands_behind_the_hour_of_seconds(count: int) -> None:
    assert week_length(Frequency(count, "s")) == 0


def test_business_days_count_monday_to_friday() -> None:
    """Two weeks around 1970-01-01, a Thursday: weekends lie in the Friday before them."""
    unit = Frequency(1, "B")
    days = np.arange(
        np.datetime64("1969-12-22", "s"), np.datetime64("1970-01-12", "s"), np.timedelta64(1, "D")
    )

    periods = period_of(days, unit)

    assert periods.tolist() == [-8, -7, -6, -5, -4, -4, -4, -3, -2, -1, 0, 1, 1, 1, 2, 3, 4, 5, 6, 6, 6]
    working = np.is_busday(days.astype("datetime64[D]"))
    assert (moment_of(periods, unit)[working] == days[working]).all()


@pytest.mark.parametrize(
    "unit",
    [
        *map(Frequency.parse, ["7min", "15min", "H", "5H", "D", "3D", "M", "5M"]),
        *(Frequency(10, "s"), Frequency(1, "s"), Frequency(1, "B")),
    ],
    ids=str,
)
def test_a_season_later_the_calendar_repeats(unit: Frequency) -> None:
    periods = np.arange(20_000, 20_010)

    later = periods + season_length(unit)

    assert (phase_of(periods, unit) == phase_of(later, unit)).all()


def test_less_than_two_seasons_of_history_have_none() -> None:
    assert [usable_season(Frequency.parse("D"), length) for length in (13, 14)] == [1, 7]


def test_a_week_stands_behind_the_day() -> None:
    assert week_length(Frequency.parse("30min")) == 336


@pytest.mark.parametrize(
    ("frequency", "moments"),
    [
        ("H", ["2024-03-01T14", "2025-11-30T14"]),
        ("D", ["2024-03-01", "2024-03-08"]),
        ("W", ["2024-01-01", "2018-01-01"]),
        ("M", ["2024-03", "1960-03"]),
        ("Y", ["2024", "1960"]),
    ],
)
def test_comparable_times_have_the_same_phase(frequency: str, moments: list[str]) -> None:
    unit = Frequency.parse(frequency)

    phases = phase_of(period_of(np.array(moments, dtype="datetime64[s]"), unit), unit)

    assert phases[0] == phases[1]


def test_weeks_count_from_new_year() -> None:
    unit = Frequency.parse("W")
    mondays = np.array(["2024-01-01", "2024-01-08", "2024-12-30"], dtype="datetime64[s]")

    assert phase_of(period_of(mondays, unit), unit).tolist() == [0, 1, 52]
