"""Messages as observations."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from stepcast.connect.kafka.worker.partition import Observation

__all__ = ["Read", "Unreadable", "json_reader"]

Read = Callable[[Any], Observation | None]


class Unreadable(Exception):
    pass


def json_reader(item: str = "item_id", timestamp: str = "timestamp", value: str = "target_value") -> Read:
    def read(message: Any) -> Observation | None:
        try:
            content = json.loads(message.value())
        except ValueError as e:
            raise Unreadable from e
        number = content[value]
        if number is None:
            return None
        moment = content[timestamp]
        if isinstance(moment, str):
            parsed = datetime.fromisoformat(moment)
            parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
            moment = round(parsed.timestamp() * 1000)
        return Observation(content[item], moment, float(number))

    return read
