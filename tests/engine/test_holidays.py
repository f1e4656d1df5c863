import numpy as np
import pytest

from stepcast.engine.calendar import period_of
from stepcast.engine.countries import COUNTRIES
from stepcast.engine.frequency import Frequency
from stepcast.engine.holidays import HolidayColumns, holiday_columns, holidays_in


def columns(country: str, frequency: str, first: str, count: int) -> HolidayColumns:
    begin = int(period_of(np.array([first], "datetime64[s]"), Frequency.parse(frequency))[0])
    return holiday_columns((country,), begin + np.arange(count), Frequency.parse(frequency))


def column(found: HolidayColumns, name: str) -> list[float]:
    return [float(value) for value in found.values[:, found.names.index(name)]]


def test_there_are_the_services_66_countries() -> None:
    assert len(set(COUNTRIES)) == 66
    assert "UK" in COUNTRIES
    assert "GB" not in COUNTRIES


@pytest.mark.parametrize("country", COUNTRIES)
def test_every_country_has_holidays_each_year(country: str) -> None:
    for year in (2015, 2021):  # later Ukraine has none: the war suspends them
        assert len(holidays_in(country, year)) >= 4


def test_names_are_the_same_every_year() -> None:
    """What changes from year to year, as the date a day off stands for, is no part of the name."""
    for country in ("RU", "US", "AE", "BY"):
        names = {name for year in range(2010, 2026) for _, name in holidays_in(country, year)}
        assert not [name for name in names if any(letter.isdigit() for letter in name) and "(" in name]
        assert not [name for name in names if "estimated" in name]


def test_years_without_a_calendar_have_no_holidays() -> None:
    assert holidays_in("US", 1) == holidays_in("US", 9999) == ()
    assert holidays_in("IN", 2090) is not None  # no warning either


def test_days_know_their_holiday_and_those_beside_them() -> None:
    found = columns("US", "D", "2023-11-21", 5)  # Thanksgiving is the 23rd

    assert column(found, "US Thanksgiving Day") == [0, 0, 1, 0, 0]
    assert column(found, "US Thanksgiving Day -1") == [0, 1, 0, 0, 0]
    assert column(found, "US Thanksgiving Day +1") == [0, 0, 0, 1, 0]
    assert column(found, "any") == [0, 0, 1, 0, 0]
    assert column(found, "any +2") == [0, 0, 0, 0, 1]
    assert column(found, "on a weekend") == [0, 0, 0, 0, 0]


def test_hours_know_the_holiday_of_their_day() -> None:
    found = columns("UK", "H", "2024-12-24T22:00", 28)

    assert column(found, "UK Christmas Day") == [0, 0, *[1] * 24, 0, 0]
    assert column(found, "any") == [0, 0, *[1] * 26]  # Boxing Day follows


def test_weeks_and_months_count_their_holidays() -> None:
    assert column(columns("DE", "W", "2024-12-16", 3), "any") == [0, 2, 1]
    assert column(columns("DE", "M", "2024-04-01", 3), "any") == [1, 3, 0]
    assert column(columns("DE", "3M", "2024-01-01", 2), "DE Easter Monday") == [0, 1]


def test_holidays_of_several_countries_have_names_of_their_own() -> None:
    begin = int(period_of(np.array(["2024-12-25"], "datetime64[s]"), Frequency.parse("D"))[0])
    found = holiday_columns(("US", "DE"), np.array([begin]), Frequency.parse("D"))

    assert column(found, "any") == [1]
    assert column(found, "US Christmas Day") == column(found, "DE Christmas Day") == [1]
