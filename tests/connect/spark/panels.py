"""Four data sets with what data have: gaps, late starts, dimensions, odd stamps, covariates, a new item.

Each as Arrow tables, so that Spark and ``stepcast.Forecaster`` are given the same rows.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

import stepcast

__all__ = ["PANELS", "Panel", "in_process", "on_spark", "sorted_rows"]


@dataclass(frozen=True)
class Panel:
    """``params`` are those of StepcastForecaster; ``keys`` the columns that identify a series."""

    rows: pa.Table
    params: dict[str, Any]
    keys: tuple[str, ...] = ("item_id",)
    related: pa.Table | None = None
    metadata: pa.Table | None = None
    columns: dict[str, str] = field(
        default_factory=lambda: {"timestamp": "timestamp", "target": "target_value"}
    )


def daily() -> Panel:
    """Gaps, duplicates, an item that starts late and one that ends early, rows in no order."""
    noise = np.random.default_rng(1)
    rows = [
        (f"item {item}", day, 10 * item + day % 7 + noise.normal())
        for item in range(1, 6)
        for day in range(20 * (item == 5), 70 - 9 * (item == 4))
        if noise.random() > 0.05
    ]
    rows += [(item, day, value / 3) for item, day, value in rows[::9]]
    noise.shuffle(rows)
    items, days, values = zip(*rows, strict=True)
    moments = np.datetime64("2026-01-01") + np.array(days, int)
    table = pa.table(
        {"item_id": items, "timestamp": pa.array(moments.astype("datetime64[us]")), "target_value": values}
    )
    return Panel(table, {"horizon": 7, "frequency": "D", "algorithm": "ETS", "windows": 2})


def hourly() -> Panel:
    """Whole numbers as items, a dimension, columns of other names, fractions of hours."""
    noise = np.random.default_rng(2)
    rows = [
        (item, shop, hour, item * (5 + hour % 24) + noise.integers(3))
        for item in (17, 4)
        for shop in ("Köln", "Bonn")
        for hour in range(24 * 6)
    ]
    items, shops, hours, values = zip(*rows, strict=True)
    moments = np.datetime64("2026-01-05T00:30:00", "us") + np.array(hours) * np.timedelta64(1, "h")
    table = pa.table(
        {
            "sku": pa.array(items, pa.int32()),
            "shop": shops,
            "at": moments,
            "sold": pa.array(values, pa.int64()),
        }
    )
    params = {
        "horizon": 24,
        "frequency": "H",
        "algorithm": "NPTS",
        "quantiles": [0.05, 0.5, 0.95],
        "mean": True,
    }
    return Panel(table, params, ("sku", "shop"), columns={"timestamp": "at", "target": "sold"})


def weekly() -> Panel:
    """Weeks that end on Fridays, as dates in text."""
    noise = np.random.default_rng(3)
    fridays = np.datetime64("2024-01-05") + 7 * np.arange(110)
    rows = [
        (item, str(friday), 50 + 9 * np.sin(number / 8) + noise.normal())
        for item in ("a", "b", "c")
        for number, friday in enumerate(fridays)
    ]
    items, stamps, values = zip(*rows, strict=True)
    table = pa.table({"item_id": items, "timestamp": stamps, "target_value": values})
    return Panel(table, {"horizon": 4, "frequency": "W", "algorithm": "NPTS", "fill": "mean"})


def promoted() -> Panel:
    """The AutoPredictor, which learns jointly, with promotions known ahead, categories and a new item."""
    noise = np.random.default_rng(4)
    days = np.datetime64("2026-01-01") + np.arange(84)
    rows, related = [], []
    for item in range(5):
        for number, day in enumerate(days):
            promotion = float(noise.random() < 0.2)
            related.append((f"i{item}", day, promotion))
            if number < 77:
                rows.append((f"i{item}", day, 20 + 9 * promotion + number % 7 + noise.normal()))
    related += [("new", day, 0.0) for day in days]
    metadata = pa.table({"item_id": [*(f"i{n}" for n in range(5)), "new"], "kind": [*"ababa", "a"]})
    return Panel(
        _table(rows, "target_value"),
        {"horizon": 7, "frequency": "D"},
        related=_table(related, "promotion"),
        metadata=metadata,
    )


PANELS: dict[str, Callable[[], Panel]] = {one.__name__: one for one in (daily, hourly, weekly, promoted)}


def _table(rows: list[tuple[Any, ...]], name: str) -> pa.Table:
    items, days, values = zip(*rows, strict=True)
    return pa.table(
        {"item_id": items, "timestamp": pa.array(np.array(days).astype("datetime64[us]")), name: values}
    )


def in_process(panel: Panel) -> stepcast.Forecaster:
    """The same without Spark."""
    params = {"fill": "nan", **panel.params}
    params["freq"] = params.pop("frequency")
    return stepcast.Forecaster(**params).fit(
        panel.rows, item_id=panel.keys, **panel.columns, related=panel.related, metadata=panel.metadata
    )


def on_spark(spark: Any, panel: Panel, partitions: int = 1, **params: Any) -> Any:
    """The model, of rows that come in so many partitions."""
    from stepcast.connect.spark import StepcastForecaster

    item, *dimensions = panel.keys
    forecaster = StepcastForecaster(
        itemCol=item,
        dimensionCols=dimensions,
        timestampCol=panel.columns["timestamp"],
        targetCol=panel.columns["target"],
        **{**panel.params, **params},
    )
    if panel.related is not None:
        forecaster.setRelated(spark.createDataFrame(panel.related))
    if panel.metadata is not None:
        forecaster.setMetadata(spark.createDataFrame(panel.metadata))
    return forecaster.fit(spark.createDataFrame(panel.rows).repartition(partitions))


def sorted_rows(table: pa.Table) -> list[tuple[Any, ...]]:
    """Rows in an order of their own; timestamps without a zone, as text with a time of day."""
    columns = [[_plain(cell) for cell in _cells(column)] for column in table.columns]
    return sorted(zip(*columns, strict=True), key=repr)


def _cells(column: Any) -> list[Any]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz))
    return list(column.to_pylist())


def _plain(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return str(cell.replace(tzinfo=None))
    return f"{cell} 00:00:00" if isinstance(cell, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", cell) else cell
