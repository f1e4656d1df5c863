"""Wide frames, with a column for each item, as long ones, with a row for each item and moment."""

from typing import Any

import pyarrow as pa

from stepcast.api.errors import WrongFrame

__all__ = ["is_wide", "longer"]

ONE_SERIES = "series"  # the item's name where none is given


def is_wide(table: pa.Table, item_id: tuple[str, ...], timestamp: str, target: str) -> bool:
    """Whether there are neither items nor a target, but a timestamp and further columns of numbers."""
    names = table.column_names
    return target not in names and not set(item_id) & set(names) and timestamp in names and len(names) > 1


def longer(table: pa.Table, item_id: str, timestamp: str, target: str) -> pa.Table:
    """One row for each item and moment; the items are the names of the columns."""
    items = [name for name in table.column_names if name != timestamp]
    for name in items:
        kind = table[name].type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
            raise WrongFrame(
                f"df has no column {target!r}, and {name!r} holds {kind}, so it is no wide frame of numbers: "
                "name the column to forecast with target="
            )
    parts: list[Any] = [
        pa.table(
            {
                item_id: pa.array([name] * len(table), pa.string()),
                timestamp: table[timestamp],
                target: table[name].cast(pa.float64()),
            }
        )
        for name in items
    ]
    return pa.concat_tables(parts)
