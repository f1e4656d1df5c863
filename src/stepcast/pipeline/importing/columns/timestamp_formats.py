"""Guesses the format of timestamps, for the remedy if it is not the stated one."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import product

__all__ = ["DAY", "MOMENT", "format_of"]

DAY = "yyyy-MM-dd"
MOMENT = "yyyy-MM-dd HH:mm:ss"

# Padded forms first: they are more specific, the others fit with and without zeros. ``_`` stands for a space.
DATES = (
    "yyyy-MM-dd yyyy/MM/dd yyyy.MM.dd dd/MM/yyyy MM/dd/yyyy dd.MM.yyyy MM.dd.yyyy dd-MM-yyyy MM-dd-yyyy "
    "dd/MM/yy MM/dd/yy dd.MM.yy yyyyMMdd dd-MMM-yyyy dd_MMM_yyyy "
    "yyyy-M-d yyyy/M/d d/M/yyyy M/d/yyyy d.M.yyyy d-M-yyyy M-d-yyyy d/M/yy M/d/yy d_MMM_yyyy MMM_d,_yyyy"
)
TIMES = (
    "_HH:mm:ss _HH:mm THH:mm:ss THH:mm _HH:mm:ss.SSS THH:mm:ss.SSS HHmmss HHmm THHmmss "
    "_HH:mm:ssXXX THH:mm:ssXXX _HH:mm:ss.SSSXXX THH:mm:ss.SSSXXX THH:mmXXX "
    "_hh:mm:ss_a _hh:mm_a _H:mm:ss _H:mm _h:mm:ss_a _h:mm_a _HH"
)
OTHERS = {
    "yyyy-MM": r"\d{4}-(0[1-9]|1[0-2])",
    "yyyy": r"(19|20)\d\d",
    "seconds since 1970": r"\d{9,10}",
    "milliseconds since 1970": r"\d{12,13}",
}
MONTHS = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
PARTS = {
    "yyyy": r"\d{4}",
    "yy": r"\d\d",
    "MMM": MONTHS,
    "MM": r"(0[1-9]|1[0-2])",
    "M": r"(0?[1-9]|1[0-2])",
    "dd": r"(0[1-9]|[12]\d|3[01])",
    "d": r"(0?[1-9]|[12]\d|3[01])",
    "HH": r"([01]\d|2[0-3])",
    "H": r"([01]?\d|2[0-3])",
    "hh": r"(0[1-9]|1[0-2])",
    "h": r"(0?[1-9]|1[0-2])",
    "mm": r"[0-5]\d",
    "SSS": r"\d{1,9}",
    "ss": r"[0-5]\d",
    "XXX": r" ?(Z|[+-]\d\d:?\d\d)",
    "a": r"(?i:am|pm)",
}
LETTERS = re.compile("|".join(sorted(PARTS, key=len, reverse=True)))


def format_of(cells: Sequence[str]) -> str | None:
    """The format of all cells, in TimestampFormat's letters; two formats if day and month are ambiguous.

    >>> format_of(["31/01/2014 13:00"]), format_of(["01/02/2014"]), format_of(["1388538000"])
    ('dd/MM/yyyy HH:mm', 'dd/MM/yyyy or MM/dd/yyyy', 'seconds since 1970')
    """
    texts = [cell.strip() for cell in cells]
    fitting = [name for name, pattern in _patterns() if texts and all(map(pattern.fullmatch, texts))]
    if not fitting:
        return None
    first = fitting[0]
    swapped = [
        name for name in fitting[1:] if sorted(name) == sorted(first)
    ]  # the same letters in a different order
    return f"{first} or {swapped[0]}" if swapped else first


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    combined = [
        (date + time).replace("_", " ") for date, time in product(DATES.split(), ["", *TIMES.split()])
    ]
    made = [(name, re.compile(_expression(name), re.ASCII)) for name in combined]
    return tuple(made) + tuple((name, re.compile(text, re.ASCII)) for name, text in OTHERS.items())


def _expression(name: str) -> str:
    parts, position = [], 0
    for letters in LETTERS.finditer(name):
        parts += [re.escape(name[position : letters.start()]), PARTS[letters[0]]]
        position = letters.end()
    return "".join(parts) + re.escape(name[position:])
