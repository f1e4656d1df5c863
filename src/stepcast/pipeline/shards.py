"""Shards of series: written by the import, read by every function that trains or forecasts."""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stepcast.engine.frequency import Boundary, Frequency, Stamp
from stepcast.engine.panel import Metadata, Panel, Related

__all__ = ["Shard", "label", "read_shard", "write_shard"]

METADATA = b"stepcast"


@dataclass(frozen=True)
class Shard:
    """Some of the series, in the order of their keys.

    ``key_names``  the columns that identify a series: the identifier, then the forecast dimensions.
    ``keys``       for each series of ``panel``, its values of these columns; ``""`` if one is missing.
    """

    key_names: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    panel: Panel


def label(key: tuple[str, ...]) -> str:
    """The name of a series in messages.

    >>> label(("lamp", "Berlin"))
    'lamp / Berlin'
    """
    return " / ".join(key)


def write_shard(sink: Path | BinaryIO, shard: Shard) -> None:
    """Write one Parquet file with one row per series: the key's columns, ``values`` and ``observed``.

    If the panel has them, ``related`` (one feature after another) and ``metadata`` follow. What all series
    share (end, frequency, names of the key, features and attributes) is in the metadata of the file's schema.
    """
    panel, names = shard.panel, shard.key_names
    columns = [pa.array([key[place] for key in shard.keys], pa.string()) for place in range(len(names))]
    columns += [_lists(panel.values, np.float64), _lists(panel.observed, np.bool_)]
    labels = [*names, "values", "observed"]
    common = {
        "end": panel.end,
        "frequency": str(panel.frequency),
        "boundary": asdict(panel.frequency.boundary),
        "stamp": asdict(panel.frequency.stamp),
        "season": panel.frequency.season,
        "key_names": names,
    }
    if panel.related is not None:
        columns.append(_lists([one.ravel() for one in panel.related.values], np.float64))
        labels.append("related")
        common["related"] = {"names": panel.related.names, "ahead": panel.related.ahead}
    if panel.metadata is not None:
        columns.append(pa.array([list(row) for row in panel.metadata.values], pa.list_(pa.string())))
        labels.append("metadata")
        common["metadata"] = {"names": panel.metadata.names}
    table = pa.table(columns, names=labels)
    pq.write_table(table.replace_schema_metadata({METADATA: json.dumps(common)}), sink, compression="zstd")


def _lists(arrays: Sequence[NDArray[Any]], kind: Any) -> pa.Array:
    """One list for each series."""
    offsets = pa.array(np.concatenate([[0], np.cumsum([len(one) for one in arrays])]), pa.int32())
    flat = np.concatenate(arrays) if len(arrays) else np.empty(0, kind)
    return pa.ListArray.from_arrays(offsets, pa.array(flat))


def read_shard(source: Path | BinaryIO | bytes) -> Shard:
    """The shard as written. Raises ValueError if the file is not a shard."""
    with pq.ParquetFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
        table = file.read(use_threads=False)
    if METADATA not in (table.schema.metadata or {}):
        raise ValueError("the Parquet file is not a shard of series")
    common = json.loads(table.schema.metadata[METADATA])
    names = tuple(common["key_names"])
    columns = [column.combine_chunks() for column in table.columns]
    # By position: a forecast dimension may be named values.
    keys = tuple(zip(*(column.to_pylist() for column in columns[: len(names)]), strict=True))
    values, observed, *further = columns[len(names) :]
    related = metadata = None
    if "related" in common:
        features = tuple(common["related"]["names"])
        arrays = tuple(one.reshape(len(features), -1) for one in _arrays(further.pop(0)))
        related = Related(features, arrays, common["related"]["ahead"])
    if "metadata" in common:
        texts = tuple(map(tuple, further.pop(0).to_pylist()))
        metadata = Metadata(tuple(common["metadata"]["names"]), texts)
    panel = Panel(
        ids=tuple(label(key) for key in keys),
        values=_arrays(values),
        observed=_arrays(observed),
        end=common["end"],
        frequency=replace(
            Frequency.parse(common["frequency"]),
            boundary=Boundary(**common["boundary"]),
            stamp=Stamp(**common["stamp"]),
            season=common.get("season"),
        ),
        related=related,
        metadata=metadata,
    )
    return Shard(names, keys, panel)


def _arrays(lists: pa.ListArray) -> tuple[NDArray[Any], ...]:
    """The lists as arrays; copied, because some models modify them and Arrow's memory is read-only."""
    flat = _flat(lists.values)
    return tuple(flat[slice(*cuts)] for cuts in pairwise(lists.offsets.to_pylist()))


def _flat(values: pa.Array) -> NDArray[Any]:
    """As ``to_numpy`` does, which imports pandas: .2 s for a process that has no other use for it."""
    if values.null_count:
        return np.array(values.to_numpy(zero_copy_only=False))
    buffer, cut = values.buffers()[1], slice(values.offset, values.offset + len(values))
    if not len(values):
        return np.empty(0, np.bool_ if pa.types.is_boolean(values.type) else np.float64)
    if pa.types.is_boolean(values.type):
        bits = np.unpackbits(np.frombuffer(buffer, np.uint8), bitorder="little")
        return bits[cut].astype(np.bool_)
    return np.frombuffer(buffer, np.float64)[cut].copy()
