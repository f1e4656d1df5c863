"""The observations of one item in one open period, aggregated as they arrive."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Literal

__all__ = ["AGGREGATIONS", "Aggregation", "Bucket", "Doubled"]

Aggregation = Literal["sum", "avg", "first", "last", "min", "max", "count"]
Doubled = Literal["keep", "replace", "drop"]

HEAD = struct.Struct("<qqdqH")  # period, count, combined, moment, number of recent observations
RECENT = struct.Struct("<qd")


@dataclass(slots=True)
class Bucket:
    """``recent`` holds the last observations, which a duplicate may still replace; older ones are combined.

    ``count``, ``combined`` and ``moment`` are their number, their sum (or first, last, least, greatest value)
    and the time of this value. They are added one by one in order of arrival, so that batches cannot change
    the rounding.
    """

    period: int
    count: int = 0
    combined: float = 0.0
    moment: int = 0
    recent: list[tuple[int, float]] = field(default_factory=list)

    def add(self, moment: int, value: float, how: Aggregation, doubled: Doubled, window: int) -> bool:
        """Add an observation; True if it is a duplicate: one of the ``window`` before it has the same time.

        A duplicate replaces the earlier one, or is dropped. With ``keep``, times are not compared.
        """
        if doubled == "keep":  # nothing will be replaced: combine immediately
            self._combine(moment, value, COMBINES[how])
            return False
        recent = self.recent
        for place, (earlier, _) in enumerate(recent):
            if earlier == moment:
                if doubled == "replace":
                    recent[place] = (moment, value)
                return True
        recent.append((moment, value))
        if len(recent) > window:
            self._combine(*recent.pop(0), COMBINES[how])
        return False

    def value(self, how: Aggregation) -> float:
        """The value of the period."""
        whole = Bucket(self.period, self.count, self.combined, self.moment)
        combines = COMBINES[how]
        for moment, value in self.recent:
            whole._combine(moment, value, combines)
        if how == "avg":
            return whole.combined / whole.count
        return float(whole.count) if how == "count" else whole.combined

    def _combine(self, moment: int, value: float, combines: "Combine") -> None:
        if self.count == 0:
            self.combined, self.moment = value, moment
        else:
            self.combined, self.moment = combines(self.combined, self.moment, value, moment)
        self.count += 1

    def to_bytes(self) -> bytes:
        head = self.period, self.count, self.combined, self.moment, len(self.recent)
        return _layout(len(self.recent)).pack(*head, *chain.from_iterable(self.recent))

    @classmethod
    def read(cls, data: bytes, at: int) -> tuple["Bucket", int]:
        """The bucket at position ``at`` of ``data``, and the position after it."""
        period, count, combined, moment, length = HEAD.unpack_from(data, at)
        at += HEAD.size
        end = at + length * RECENT.size
        return cls(period, count, combined, moment, [*RECENT.iter_unpack(data[at:end])]), end


@cache
def _layout(count: int) -> struct.Struct:
    """The struct of a bucket with ``count`` recent observations."""
    return struct.Struct(HEAD.format + count * RECENT.format.removeprefix("<"))


Combine = Callable[[float, int, float, int], tuple[float, int]]


def _add(combined: float, since: int, value: float, moment: int) -> tuple[float, int]:
    return combined + value, max(since, moment)


def _first(combined: float, since: int, value: float, moment: int) -> tuple[float, int]:
    return (value, moment) if moment < since else (combined, since)


def _last(combined: float, since: int, value: float, moment: int) -> tuple[float, int]:
    return (value, moment) if moment >= since else (combined, since)


def _least(combined: float, since: int, value: float, moment: int) -> tuple[float, int]:
    return (value, moment) if value < combined else (combined, since)


def _greatest(combined: float, since: int, value: float, moment: int) -> tuple[float, int]:
    return (value, moment) if value > combined else (combined, since)


COMBINES: dict[Aggregation, Combine] = {
    "sum": _add,
    "avg": _add,
    "first": _first,
    "last": _last,
    "min": _least,
    "max": _greatest,
    "count": _add,
}
AGGREGATIONS: tuple[Aggregation, ...] = tuple(COMBINES)
