"""The data of a chart, from SQL: recent history on the forecast's grid, and the forecast."""

import csv
import io
from collections.abc import Callable
from datetime import datetime
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from stepcast.charting.series import Charted, Tested
from stepcast.cli.chart_files import HORIZONS_BACK
from stepcast.cli.current_forecast import (
    current_vintage,
    key_columns,
    output_columns,
    target_column,
    unknown_item,
)
from stepcast.cli.failure import Failure
from stepcast.cli.query import ask, identifier
from stepcast.cli.stack import Stack
from stepcast.engine.arrays import Floats, Moments
from stepcast.engine.calendar import period_of, stamp_of
from stepcast.engine.frequency import Frequency
from stepcast.pipeline import layout, objects, tables
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.read_params import read_params
from stepcast.pipeline.vintages import Manifest

__all__ = ["chart_series"]

Key = tuple[str, ...]  # identifier and dimensions
FORECASTED = "forecasted-values"
AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "avg": fmean,
    "first": lambda rows: rows[0],
    "min": min,
    "max": max,
}


def chart_series(stack: Stack, item: str | None, most: int, backtest: bool = False) -> list[Charted]:
    """The series of ``item``, or those with the largest forecasts; at most ``most``.

    With ``backtest``, also those of its windows in which every value was observed.

    Failure if the current forecast has no such item, with the names of similar ones.
    """
    manifest = current_vintage(stack)
    keys = _keys(stack, manifest, item, most)
    tested = _tested(stack, manifest, keys) if backtest else {}
    return _read(stack, manifest, keys, _aggregation(stack), tested)


def _tested(stack: Stack, manifest: Manifest, keys: list[Key]) -> dict[Key, list[Tested]]:
    """The backtest of the series, by key, the oldest window first."""
    names = key_columns(manifest)
    outputs = output_columns(manifest)
    windows: dict[tuple[Key, str], list[dict[str, str]]] = {}
    for path in objects.keys(stack.s3, stack.bucket, layout.accuracy(manifest.predictor, FORECASTED)):
        text = objects.read(stack.s3, stack.bucket, path).decode("utf-8")
        for row in csv.DictReader(io.StringIO(text, newline="")):
            key = tuple(row[name] for name in names)
            if key in keys:
                windows.setdefault((key, row["backtestwindow_start_time"]), []).append(row)
    found: dict[Key, list[Tested]] = {}
    for (key, _), rows in sorted(windows.items()):
        values = {name: np.array([float(row[name]) for row in rows]) for name in outputs}
        found.setdefault(key, []).append(Tested(_moments([row["timestamp"] for row in rows]), values))
    return found


def _keys(stack: Stack, manifest: Manifest, item: str | None, most: int) -> list[Key]:
    """Identifier and dimensions of each series, the largest first."""
    names = key_columns(manifest)
    columns = ", ".join(map(identifier, names))
    wanted = f"WHERE {identifier(names[0])} = ?" if item is not None else ""
    rows = ask(
        stack,
        # Only column names are inserted into the text, validated by identifier().
        f"SELECT {columns}, sum({identifier(target_column(manifest))}) AS total FROM {tables.FORECAST} "  # noqa: S608
        f"{wanted} GROUP BY {columns} ORDER BY total DESC, {columns} LIMIT {most:d}",
        [] if item is None else [item],
    ).rows
    if keys := [tuple(map(str, row[:-1])) for row in rows]:
        return keys
    if item is None:
        raise Failure(f"vintage {manifest.vintage} has no rows in the table {tables.FORECAST}")
    raise unknown_item(stack, manifest, item)


def _read(
    stack: Stack,
    manifest: Manifest,
    keys: list[Key],
    aggregation: str,
    tested: dict[Key, list[Tested]],
) -> list[Charted]:
    names, target = key_columns(manifest), target_column(manifest)
    frequency = manifest.grid
    first = int(period_of(np.array(np.datetime64(manifest.first)), frequency))
    periods = np.arange(first - HORIZONS_BACK * manifest.horizon, first)
    past = stamp_of(periods, frequency)
    of_one = " AND ".join(f"{identifier(name)} = ?" for name in names)
    where = " OR ".join([f"({of_one})"] * len(keys))
    wanted = [part for key in keys for part in key]
    columns = ", ".join(map(identifier, names))
    moment, value = identifier("timestamp"), identifier(target)
    observed: dict[Key, list[tuple[str, float]]] = {}
    for *key, when, number in ask(
        stack,
        # As text, a day sorts before each of its hours. Only column names are inserted, see identifier().
        f"SELECT {columns}, {moment}, {value} FROM {tables.TRAIN} WHERE ({where}) AND {moment} >= ?",  # noqa: S608
        [*wanted, str(past[0].astype("datetime64[D]"))],
    ).rows:
        if isinstance(number, int | float):
            observed.setdefault(tuple(map(str, key)), []).append((str(when), float(number)))
    ahead: dict[Key, dict[str, list[tuple[str, float]]]] = {}
    for *key, output, when, number in ask(
        stack,
        f"SELECT {columns}, type, {moment}, {value} FROM {tables.FORECAST} WHERE {where} ORDER BY {moment}",  # noqa: S608
        wanted,
    ).rows:
        outputs = ahead.setdefault(tuple(map(str, key)), {})
        outputs.setdefault(str(output), []).append((str(when), float(number or 0)))
    return [
        Charted(
            title=" · ".join(key),
            target=target,
            frequency=manifest.frequency,
            past=past,
            history=_on_grid(observed.get(key, []), periods, frequency, aggregation),
            ahead=_moments([when for when, _ in next(iter(ahead[key].values()))]),
            outputs={output: np.array([number for _, number in rows]) for output, rows in ahead[key].items()},
            tested=tuple(tested.get(key, ())),
        )
        for key in keys
    ]


def _aggregation(stack: Stack) -> str:
    """How rows of one period are aggregated, as set in params.json."""
    try:
        params, _ = read_params(objects.read(stack.s3, stack.bucket, layout.PARAMS))
    except ResourceNotFoundException:
        params = None
    return params.filling.aggregation if params else "sum"


def _on_grid(
    observed: list[tuple[str, float]], periods: NDArray[np.int64], frequency: Frequency, aggregation: str
) -> Floats:
    """One value for each period; nan if there is no row.

    >>> rows = [("2024-01-01 00:20:00", 2.0), ("2024-01-01 00:40:00", 3.0)]
    >>> hour = period_of(np.datetime64("2024-01-01T00"), Frequency.parse("H"))
    >>> _on_grid(rows, np.array([hour, hour + 1]), Frequency.parse("H"), "sum")
    array([ 5., nan])
    """
    values: dict[int, list[float]] = {}
    numbers = period_of(_moments([when for when, _ in observed]), frequency)
    for number, (_, value) in zip(numbers.tolist(), observed, strict=True):
        values.setdefault(number, []).append(value)
    reduce = AGGREGATIONS[aggregation]
    return np.array(
        [reduce(values[n]) if n in values else np.nan for n in periods.tolist()], dtype=np.float64
    )


def _moments(texts: list[str]) -> Moments:
    """Parses text in either TimestampFormat."""
    return np.array([datetime.fromisoformat(text) for text in texts], dtype="datetime64[s]")
