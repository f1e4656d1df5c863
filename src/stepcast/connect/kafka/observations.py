"""Observations in messages: where item, time, value and dimensions are, and how they are parsed."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from stepcast.connect.errors import ConnectorError

__all__ = ["Message", "Observation", "Reader", "Unreadable", "named", "reader"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
COLUMN = re.compile("[a-zA-Z][a-zA-Z0-9_]{0,60}")  # names that params.json allows
TAKEN = ("item_id", "timestamp", "target_value")
FAR = 10**13  # milliseconds since 1970 in the year 2286, after LATEST
EPOCH_TEXT = re.compile(r"-?\d{9,}(\.\d+)?")
# The unit of a number since 1970 follows from its size: 1e11 s is the year 5138, 1e11 ms is 1973.
UNITS: tuple[tuple[float, float], ...] = ((1e11, 1), (1e14, 1e3), (1e17, 1e6), (math.inf, 1e9))
KEY, MESSAGE, HEADER = "key", "message", "header:"


class Unreadable(Exception):
    """A message that is not an observation; the text is the reason."""


class Message(NamedTuple):
    """A message of a topic; a ``value`` of None (a tombstone) deletes what the key names."""

    partition: int
    offset: int
    time: int  # milliseconds since 1970
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Observation(NamedTuple):
    """``key`` is the item, then the dimensions; ``value`` is None if it is missing."""

    key: tuple[str, ...]
    moment: datetime
    value: float | None


@dataclass(frozen=True)
class Reader:
    """Parses messages; ``columns`` are item_id and the dimensions."""

    columns: tuple[str, ...]
    decode: Callable[[bytes], Any]
    key: tuple[tuple[str, str], ...]  # column and place
    time: str
    value: str

    @property
    def item_is_key(self) -> bool:
        """Whether the message key is the item, so that a tombstone names one."""
        return self.key[0][1] == KEY

    def item_of(self, message: Message) -> str:
        return _text(_found(message, None, self.key[0][1]), self.key[0][0])

    def read(self, message: Message) -> Observation:
        """Parse a message; Unreadable if it is not an observation."""
        if message.value is None:
            raise Unreadable("it has no value")
        document = self.decode(message.value)
        key = tuple(_text(_found(message, document, place), name) for name, place in self.key)
        if self.time == MESSAGE:
            if message.time < 0:
                raise Unreadable("it has no timestamp of its own")
            # A producer may have stamped nanoseconds: timedelta overflows, and they are out of range anyway.
            stamped = EPOCH + timedelta(milliseconds=min(message.time, FAR))
            moment = _in_range(stamped, message.time)
        else:
            moment = _moment(_found(message, document, self.time))
        return Observation(key, moment, _number(_found(message, document, self.value)))


def named(dimension: str) -> tuple[str, str]:
    """A dimension's column and place; the default column name is the last part of the pointer.

    >>> named("region=/site/region"), named("/site/region")
    (('region', '/site/region'), ('region', '/site/region'))
    """
    name, is_pair, place = dimension.partition("=")
    return (name, place) if is_pair else (dimension.rpartition("/")[2], dimension)


def reader(
    decode: Callable[[bytes], Any], item: str, timestamp: str, value: str, dimensions: Mapping[str, str]
) -> Reader:
    """A Reader of these places: JSON pointers, ``key``, ``header:NAME``; ``message`` for the timestamp."""
    for name, place in (("--item", item), ("--value", value), *dimensions.items()):
        _check(name, place, place == KEY or place.startswith(HEADER))
    _check("--timestamp", timestamp, timestamp == MESSAGE or timestamp.startswith(HEADER))
    for name in dimensions:
        if not COLUMN.fullmatch(name) or name in TAKEN:
            raise ConnectorError(
                f"--dimension {name}: a column name has letters, digits and _, and is none of "
                f"{', '.join(TAKEN)}: write NAME=POINTER"
            )
    columns = (("item_id", item), *dimensions.items())
    return Reader(tuple(name for name, _ in columns), decode, columns, timestamp, value)


def _check(name: str, place: str, is_other: bool) -> None:
    if not is_other and not place.startswith("/"):
        more = ", or message" if name == "--timestamp" else ", or key"
        raise ConnectorError(
            f"{name} {place!r} is not a JSON pointer: write one such as /sensor/id, or header:NAME{more}"
        )


def _found(message: Message, document: Any, place: str) -> Any:
    if place == KEY:
        if message.key is None:
            raise Unreadable("it has no key")
        return _utf8(message.key, "its key")
    if place.startswith(HEADER):
        name = place.removeprefix(HEADER)
        for header, content in reversed(message.headers):  # the last header of a name counts
            if header == name and content is not None:
                return _utf8(content, f"its header {name}")
        raise Unreadable(f"it has no header {name}")
    for part in place.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            raise Unreadable(f"it has no {place}")
    return document


def _utf8(content: bytes, what: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise Unreadable(f"{what} is not UTF-8 text") from None


def _text(found: Any, column: str) -> str:
    if isinstance(found, bool) or not isinstance(found, str | int | float | Decimal) or found == "":
        raise Unreadable(f"its {column} is {_shown(found)}")
    return str(found)


def _number(found: Any) -> float | None:
    """A number, or None if it is missing: null, NaN, an infinity or empty text."""
    if found is None or found == "":
        return None
    if isinstance(found, bool) or not isinstance(found, str | int | float | Decimal):
        raise Unreadable(f"its value is {_shown(found)}")
    try:
        if isinstance(found, str) and "_" in found:
            raise ValueError
        number = float(found)
    except (ValueError, OverflowError):
        raise Unreadable(f"its value {_shown(found)} is not a number") from None
    return number if math.isfinite(number) else None


def _moment(found: Any) -> datetime:
    """A time in UTC; without a zone it is taken as UTC."""
    try:
        if isinstance(found, str):
            text = found.strip()
            found = float(text) if EPOCH_TEXT.fullmatch(text) else datetime.fromisoformat(text)
        if isinstance(found, datetime):
            moment = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        elif isinstance(found, date):
            moment = datetime(found.year, found.month, found.day, tzinfo=UTC)
        elif isinstance(found, int | float | Decimal) and not isinstance(found, bool):
            since = float(found)
            unit = next(unit for below, unit in UNITS if abs(since) < below)
            moment = EPOCH + timedelta(seconds=since / unit)
        else:
            raise TypeError
    except (TypeError, ValueError, OverflowError, StopIteration):
        raise Unreadable(f"its timestamp {_shown(found)} is neither ISO 8601 nor a time since 1970") from None
    return _in_range(moment, found)


def _in_range(moment: datetime, found: Any) -> datetime:
    if not EARLIEST <= moment < LATEST:
        raise Unreadable(f"its timestamp {_shown(found)} is not between the years 1900 and 2200")
    return moment


def _shown(found: Any) -> str:
    """A short form for messages, which must not repeat whole documents."""
    if isinstance(found, dict | list):
        return "an object" if isinstance(found, dict) else "a list"
    text = "null" if found is None else repr(found) if isinstance(found, str) else str(found)
    return f"{text[:40]}..." if len(text) > 40 else text
