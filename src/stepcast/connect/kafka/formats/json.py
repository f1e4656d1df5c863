"""JSON, in UTF-8."""

import json
from typing import Any

from stepcast.connect.kafka.observations import Unreadable

__all__ = ["decode"]


def decode(value: bytes) -> Any:
    """One document; the id of a schema before it, which Confluent's serializer writes, is passed over."""
    text = value[5:] if value[:1] == b"\0" else value
    try:
        return json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no JSON: {error}") from None
