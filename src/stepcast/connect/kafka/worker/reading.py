"""Messages as observations."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from stepcast.connect.kafka.worker.partition import Observation

__all__ = ["Read", "Reader", "json_reader"]

Read = Callable[[Any], Observation | None]


def json_reader(item: str = "item_id", timestamp: str = "timestamp", value: str = "target_value") -> Read:
    def read(message: Any) -> Observation | None:
        content = json.loads(message.value())
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
