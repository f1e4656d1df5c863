"""Recognizes single cells: dates in a format, numbers in a notation."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from stepcast.pipeline.importing.columns.timestamp_formats import format_of

__all__ = [
    "MISSING",
    "PLAIN",
    "date_format",
    "decimal_comma",
    "is_number",
    "moment_of_cell",
    "number_of_cell",
]

LOOKED_AT = 100  # cells
MOSTLY = 0.9
PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
EUROPEAN = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?", re.ASCII)
MISSING = {
    "",
    "nan",
    "null",
    "none",
    "na",
    "n/a",
    "#n/a",
    "<na>",
    "nil",
    "missing",
    "-",
    "--",
    "?",
    ".",
    "\\n",
}
EPOCH = {"seconds since 1970": 1, "milliseconds since 1970": 1_000}
BARE = {"yyyyMMdd", "yyyy", *EPOCH}  # they may also be numbers
MONTHS = {
    **{f"MM{mark}yyyy": re.compile(rf"(0[1-9]|1[0-2])\{mark}(19|20)\d\d") for mark in "/.-"},
    **{f"MMM{mark}yyyy": re.compile(rf"[A-Za-z]{{3}}\{mark}(19|20)\d\d") for mark in " -"},
    "MMM-yy": re.compile(r"[A-Za-z]{3}-\d\d"),
}
LETTERS = {
    "yyyy": "%Y",
    "yy": "%y",
    "MMM": "%b",
    "MM": "%m",
    "M": "%m",
    "dd": "%d",
    "d": "%d",
    "HH": "%H",
    "H": "%H",
    "hh": "%I",
    "h": "%I",
    "mm": "%M",
    "ss": "%S",
    "SSS": "%f",
    "XXX": "%z",  # Java's letters for an offset such as +01:00
    "a": "%p",
    "T": "T",
}
WORDS = re.compile("|".join(sorted(LETTERS, key=len, reverse=True)))


def date_format(cells: Sequence[str], *, bare: bool = False) -> str | None:
    """The format of nearly all cells, two with ``or`` if day and month are ambiguous; otherwise, None.

    ``bare``  also accept cells with only digits: 20240131, 2024 or seconds since 1970.

    >>> date_format(["31.01.2024", "01.02.2024"]), date_format(["20240131"]), date_format(["lamp"])
    ('dd.MM.yyyy', None, None)
    """
    texts = [text.replace(" 24:00", " 00:00") for cell in cells if (text := cell.strip())]
    step = max(1, len(texts) // LOOKED_AT)
    texts = list(dict.fromkeys(texts[::step]))[:LOOKED_AT]
    dated = [text for text in texts if _form_of([text]) is not None]
    if not dated or len(dated) < MOSTLY * len(texts):
        return None
    found = _form_of(dated)
    if found is None:  # several formats: the most frequent one
        common, count = Counter(_form_of([text]) for text in dated).most_common(1)[0]
        found = common if count >= MOSTLY * len(texts) else None
    return found if bare or found not in BARE else None


def _form_of(cells: Sequence[str]) -> str | None:
    """Like format_of, but also months that no TimestampFormat has: 01/2024."""
    month = next((form for form, fits in MONTHS.items() if all(map(fits.fullmatch, cells))), None)
    return month or format_of(cells)


def is_number(cell: str) -> bool:
    """Whether it is a number in any notation, or a word for a missing value.

    >>> [is_number(text) for text in ("1.5", "1.234,5", "N/A", "lamp")]
    [True, True, True, False]
    """
    text = cell.strip()
    return text.lower() in MISSING or bool(PLAIN.fullmatch(text) or EUROPEAN.fullmatch(text))


def decimal_comma(cells: Sequence[str]) -> bool:
    """Whether the numbers are written with decimal commas: 1.234,5.

    >>> decimal_comma(["7", "1.234,5"]), decimal_comma(["7", "1,234.5"]), decimal_comma(["7", "8"])
    (True, False, False)
    """
    texts = [cell.strip() for cell in cells]
    return any("," in text for text in texts) and all(
        EUROPEAN.fullmatch(text) or text.lower() in MISSING for text in texts
    )


def number_of_cell(cell: str, comma: bool) -> float | None:
    """The number; None if there is none."""
    text = cell.strip()
    if comma:
        text = text.replace(".", "").replace(",", ".")
    return float(text) if PLAIN.fullmatch(text) else None


def moment_of_cell(cell: str, form: str, zone: str | None = None) -> datetime | None:
    """The moment in the local time that it shows, or in that of ``zone``; None if it has another format.

    >>> moment_of_cell("31.01.2024 7:05", "dd.MM.yyyy H:mm")
    datetime.datetime(2024, 1, 31, 7, 5)
    """
    text = cell.strip()
    if form in EPOCH:
        try:
            return datetime.fromtimestamp(int(text) / EPOCH[form], UTC).replace(tzinfo=None)
        except (ValueError, OverflowError):
            return None
    late = " 24:00" in text
    try:
        moment = datetime.strptime(text.replace(" 24:00", " 00:00"), _strptime(form))
    except ValueError:
        return None
    if zone is not None and moment.tzinfo is not None:
        moment = moment.astimezone(ZoneInfo(zone))
    moment = moment.replace(tzinfo=None)
    return moment + timedelta(days=1) if late else moment


@cache
def _strptime(form: str) -> str:
    return WORDS.sub(lambda letters: LETTERS[letters[0]], form)
