"""Common names of frequencies, and the service's notation for them."""

import re

from stepcast.engine.frequency import Frequency

__all__ = ["frequency_remedy"]

# Names to unit and count. Lower case except for M, which the service distinguishes from m.
WORDS: dict[str, tuple[int, str]] = {
    word: (count, unit)
    for words, count, unit in (
        ("m t mn min mins minute minutes minutely", 1, "min"),
        ("h hr hrs hour hours hourly bh cbh", 1, "H"),
        ("d day days daily", 1, "D"),
        ("w wk wks week weeks weekly", 1, "W"),
        ("mo mos mon month months monthly ms me sm sms sme bm bms bme", 1, "M"),
        ("q qs qe bq bqs bqe quarter quarters quarterly", 3, "M"),
        ("y a ys ye as by ba bys bye bas yr yrs year years yearly annual annually", 1, "Y"),
        ("fortnight fortnights fortnightly biweekly", 2, "W"),
        ("halfhour halfhourly", 30, "min"),
        ("quarterhour quarterhourly", 15, "min"),
        ("semiannual semiannually halfyear halfyearly", 6, "M"),
    )
    for word in words.split()
}
BUSINESS_DAYS = {
    "b",
    "c",
    "bd",
    "cd",
    "bday",
    "bdays",
    "business",
    "businessday",
    "businessdays",
    "weekday",
    "weekdays",
}
SECONDS = {"s", "sec", "secs", "second", "seconds", "secondly", "l", "us", "ns"}
NEXT = {"min": (60, "H"), "H": (24, "D"), "D": (7, "W"), "M": (12, "Y")}
ALLOWED = "an integer and a unit: 1-59 min, 1-23 H, 1-6 D, 1-4 W, 1-11 M, or Y"


def frequency_remedy(text: str) -> str:
    """What to write instead of ``text``, which is not a valid frequency.

    >>> frequency_remedy("15T")
    "Did you mean '15min'? A frequency is an integer and a unit: 1-59 min, 1-23 H, 1-6 D, 1-4 W, 1-11 M, or Y"
    """
    # pandas appends the anchor: W-SUN, QS-JAN; ISO 8601 starts with P: PT15M, P1D.
    plain = re.sub(r"-[A-Z]{3}$", "", text.strip())
    iso = re.fullmatch(r"P(T?)(\d{1,9})([A-Z])", plain)
    if iso is not None:
        plain = iso[2] + ("min" if iso[1] and iso[3] == "M" else iso[3])
    given = re.fullmatch(r"(\d{0,9})[\s_-]*([A-Za-z][A-Za-z\s_-]*)", plain)
    if given is None:
        return f"Write {ALLOWED}"
    count, word = int(given[1] or 1), re.sub(r"[^a-z]", "", given[2].lower())
    if word in BUSINESS_DAYS:
        return (
            "There is no frequency for business days. Write D, and leave weekends to the models with "
            '"middlefill": "nan" in the target\'s FeaturizationMethodParameters'
        )
    if word in SECONDS:
        return "The shortest frequency is a minute. Write 1min; the rows of each minute are aggregated"
    unit = (1, "M") if given[2] == "M" else WORDS.get(word)
    if unit is None:
        return f"Write {ALLOWED}"
    found = _allowed(count * unit[0], unit[1])
    return f"Did you mean {found!r}? A frequency is {ALLOWED}" if found else f"Write {ALLOWED}"


def _allowed(count: int, unit: str) -> str | None:
    """The frequency of this length in the largest possible unit; None if it is not allowed."""
    while True:
        try:
            return str(Frequency.parse(f"{count}{unit}"))
        except ValueError:
            size, larger = NEXT.get(unit, (0, ""))
            if count == 0 or not size or count % size:
                return None
            count, unit = count // size, larger
