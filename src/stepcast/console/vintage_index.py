"""The items of one vintage in memory: to search, to sort, and to find the files of one.

Export writes one file a shard, with the series of a shard in order, and a summary of all. The index is made
of the summary; the series themselves are read one shard at a time, when one is looked at.
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
from numpy.typing import NDArray

from stepcast.pipeline import item_summary, layout, objects, tables
from stepcast.pipeline.csv_files import read_parquet
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.item_summary import ATTRIBUTE, FIGURES, KEY, NOTED, SHARD, VOLUME
from stepcast.pipeline.vintages import Manifest

__all__ = [
    "VintageIndex",
    "aligned",
    "central",
    "changes",
    "key_columns",
    "outer",
    "outputs_of",
    "parts_of",
    "read_index",
    "read_leaderboard",
    "read_wide",
]

Floats = NDArray[np.float64]
Key = tuple[str, ...]

_PART = re.compile(r"_part(\d+)\.csv$")


@dataclass(frozen=True)
class VintageIndex:
    """Of each series: its key, the shard that it is in, and what the list shows.

    ``texts``       the parts of the keys, a column each; ``attributes`` what is known of the items besides.
    ``volume``      the sum of the central forecast over the horizon.
    ``figures``     by column of the leaderboard, nan where there is none.
    ``noted``       whether the forecast has a note.
    """

    root: str
    manifest: Manifest
    key_names: tuple[str, ...]
    texts: tuple[pa.Array, ...]
    attributes: Mapping[str, pa.DictionaryArray]
    shards: NDArray[np.int32]
    volume: Floats
    figures: Mapping[str, Floats]
    noted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.volume)

    def key(self, place: int) -> Key:
        """The item, then the forecast's dimensions."""
        return tuple(column[place].as_py() for column in self.texts)

    @cached_property
    def places(self) -> dict[Key, int]:
        """Where in the columns a series is."""
        keys = zip(*(column.to_pylist() for column in self.texts), strict=True)
        return {key: place for place, key in enumerate(keys)}

    @cached_property
    def names(self) -> pa.Array:
        """What a search looks at: the keys' parts, without case."""
        joined = pc.binary_join_element_wise(*self.texts, "\n")
        if pc.all(pc.string_is_ascii(joined)).as_py():
            return pc.ascii_lower(joined)
        return pa.array([name.casefold() for name in joined.to_pylist()], pa.string())

    @cached_property
    def ratio(self) -> Floats:
        """The error in the backtest relative to repeating the last season."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.figures["wql"] / self.figures["wql_seasonal_naive"]
        return np.where(np.isfinite(ratio), ratio, np.nan)

    def found(self, words: Iterable[str]) -> NDArray[np.bool_]:
        """Of each series, whether every one of ``words`` is in its name."""
        found = np.ones(len(self), bool)
        for word in words:
            matches = pc.match_substring(self.names, word.casefold())
            found &= matches.to_numpy(zero_copy_only=False)
        return found


def key_columns(manifest: Manifest) -> tuple[str, ...]:
    """The columns that tell series apart: the item, then the forecast's dimensions."""
    return tuple(name for name, kind in manifest.wide_columns.items() if kind == "string" and name != "date")


def outputs_of(manifest: Manifest) -> tuple[str, ...]:
    """The forecast's outputs: p10, p50, p90, mean."""
    return tuple(name for name, kind in manifest.wide_columns.items() if kind == "double")


def central(manifest: Manifest) -> str:
    """The output that stands for the forecast."""
    return item_summary.central(outputs_of(manifest))


def outer(manifest: Manifest) -> tuple[str, str] | None:
    """The lowest and the highest quantile; None if there are not two."""
    quantiles = sorted((q for q in outputs_of(manifest) if q != "mean"), key=lambda q: float(q[1:]))
    return (quantiles[0], quantiles[-1]) if len(quantiles) > 1 else None


def changes(index: VintageIndex, before: VintageIndex) -> Floats:
    """How much more is forecast for a period than in the vintage ``before``, as a share; nan if unknown."""
    old = aligned(index, before, before.volume) / before.manifest.horizon
    with np.errstate(divide="ignore", invalid="ignore"):
        change = (index.volume / index.manifest.horizon - old) / np.abs(old)
    return np.where(np.isfinite(change), change, np.nan)


def aligned(index: VintageIndex, before: VintageIndex, values: Floats) -> Floats:
    """``values`` of the series of ``before`` in the order of ``index``; nan where they are unknown."""
    if before.key_names != index.key_names or before.manifest.frequency != index.manifest.frequency:
        return np.full(len(index), np.nan)
    if index.texts == before.texts:
        return values
    keys = zip(*(column.to_pylist() for column in index.texts), strict=True)
    places = np.array([before.places.get(key, -1) for key in keys], np.int64)
    return np.append(values, np.nan)[places]


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
    """Read the vintage's summary; of an old vintage, which has none, every file."""
    names = key_columns(manifest)
    try:
        body = objects.read(s3, bucket, layout.item_summary(root, manifest.vintage))
        table = read_parquet(body)
    except ResourceNotFoundException:
        table = _summarised(s3, bucket, manifest, parts_of(s3, bucket, layout.raw(root, manifest.vintage)))
    columns = dict(zip(table.column_names, (one.combine_chunks() for one in table.columns), strict=True))
    texts = tuple(columns[f"{KEY}{name}"] for name in names)
    attributes = {name: one.dictionary_encode() for name, one in zip(names[1:], texts[1:], strict=True)}
    for name, column in columns.items():
        if name.startswith(ATTRIBUTE):
            attributes[name.removeprefix(ATTRIBUTE)] = column.dictionary_encode()
    return VintageIndex(
        root=root,
        manifest=manifest,
        key_names=names,
        texts=texts,
        attributes=attributes,
        shards=columns[SHARD].to_numpy(zero_copy_only=False),
        volume=columns[VOLUME].to_numpy(zero_copy_only=False),
        figures={name: columns[name].to_numpy(zero_copy_only=False).astype(np.float64) for name in FIGURES},
        noted=columns[NOTED].to_numpy(zero_copy_only=False),
    )


def parts_of(s3: Any, bucket: str, folder: str) -> dict[int, str]:
    """The CSV files of a folder by the number of their shard."""
    keys = objects.keys(s3, bucket, folder)
    return {int(found[1]): key for key in keys if (found := _PART.search(key))}


def _summarised(s3: Any, bucket: str, manifest: Manifest, parts: Mapping[int, str]) -> pa.Table:
    """What Export would have written, from the files themselves."""
    names, horizon = key_columns(manifest), manifest.horizon
    texts: list[list[pa.Array]] = [[] for _ in names]
    shards, volumes = [np.empty(0, np.int32)], [np.empty(0)]
    for number in sorted(parts):
        table = read_wide(s3, bucket, parts[number], manifest, dates=False)
        firsts = np.arange(0, len(table), horizon)
        for one, name in zip(texts, names, strict=True):
            one.extend(table.column(name).take(firsts).chunks)
        shards.append(np.full(len(firsts), number, np.int32))
        volumes.append(table.column(central(manifest)).to_numpy().reshape(-1, horizon).sum(axis=1))
    columns = [pa.chunked_array(one, pa.string()) for one in texts]
    missing = pa.nulls(sum(map(len, volumes)), pa.float64())
    figures, noted = dict.fromkeys(FIGURES, missing), pa.array(np.zeros(len(missing), bool))
    if (board := read_leaderboard(s3, bucket, manifest)) is not None:
        own = zip(*(board.column(name).to_pylist() for name in names), strict=True)
        places = {key: place for place, key in enumerate(own)}
        keys = zip(*(column.to_pylist() for column in columns), strict=True)
        rows = board.take(pa.array([places.get(key) for key in keys], pa.int64()))
        figures |= {name: rows.column(name) for name in FIGURES if name in rows.column_names}
        noted = rows.column("note").is_valid()
    return pa.table(
        {
            **{f"{KEY}{name}": column for name, column in zip(names, columns, strict=True)},
            SHARD: np.concatenate(shards),
            VOLUME: np.concatenate(volumes),
            **figures,
            NOTED: noted,
        }
    )


def read_leaderboard(s3: Any, bucket: str, manifest: Manifest) -> pa.Table | None:
    """The rows of the series; None if they are no longer there."""
    folder = layout.accuracy(manifest.predictor, tables.LEADERBOARD)
    try:
        body = objects.read(s3, bucket, f"{folder}part-0.parquet")
    except ResourceNotFoundException:
        return None
    table = read_parquet(body)
    return table.filter(pc.equal(table.column("scope"), "item"))
