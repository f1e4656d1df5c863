"""Frequencies as pandas writes them, in the words of params.json."""

import re

__all__ = ["frequency_of"]

UNITS = {
    "min": ("min", 1),
    "t": ("min", 1),
    "h": ("H", 1),
    "d": ("D", 1),
    "w": ("W", 1),
    **dict.fromkeys(("m", "ms", "me"), ("M", 1)),
    **dict.fromkeys(("q", "qs", "qe"), ("M", 3)),
    **dict.fromkeys(("y", "ys", "ye", "a", "as"), ("Y", 1)),
}


def frequency_of(text: str) -> str:
    """pandas' alias as a frequency; anything else as it is, to be refused.

    Where periods begin, such as W-SUN, is found in the rows.

    >>> [frequency_of(text) for text in ("1h", "15T", "D", "W-SUN", "2QS-OCT", "ME", "7X")]
    ['H', '15min', 'D', 'W', '6M', 'M', '7X']
    """
    match = re.fullmatch(r"(\d*)([A-Za-z]+)(-[A-Z]{3})?", text.strip())
    if match is None or match[2].lower() not in UNITS:
        return text
    unit, times = UNITS[match[2].lower()]
    count = int(match[1] or 1) * times
    return f"{count if count > 1 else ''}{unit}"
