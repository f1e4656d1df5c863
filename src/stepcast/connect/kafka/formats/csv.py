"""CSV: one line, as a list of strings."""

import csv
from typing import Any

from stepcast.connect.kafka.observations import Unreadable

__all__ = ["decode"]


def decode(value: bytes) -> Any:
    """The cells of one line, separated by commas; double quotes quote a cell with a comma."""
    try:
        rows = list(csv.reader([value.decode("utf-8").rstrip("\r\n")], strict=True))
    except (ValueError, csv.Error) as error:
        raise Unreadable(f"it is not a line of CSV: {error}") from None
    if len(rows) != 1 or not rows[0]:
        raise Unreadable("it is not a line of CSV: it is empty")
    return [cell.strip() for cell in rows[0]]
