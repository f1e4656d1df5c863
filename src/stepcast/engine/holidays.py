"""Public holidays as numbers of each period: which day it is, and how near the holidays are.

Below a day and for days a column says whether the day is a holiday, for longer periods how many of its days
are. Columns have names that are the same on every machine and for every span of time, so that what one series
teaches about ``US Thanksgiving Day`` another can use.
"""

import re
import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.calendar import moment_of
from stepcast.engine.frequency import Frequency

__all__ = ["HolidayColumns", "holiday_columns", "holidays_in"]


# What most people of the country keep: without a part of it, the package leaves out Easter Monday and the
# August bank holiday, which Scotland does not have.
PARTS = {"UK": ("GB", "ENG")}
FIRST_YEAR, LAST_YEAR = 1900, 2100  # the package knows none outside
AROUND = 3  # days before and after any holiday that have columns of their own
BESIDE = 1  # days before and after a holiday by its name
DAY_PARTS = 8  # a holiday changes the profile of the day: one column for each of so many parts


@dataclass(frozen=True)
class HolidayColumns:
    """``values`` (periods, columns) and the columns' ``names``; the first counts the holidays in a period."""

    names: tuple[str, ...]
    values: Floats


@lru_cache(maxsize=4096)
def holidays_in(country: str, year: int) -> tuple[tuple[int, str], ...]:
    """The days (since 1970) and English names of a country's public holidays in one year, in order.

    A day off in place of a holiday is called ``(observed)`` whatever it stands for: what people do then
    depends little on that. Years that the calendars do not reach have none.

    Source:  the package holidays, https://github.com/vacanza/holidays.

    >>> from datetime import date
    >>> [(str(date.fromordinal(719163 + day)), name) for day, name in holidays_in("UK", 2024)[1:3]]
    [('2024-03-29', 'UK Good Friday'), ('2024-04-01', 'UK Easter Monday')]
    """
    import holidays  # here, because only who asks for holidays is to wait for it

    if not FIRST_YEAR <= year <= LAST_YEAR:
        return ()
    code, part = PARTS.get(country, (country, None))
    language = "en_US" if "en_US" in holidays.country_holidays(code).supported_languages else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the dates of some calendars are only known for some years
        found = holidays.country_holidays(code, subdiv=part, years=year, language=language)
    first = np.datetime64("1970-01-01")
    named = {
        (int((np.datetime64(day) - first).astype(int)), f"{country} {_plain(name)}")
        for day, names in found.items()
        for name in names.split("; ")
    }
    return tuple(sorted(named))


def _plain(name: str) -> str:
    """``name`` without what differs from year to year.

    >>> _plain("Eid al-Fitr (estimated)"), _plain("Labor Day (observed)")
    ('Eid al-Fitr', '(observed)')
    """
    if re.search(r"\((observed|substituted|in lieu)|^(Alternative|Substitute) ", name):
        return "(observed)"
    return re.sub(r"\s*\((observed, )?estimated\)", "", name)


def holiday_columns(countries: tuple[str, ...], periods: Integers, frequency: Frequency) -> HolidayColumns:
    """What the holidays of ``countries`` are in consecutive ``periods``.

    Days: the holiday by its name with the day before and after it, any holiday with three days before and
    after, and whether it falls on a weekend. Hours and minutes: the day's holiday by its name, and any
    holiday from Monday to Friday by the part of the day. Longer periods: how many of the days are holidays,
    any and by name.

    >>> found = holiday_columns(("US",), np.arange(18_260, 18_263), Frequency.parse("D"))  # 2019-12-30 on
    >>> found.names[0], found.values[:, 0]
    ('any', array([0., 0., 1.]))
    """
    begins = (
        moment_of(np.append(periods, periods[-1] + 1), frequency).astype("datetime64[D]").astype(np.int64)
    )
    if frequency.has_time_of_day:
        begins = begins[:-1]
    first, last = int(begins[0]) - AROUND, int(begins[-1]) + AROUND
    by_name = _by_name(countries, first, last)
    everything = np.unique(np.concatenate([np.empty(0, np.int64), *by_name.values()]))
    columns: dict[str, Floats] = {}
    if frequency.has_time_of_day:
        columns["any"] = np.isin(begins, everything).astype(float)
        seconds = moment_of(periods, frequency).astype("datetime64[s]").astype(np.int64) % 86_400
        busy = columns["any"] * ((begins + 3) % 7 < 5)
        part = seconds * DAY_PARTS // 86_400
        for number in range(DAY_PARTS):
            columns[f"part {number + 1} of a weekday"] = busy * (part == number)
        columns |= {name: np.isin(begins, days).astype(float) for name, days in by_name.items()}
    elif frequency.unit == "D" and frequency.count == 1:
        days = begins[:-1]
        columns["any"] = np.isin(days, everything).astype(float)
        columns["on a weekend"] = columns["any"] * ((days + 3) % 7 >= 5)
        for away in [*range(-AROUND, 0), *range(1, AROUND + 1)]:
            columns[f"any {away:+}"] = np.isin(days - away, everything).astype(float)
        for name, own in by_name.items():
            for away in range(-BESIDE, BESIDE + 1):
                label = f"{name} {away:+}" if away else name
                columns[label] = np.isin(days - away, own).astype(float)
    else:
        columns["any"] = _count(everything, begins)
        columns |= {name: _count(days, begins) for name, days in by_name.items()}
    return HolidayColumns(tuple(columns), np.stack(list(columns.values()), axis=1))


def _by_name(countries: tuple[str, ...], first: int, last: int) -> dict[str, Integers]:
    """Days from ``first`` to ``last`` by holiday, in the order of the names."""
    years = np.array([first, last], "datetime64[D]").astype("datetime64[Y]").astype(int) + 1970
    begin, end = max(int(years[0]), FIRST_YEAR), min(int(years[1]), LAST_YEAR)
    found: dict[str, list[int]] = {}
    for country in countries:
        for year in range(begin, end + 1):
            for day, name in holidays_in(country, year):
                if first <= day <= last:
                    found.setdefault(name, []).append(day)
    return {name: np.array(found[name], np.int64) for name in sorted(found)}


def _count(days: Integers, begins: Integers) -> Floats:
    """How many of the rising ``days`` lie in each period, from one of ``begins`` to before the next."""
    return np.diff(np.searchsorted(days, begins)).astype(float)
