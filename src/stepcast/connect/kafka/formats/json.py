"""JSON in UTF-8."""

import json
from typing import Any

from stepcast.connect.kafka.observations import Unreadable

__all__ = ["decode"]


def decode(value: bytes) -> Any:
    """One document; the schema id that Confluent's serializer writes before it is ignored."""
    text = value[5:] if value[:1] == b"\0" else value
    try:
        return json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is not JSON: {error}") from None
