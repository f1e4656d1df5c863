"""Timestamps split into several columns: a date and a time of day, or year, month, day, hour and minute."""

import re
from collections.abc import Mapping, Sequence

from stepcast.drafting.cells import date_format

__all__ = ["joined_cells", "joined_columns"]

CLOCK = re.compile(r"([01]?\d|2[0-4]):[0-5]\d(:[0-5]\d)?( ?[AaPp][Mm])?")
DIGITS = {
    "year": r"(19|20)\d\d",
    "month": r"0?[1-9]|1[0-2]",
    "day": r"0?[1-9]|[12]\d|3[01]",
    "hour": r"[01]?\d|2[0-4]",
    "minute": r"[0-5]?\d",
}
LOOKED_AT = 1_000  # cells


def joined_columns(columns: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The columns that together form the timestamp, in joining order; empty if one column does.

    >>> joined_columns({"Start": ["00:15", "00:30"], "Day": ["2024-01-01", "2024-01-01"], "kWh": ["1", "2"]})
    ('Day', 'Start')
    >>> joined_columns({"Month": ["1", "2"], "Year": ["2024", "2024"], "Sales": ["7", "8"]})
    ('Year', 'Month')
    """
    forms = {name: date_format(cells) for name, cells in columns.items()}
    days = [name for name, form in forms.items() if form is not None and not re.search("[Hh]", form)]
    clocks = [name for name, cells in columns.items() if _all(CLOCK, cells)]
    if len(days) == 1 and len(clocks) == 1:
        return days[0], clocks[0]
    if any(forms.values()):
        return ()
    by_name = {name.strip().lower(): name for name in columns}
    parts: list[str] = []
    for name, digits in DIGITS.items():
        if name not in by_name or not _all(re.compile(digits), columns[by_name[name]]):
            break  # an hour without a day is none
        parts.append(by_name[name])
    return tuple(parts) if len(parts) > 1 else ()


def joined_cells(parts: Sequence[str]) -> str:
    """The timestamp of a row.

    >>> joined_cells(["2024", "1"]), joined_cells(["31.01.2024", "7:05"])
    ('2024-01-01', '31.01.2024 7:05')
    >>> joined_cells(["2024", "1", "31", "7"])
    '2024-01-31 07:00'
    """
    first, *others = (part.strip() for part in parts)
    if CLOCK.fullmatch(others[-1]):
        return f"{first} {others[-1]}"
    month, day, *clock = others if len(others) > 1 else (others[0], "1")
    date = f"{first}-{month:0>2}-{day:0>2}"
    hour, minute = (*clock, "0", "0")[:2]
    return f"{date} {hour:0>2}:{minute:0>2}" if clock else date


def _all(pattern: re.Pattern[str], cells: Sequence[str]) -> bool:
    return all(pattern.fullmatch(cell.strip()) for cell in cells[:LOOKED_AT])
