"""One line of CSV: a list of texts."""

import csv
from typing import Any

from stepcast.connect.kafka.observations import Unreadable

__all__ = ["decode"]


def decode(value: bytes) -> Any:
    """Cells are separated by commas, and quoted by double quotes where they have one."""
    try:
        rows = list(csv.reader([value.decode("utf-8").rstrip("\r\n")], strict=True))
    except (ValueError, csv.Error) as error:
        raise Unreadable(f"it is no line of CSV: {error}") from None
    if len(rows) != 1 or not rows[0]:
        raise Unreadable("it is no line of CSV: it is empty")
    return [cell.strip() for cell in rows[0]]
