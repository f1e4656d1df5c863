"""One series: its history, its forecast, and how it would have been forecast before."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
from numpy.typing import NDArray

from stepcast.console.answers import number
from stepcast.console.kept import Kept
from stepcast.console.vintage_index import (
    Floats,
    VintageIndex,
    central,
    outer,
    outputs_of,
    parts_of,
    read_leaderboard,
    read_wide,
)
from stepcast.engine.calendar import stamp_of
from stepcast.pipeline import layout, objects, tables
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.shards import Shard, read_shard

__all__ = ["SeriesReader", "Window", "by_lead", "finite_or_none"]

Seconds = NDArray[np.int64]
PARTS_KEPT, SHARDS_KEPT, TABLES_KEPT = 8, 2, 24  # a shard may have 16 MB


@dataclass(frozen=True)
class Window:
    """A window of the backtest: what came, and what had been forecast from what was known before."""

    moments: Seconds
    actual: Floats
    outputs: dict[str, Floats]


class SeriesReader:
    """Reads single series, one shard at a time, and keeps the shards that were read last."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3, self._bucket = s3, bucket
        self._shards = Kept[str, Shard | None](SHARDS_KEPT)
        self._parts = Kept[str, dict[int, str]](PARTS_KEPT)
        self._tables = Kept[str, pa.Table | None](TABLES_KEPT)

    def forecast(self, index: VintageIndex, place: int) -> tuple[Seconds, dict[str, Floats]]:
        """The forecast's moments, in seconds since 1970 as if clocks showed UTC, and its outputs."""
        table = self.wide(index, int(index.shards[place]))
        first = np.searchsorted(index.shards, index.shards[place])  # of the file's series
        rows = table.slice((place - int(first)) * index.manifest.horizon, index.manifest.horizon)
        outputs = {name: rows.column(name).to_numpy() for name in outputs_of(index.manifest)}
        return _seconds(rows.column("date").to_pylist()), outputs

    def wide(self, index: VintageIndex, number: int, keep: bool = True) -> pa.Table:
        """The forecasts of a shard: key, date, outputs."""
        vintage = index.manifest.vintage
        parts = self._parts_of(layout.raw(index.root, vintage))
        if number not in parts:  # a newer forecast has been published since the index was made
            parts = self._parts_of(layout.raw(layout.HISTORY, vintage))
        if number not in parts:
            raise ResourceNotFoundException(f"shard {number} of vintage {vintage} does not exist")
        if not keep:
            return self._read_part(parts[number], index)
        table = self._tables.get(f"{vintage} {number}", lambda: self._read_part(parts[number], index))
        assert table is not None  # noqa: S101 - for the type checker
        return table

    def history(self, index: VintageIndex, place: int) -> tuple[Seconds, Floats, NDArray[np.bool_]] | None:
        """Moments, values on the forecast's grid, and which were observed; None if they are gone.

        They are kept with the predictor until a newer forecast is published, or until the run ends where
        params.json has PerformDelete.
        """
        shard = self.shard(index, int(index.shards[place]))
        if shard is None:
            return None
        own = shard.keys.index(index.key(place))
        values, observed = shard.panel.values[own], shard.panel.observed[own]
        return self.moments(shard, len(values)), values, observed

    def related(self, index: VintageIndex, place: int) -> list[dict[str, Any]]:
        """The series' related series: name, moments, values, also those after the history's end."""
        shard = self.shard(index, int(index.shards[place]))
        if shard is None or shard.panel.related is None:
            return []
        features = shard.panel.related
        values = features.values[shard.keys.index(index.key(place))]
        moments = self.moments(shard, values.shape[1], features.ahead).tolist()
        return [
            {"name": name, "t": moments, "v": finite_or_none(row)}
            for name, row in zip(features.names, values, strict=True)
        ]

    def shard(self, index: VintageIndex, number: int, keep: bool = True) -> Shard | None:
        """The histories of a shard; None if they are gone."""
        key = f"{layout.predictor(index.manifest.predictor, 'shards')}part-{number}.parquet"
        return self._shards.get(key, lambda: self._read_shard(key)) if keep else self._read_shard(key)

    def moments(self, shard: Shard, periods: int, ahead: int = 0) -> Seconds:
        """The last ``periods`` until so many after the history's end."""
        numbers = shard.panel.end + ahead + 1 - periods + np.arange(periods)
        return stamp_of(numbers, shard.panel.frequency).astype("datetime64[s]").astype(np.int64)

    def backtest(self, index: VintageIndex, number: int) -> pa.Table | None:
        """The backtest of a shard; None if there is none."""
        folder = layout.accuracy(index.manifest.predictor, "forecasted-values")
        part = self._parts_of(folder).get(number)
        if part is None:
            return None
        return self._tables.get(part, lambda: self._read_backtest(part, index))

    def windows(self, index: VintageIndex, place: int) -> list[Window]:
        """The windows of the backtest, the oldest first; none where a value of each is missing."""
        table = self.backtest(index, int(index.shards[place]))
        if table is None:
            return []
        rows = table.filter(_is(index, place, table))
        starts = rows.column("backtestwindow_start_time")
        windows = []
        for start in sorted(set(starts.to_pylist())):
            own = rows.filter(pc.equal(starts, start))
            windows.append(
                Window(
                    _seconds(own.column("timestamp").to_pylist()),
                    own.column("target_value").to_numpy(),
                    {name: own.column(name).to_numpy() for name in outputs_of(index.manifest)},
                )
            )
        return windows

    def why(self, index: VintageIndex, place: int) -> dict[str, Any]:
        """The series' row of the leaderboard; empty if there is none."""
        name = f"{index.manifest.vintage} {tables.LEADERBOARD}"
        board = self._tables.get(name, lambda: read_leaderboard(self._s3, self._bucket, index.manifest))
        if board is None:
            return {}
        own = board.slice(place, 1)  # Export writes both in the same order
        key = tuple(name for column in index.key_names for name in own.column(column).to_pylist())
        if key != index.key(place):
            own = board.filter(_is(index, place, board))
        row: dict[str, Any] = next(iter(own.to_pylist()), {})
        return row

    def _parts_of(self, folder: str) -> dict[int, str]:
        return self._parts.get(folder, lambda: parts_of(self._s3, self._bucket, folder))

    def _read_part(self, part: str, index: VintageIndex) -> pa.Table:
        try:
            return read_wide(self._s3, self._bucket, part, index.manifest)
        except ResourceNotFoundException:  # a newer forecast has been published since the index was made
            moved = layout.HISTORY + part.removeprefix(index.root)
            return read_wide(self._s3, self._bucket, moved, index.manifest)

    def _read_shard(self, key: str) -> Shard | None:
        try:
            return read_shard(objects.read(self._s3, self._bucket, key))
        except ResourceNotFoundException:
            return None

    def _read_backtest(self, part: str, index: VintageIndex) -> pa.Table:
        text = pa.string()
        kinds = dict.fromkeys((*index.key_names, "timestamp", "backtestwindow_start_time"), text)
        kinds |= dict.fromkeys(("target_value", *outputs_of(index.manifest)), pa.float64())
        return pv.read_csv(
            io.BytesIO(objects.read(self._s3, self._bucket, part)),
            parse_options=pv.ParseOptions(newlines_in_values=True),
            convert_options=pv.ConvertOptions(
                column_types=kinds, include_columns=list(kinds), strings_can_be_null=False
            ),
        )


def finite_or_none(values: Floats) -> list[float | None]:
    """The numbers for JSON."""
    finite = np.isfinite(values).tolist()
    return [value if known else None for value, known in zip(values.tolist(), finite, strict=True)]


def _is(index: VintageIndex, place: int, table: pa.Table) -> Any:
    """Which rows of ``table`` are the series'."""
    mask = pa.scalar(True)
    for name, value in zip(index.key_names, index.key(place), strict=True):
        mask = pc.and_(mask, pc.equal(table.column(name), value))
    return mask


def by_lead(index: VintageIndex, windows: list[Window]) -> list[dict[str, Any]]:
    """For each period ahead, over the windows: mean absolute error, and share between the outer quantiles."""
    middle, edges = central(index.manifest), outer(index.manifest)
    rows = []
    for lead in range(index.manifest.horizon):
        points = [one for one in windows if lead < len(one.actual) and np.isfinite(one.actual[lead])]
        errors = [abs(one.actual[lead] - one.outputs[middle][lead]) for one in points]
        inside = []
        if edges is not None:
            low, high = edges
            inside = [one.outputs[low][lead] <= one.actual[lead] <= one.outputs[high][lead] for one in points]
        rows.append(
            {
                "lead": lead + 1,
                "points": len(points),
                "error": number(float(np.mean(errors))) if errors else None,
                "inside": float(np.mean(inside)) if inside else None,
            }
        )
    return rows


def _seconds(texts: list[str]) -> Seconds:
    return np.array([text.removesuffix("Z") for text in texts], "datetime64[s]").astype(np.int64)
