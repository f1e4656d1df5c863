"""Logs as JSON lines on stderr."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

__all__ = ["log"]


def log(event: str, *, level: str = "info", **facts: Any) -> None:
    """Log one event; facts are strings, numbers, lists and mappings."""
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = json.dumps({"time": moment, "level": level, "event": event, **facts}, default=str)
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
