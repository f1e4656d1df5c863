"""What of a message is an observation: where item, time, value and dimensions are, and how they read."""

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
COLUMN = re.compile("[a-zA-Z][a-zA-Z0-9_]{0,60}")  # what params.json may call one
TAKEN = ("item_id", "timestamp", "target_value")
EPOCH_TEXT = re.compile(r"-?\d{9,}(\.\d+)?")
# Since 1970, in what: by size, as 1e11 seconds are the year 5138, and 1e11 milliseconds 1973.
UNITS: tuple[tuple[float, float], ...] = ((1e11, 1), (1e14, 1e3), (1e17, 1e6), (math.inf, 1e9))
KEY, MESSAGE, HEADER = "key", "message", "header:"


class Unreadable(Exception):
    """A message is not what it should be; the text says in what."""


class Message(NamedTuple):
    """One of a topic: ``value`` None where it deletes what its key names."""

    partition: int
    offset: int
    time: int  # milliseconds since 1970
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Observation(NamedTuple):
    """``key`` has the item first, then the dimensions; ``value`` None where it is missing."""

    key: tuple[str, ...]
    moment: datetime
    value: float | None


@dataclass(frozen=True)
class Reader:
    """Reads messages; ``columns`` are item_id and the dimensions."""

    columns: tuple[str, ...]
    decode: Callable[[bytes], Any]
    key: tuple[tuple[str, str], ...]  # column and place
    time: str
    value: str

    @property
    def item_is_key(self) -> bool:
        """Whether a message without a value names an item."""
        return self.key[0][1] == KEY

    def item_of(self, message: Message) -> str:
        return _text(_found(message, None, self.key[0][1]), self.key[0][0])

    def read(self, message: Message) -> Observation:
        """Unreadable says what is wrong with it."""
        if message.value is None:
            raise Unreadable("it has no value")
        document = self.decode(message.value)
        key = tuple(_text(_found(message, document, place), name) for name, place in self.key)
        if self.time == MESSAGE:
            moment = EPOCH + timedelta(milliseconds=message.time)
            if message.time < 0:
                raise Unreadable("it has no timestamp of its own")
        else:
            moment = _moment(_found(message, document, self.time))
        return Observation(key, moment, _number(_found(message, document, self.value)))


def named(dimension: str) -> tuple[str, str]:
    """A dimension's column and place; without a name it is called by the last one of its pointer.

    >>> named("region=/site/region"), named("/site/region")
    (('region', '/site/region'), ('region', '/site/region'))
    """
    name, is_pair, place = dimension.partition("=")
    return (name, place) if is_pair else (dimension.rpartition("/")[2], dimension)


def reader(
    decode: Callable[[bytes], Any], item: str, timestamp: str, value: str, dimensions: Mapping[str, str]
) -> Reader:
    """Checks the places: JSON pointers, ``key``, ``header:NAME``, and ``message`` for the timestamp."""
    for name, place in (("--item", item), ("--value", value), *dimensions.items()):
        _check(name, place, place == KEY or place.startswith(HEADER))
    _check("--timestamp", timestamp, timestamp == MESSAGE or timestamp.startswith(HEADER))
    for name in dimensions:
        if not COLUMN.fullmatch(name) or name in TAKEN:
            raise ConnectorError(
                f"--dimension {name}: a column is called by letters, digits and _, and not "
                f"{', '.join(TAKEN)}: write NAME=POINTER"
            )
    columns = (("item_id", item), *dimensions.items())
    return Reader(tuple(name for name, _ in columns), decode, columns, timestamp, value)


def _check(name: str, place: str, is_other: bool) -> None:
    if not is_other and not place.startswith("/"):
        more = ", or message" if name == "--timestamp" else ", or key"
        raise ConnectorError(
            f"{name} {place!r} is no JSON pointer: write one as in /sensor/id, header:NAME{more}"
        )


def _found(message: Message, document: Any, place: str) -> Any:
    if place == KEY:
        if message.key is None:
            raise Unreadable("it has no key")
        return _utf8(message.key, "its key")
    if place.startswith(HEADER):
        name = place.removeprefix(HEADER)
        for header, content in reversed(message.headers):  # a later one of the same name goes before
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
        raise Unreadable(f"{what} is no text in UTF-8") from None


def _text(found: Any, column: str) -> str:
    if isinstance(found, bool) or not isinstance(found, str | int | float | Decimal) or found == "":
        raise Unreadable(f"its {column} is {_shown(found)}")
    return str(found)


def _number(found: Any) -> float | None:
    """A missing value is None: null, NaN, infinities and empty text."""
    if found is None or found == "":
        return None
    if isinstance(found, bool) or not isinstance(found, str | int | float | Decimal):
        raise Unreadable(f"its value is {_shown(found)}")
    try:
        if isinstance(found, str) and "_" in found:
            raise ValueError
        number = float(found)
    except (ValueError, OverflowError):
        raise Unreadable(f"its value {_shown(found)} is no number") from None
    return number if math.isfinite(number) else None


def _moment(found: Any) -> datetime:
    """In UTC; a time without a zone is taken as UTC."""
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
    if not EARLIEST <= moment < LATEST:
        raise Unreadable(f"its timestamp {_shown(found)} is not between the years 1900 and 2200")
    return moment


def _shown(found: Any) -> str:
    """What it is, short: nobody wants a document in a message."""
    if isinstance(found, dict | list):
        return "an object" if isinstance(found, dict) else "a list"
    text = "null" if found is None else repr(found) if isinstance(found, str) else str(found)
    return f"{text[:40]}..." if len(text) > 40 else text
