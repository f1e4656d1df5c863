"""Parsing messages, with a fast path for plain JSON: a name, a time and a number at the top level."""

import json
from collections.abc import Callable
from typing import Any

from stepcast.connect.kafka.formats import PLACES, decoder
from stepcast.connect.kafka.observations import Message, Reader, Unreadable, reader
from stepcast.connect.kafka.worker.order import Places
from stepcast.connect.kafka.worker.partition import Observation
from stepcast.pipeline.shards import label

__all__ = ["Read", "Unreadable", "message_of", "read_of"]

Read = Callable[[Any], Observation | None]

REMEMBERED = 10_000  # parsed timestamps, by their text


def read_of(places: Places, registry: dict[str, str]) -> Read:
    """A parser of messages: None if the value is missing, Unreadable if the message is not an observation."""
    usual = PLACES[places.format]
    given = reader(
        decoder(places.format, registry),
        places.item or usual[0],
        places.timestamp or usual[1],
        places.value or usual[2],
        dict(places.dimensions),
    )
    if places.format != "json" or len(given.key) > 1:
        return _any(given)
    names = [_name(place) for place in (given.key[0][1], given.time, given.value)]
    return _any(given) if None in names else _plain(_any(given), *map(str, names))


def message_of(message: Any) -> Message:
    """The client's message as ``observations`` parses it."""
    return Message(
        message.partition(),
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        message.headers() or (),
    )


def _any(given: Reader) -> Read:
    def read(message: Any) -> Observation | None:
        found = given.read(message_of(message))
        if found.value is None:
            return None
        return Observation(label(found.key), round(found.moment.timestamp() * 1000), found.value)

    return read


def _name(place: str) -> str | None:
    """The name of a top-level field; None for any other place."""
    parts = place.split("/")
    return parts[1] if len(parts) == 2 and not parts[0] and "~" not in place else None


def _plain(slow: Read, item: str, timestamp: str, value: str) -> Read:
    """Returns the same as ``slow``, which parses everything that is not plain."""
    moments: dict[str, int] = {}

    def read(message: Any) -> Observation | None:
        try:
            document = json.loads(message.value().decode())
            name, moment, number = document[item], document[timestamp], document[value]
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return slow(message)
        if type(name) is str and name and type(moment) is str and type(number) in (int, float):
            known = moments.get(moment)
            if known is not None and -1e300 < number < 1e300:
                return Observation(name, known, float(number))
        found = slow(message)
        if found is not None and type(moment) is str:
            if len(moments) >= REMEMBERED:
                moments.clear()
            moments[moment] = found.moment
        return found

    return read
