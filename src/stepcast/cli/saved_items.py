"""The items of a run, from its files, which are there already: Athena's API gives rows by pages of 1,000."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from stepcast.pipeline.csv_files import read_parquet

__all__ = ["Item", "read_items", "read_raw", "write_leaderboard"]


@dataclass(frozen=True)
class Item:
    """One row of the summary. ``totals`` sums the forecast over the horizon, by output: p10, p50, p90."""

    key: dict[str, str]
    model: str
    score: float | None
    seasonal_naive: float | None
    totals: dict[str, float]


def read_items(leaderboard: Path, raw: Path, keys: list[str], outputs: list[str], horizon: int) -> list[Item]:
    """The items by key: from the leaderboard's folder of Parquet files, and the folder ``raw`` of CSV files.

    ``keys`` are the columns that identify a series, ``outputs`` those of the forecast, of ``horizon`` rows.
    """
    outputs = sorted(outputs, key=lambda output: (len(output), output))  # p5 before p10
    totals = _totals(raw, keys, outputs, horizon)
    board = _sorted(leaderboard, keys)
    return [
        Item(
            key={name: str(record[name]) for name in keys},
            model=record["model"],
            score=record["score"],
            seasonal_naive=record.get("score_seasonal_naive"),
            totals=dict(zip(outputs, totals[tuple(record[name] for name in keys)], strict=True)),
        )
        for record in board.to_pylist()
        if record["scope"] == "item"
    ]


def write_leaderboard(leaderboard: Path, path: Path, keys: list[str]) -> None:
    """The leaderboard's Parquet files as one CSV: the row over all items first, then the items by key."""
    table = _sorted(leaderboard, keys)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.column_names)
        writer.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _sorted(leaderboard: Path, keys: list[str]) -> pa.Table:
    parts = [read_parquet(path.read_bytes()) for path in sorted(leaderboard.glob("*.parquet"))]
    return pa.concat_tables(parts).sort_by([(name, "ascending") for name in ("scope", *keys)])


def read_raw(path: Path, keys: list[str], outputs: list[str]) -> pa.Table:
    """These columns of a file below ``raw``."""
    kinds = {**dict.fromkeys(keys, pa.string()), **dict.fromkeys(outputs, pa.float64())}
    # pyarrow.dataset would read all files at once, and import pandas.
    return pa.csv.read_csv(
        path,
        read_options=pa.csv.ReadOptions(use_threads=False),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
        convert_options=pa.csv.ConvertOptions(
            column_types=kinds, include_columns=list(kinds), strings_can_be_null=False
        ),
    )


def _totals(
    raw: Path, keys: list[str], outputs: list[str], horizon: int
) -> dict[tuple[str, ...], list[float]]:
    found: dict[tuple[str, ...], list[float]] = {}
    for path in raw.iterdir():
        rows = read_raw(path, keys, outputs)
        # Each series has its rows one after another. Grouping them by key would import pandas.
        values = np.array([rows[name].to_pylist() for name in outputs]).reshape(len(outputs), -1, horizon)
        names = zip(*(rows[name].to_pylist()[::horizon] for name in keys), strict=True)
        found.update(zip(names, values.sum(axis=2).T.tolist(), strict=True))
    return found
