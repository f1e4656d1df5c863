"""The items of one vintage in memory: to search, to sort, and to find the files of one.

Export writes one file a shard, with the series of a shard in order. The index reads these files once and
keeps a few numbers for each series; the series themselves are read again, one shard at a time, when one is
looked at.
"""

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stepcast.pipeline import layout, objects, tables
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.vintages import Manifest

__all__ = [
    "VintageIndex",
    "central",
    "changes",
    "key_columns",
    "outer",
    "outputs_of",
    "read_index",
    "read_wide",
]

Floats = NDArray[np.float64]
Key = tuple[str, ...]

_PART = re.compile(r"_part(\d+)\.csv$")
NUMBERS = ("score", "wql", "wql_seasonal_naive", "coverage")


@dataclass(frozen=True)
class VintageIndex:
    """Of each series: its key, the shard that it is in, and what the list shows.

    ``volume``  the sum of the central forecast over the horizon; ``figures`` by column of the leaderboard,
    nan where there is none; ``leaderboard`` has a row for each series in the same order, or None.
    """

    root: str
    manifest: Manifest
    key_names: tuple[str, ...]
    keys: list[Key]
    parts: dict[int, str]  # object key by number of the shard
    shards: NDArray[np.int32]
    volume: Floats
    figures: Mapping[str, Floats]
    leaderboard: pa.Table | None

    @cached_property
    def places(self) -> dict[Key, int]:
        """Where in the lists a series is."""
        return {key: place for place, key in enumerate(self.keys)}

    @cached_property
    def names(self) -> list[str]:
        """What a search looks at."""
        return ["\n".join(key).casefold() for key in self.keys]

    @cached_property
    def ratio(self) -> Floats:
        """The error in the backtest relative to repeating the last season."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.figures["wql"] / self.figures["wql_seasonal_naive"]
        return np.where(np.isfinite(ratio), ratio, np.nan)

    def found(self, words: Iterable[str]) -> NDArray[np.int64]:
        """The series with every one of ``words`` in their names, in order."""
        wanted = [word.casefold() for word in words]
        names = self.names
        if not wanted:
            return np.arange(len(names))
        first, *others = wanted
        places = [place for place, name in enumerate(names) if first in name]
        for word in others:
            places = [place for place in places if word in names[place]]
        return np.array(places, np.int64)

    def row(self, place: int) -> dict[str, Any]:
        """The series' row of the leaderboard; empty if there is none."""
        if self.leaderboard is None:
            return {}
        row: dict[str, Any] = self.leaderboard.slice(place, 1).to_pylist()[0]
        return row


def key_columns(manifest: Manifest) -> tuple[str, ...]:
    """The columns that tell series apart: the item, then the forecast's dimensions."""
    return tuple(name for name, kind in manifest.wide_columns.items() if kind == "string" and name != "date")


def outputs_of(manifest: Manifest) -> tuple[str, ...]:
    """The forecast's outputs: p10, p50, p90, mean."""
    return tuple(name for name, kind in manifest.wide_columns.items() if kind == "double")


def central(manifest: Manifest) -> str:
    """The output that stands for the forecast: the quantile nearest to the median, or the mean.

    A forecast always has an output.
    """
    outputs = outputs_of(manifest)
    quantiles = [name for name in outputs if name != "mean"]
    return min(quantiles, key=lambda name: abs(float(name[1:]) - 50), default="mean")


def outer(manifest: Manifest) -> tuple[str, str] | None:
    """The lowest and the highest quantile; None if there are not two."""
    quantiles = sorted((q for q in outputs_of(manifest) if q != "mean"), key=lambda q: float(q[1:]))
    return (quantiles[0], quantiles[-1]) if len(quantiles) > 1 else None


def changes(index: VintageIndex, before: VintageIndex) -> Floats:
    """How much more is forecast for a period than in the vintage ``before``, as a share; nan if unknown."""
    if before.key_names != index.key_names or before.manifest.frequency != index.manifest.frequency:
        return np.full(len(index.keys), np.nan)
    places = np.array([before.places.get(key, -1) for key in index.keys], np.int64)
    old = np.where(places >= 0, before.volume[places] / before.manifest.horizon, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = (index.volume / index.manifest.horizon - old) / np.abs(old)
    return np.where(np.isfinite(change), change, np.nan)


def read_wide(s3: Any, bucket: str, key: str, manifest: Manifest, dates: bool = True) -> pa.Table:
    """One file of a vintage in the wide layout: key, date, outputs."""
    kinds = {name: pa.string() for name in key_columns(manifest)}
    if dates:
        kinds["date"] = pa.string()
    kinds |= {name: pa.float64() for name in outputs_of(manifest)}
    return pv.read_csv(
        io.BytesIO(objects.read(s3, bucket, key)),
        read_options=pv.ReadOptions(use_threads=False, block_size=1 << 24),
        parse_options=pv.ParseOptions(newlines_in_values=True),
        convert_options=pv.ConvertOptions(
            column_types=kinds, include_columns=list(kinds), strings_can_be_null=False
        ),
    )


def read_index(s3: Any, bucket: str, root: str, manifest: Manifest) -> VintageIndex:
    """Read every file of the vintage once."""
    names, horizon = key_columns(manifest), manifest.horizon
    parts: dict[int, str] = {}
    for key in objects.keys(s3, bucket, layout.raw(root, manifest.vintage)):
        if found := _PART.search(key):
            parts[int(found[1])] = key
    keys: list[Key] = []
    shards, volumes = [], []
    for number in sorted(parts):
        table = read_wide(s3, bucket, parts[number], manifest, dates=False)
        firsts = np.arange(0, len(table), horizon)
        columns = [table.column(name).take(firsts).to_pylist() for name in names]
        keys += zip(*columns, strict=True)
        shards.append(np.full(len(firsts), number, np.int32))
        volumes.append(table.column(central(manifest)).to_numpy().reshape(-1, horizon).sum(axis=1))
    leaderboard = _leaderboard(s3, bucket, manifest, names, keys)
    missing = np.full(len(keys), np.nan)
    figures = {
        name: leaderboard.column(name).to_numpy().astype(np.float64)
        if leaderboard is not None and name in leaderboard.column_names
        else missing
        for name in NUMBERS
    }
    return VintageIndex(
        root=root,
        manifest=manifest,
        key_names=names,
        keys=keys,
        parts=parts,
        shards=np.concatenate(shards) if shards else np.empty(0, np.int32),
        volume=np.concatenate(volumes) if volumes else np.empty(0),
        figures=figures,
        leaderboard=leaderboard,
    )


def _leaderboard(
    s3: Any, bucket: str, manifest: Manifest, names: tuple[str, ...], keys: list[Key]
) -> pa.Table | None:
    """The rows of the series, in the order of ``keys``; None if they are no longer there."""
    folder = layout.accuracy(manifest.predictor, tables.LEADERBOARD)
    try:
        body = objects.read(s3, bucket, f"{folder}part-0.parquet")
    except ResourceNotFoundException:
        return None
    table = pq.read_table(io.BytesIO(body), use_threads=False)
    table = table.filter(pc.equal(table.column("scope"), "item"))
    own = list(zip(*(table.column(name).to_pylist() for name in names), strict=True))
    if own == keys:
        return table
    places = {key: place for place, key in enumerate(own)}
    return table.take(pa.array([places.get(key) for key in keys], pa.int64()))
