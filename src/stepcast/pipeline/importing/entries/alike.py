"""Names that look the same to a person: they differ in case, spaces or invisible characters."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence

import numpy as np

__all__ = ["Alike", "difference", "folded", "look_alikes"]


def _seen(text: str) -> str:
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cf")


def _composed(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _one_blank(text: str) -> str:
    return " ".join(text.split())


def _without_fraction(text: str) -> str:
    return text[:-2] if text.endswith(".0") and text[:-2].isdecimal() else text


# Differences that are easily overlooked, and what pandas adds to numbers; in the order of their removal.
STEPS: dict[str, Callable[[str], str]] = {
    "invisible characters": _seen,
    "the encoding of accented letters": _composed,
    "spaces": _one_blank,
    "case": str.casefold,
    "a trailing .0": _without_fraction,
}
ASCII_STEPS = (_one_blank, str.casefold, _without_fraction)


def folded(name: str) -> str:
    """``name`` without easily overlooked differences.

    >>> folded(" Lamp  12") == folded("lamp\\u00a012"), folded("12.0") == folded("12")
    (True, True)
    """
    for step in ASCII_STEPS if name.isascii() else STEPS.values():
        name = step(name)
    return name


def difference(one: str, other: str) -> str:
    """How two similar names differ: the differences that remain if all others are removed.

    >>> difference("A1", "a1"), difference("A 1", "a  1"), difference("007", "7")
    ('case', 'spaces and case', 'leading zeros')
    """
    if folded(one) != folded(other):
        return "leading zeros"
    found = []
    for word in STEPS:
        pair = [one, other]
        for step in (step for name, step in STEPS.items() if name != word):
            pair = [step(text) for text in pair]
        if pair[0] != pair[1]:
            found.append(word)
    return " and ".join(found) or "spaces"


def look_alikes(names: Sequence[str]) -> list[list[str]]:
    """Groups of different names that look alike; needs 16 bytes per name."""
    hashes = np.fromiter((hash(folded(name)) for name in names), np.int64, len(names))
    order = np.argsort(hashes, kind="stable")
    again = np.flatnonzero(hashes[order][1:] == hashes[order][:-1])
    groups: dict[str, list[str]] = {}
    for place in np.unique(np.concatenate([order[again], order[again + 1]])).tolist():
        groups.setdefault(folded(names[place]), []).append(names[place])
    return [alike for alike in groups.values() if len(alike) > 1]


class Alike:
    """Finds the one of ``names`` that looks alike, ignoring leading zeros, which spreadsheets drop."""

    def __init__(self, names: Iterable[str], place: str) -> None:
        self._place = place
        self._names: dict[str, str] = {}
        for name in names:
            self._names.setdefault(_without_zeros(folded(name)), name)

    def hint(self, name: str) -> str:
        """``; metadata/ has 'a1', which differs only in case``, or nothing."""
        other = self._names.get(_without_zeros(folded(name)))
        if other is None or other == name:
            return ""
        return f"; {self._place} has {other!r}, which differs only in {difference(name, other)}"


def _without_zeros(text: str) -> str:
    return text.lstrip("0") or text
