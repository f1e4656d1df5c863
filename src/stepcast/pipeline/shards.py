"""Shards of series: what the import writes, and what every function that trains or forecasts reads."""

import io
import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel

__all__ = ["Shard", "label", "read_shard", "write_shard"]

METADATA = b"stepcast"


@dataclass(frozen=True)
class Shard:
    """Some of the series, in the order of their keys.

    ``key_names``  the columns that tell series apart: the identifier, then the forecast dimensions.
    ``keys``       for each series of ``panel`` its values of these columns; ``""`` where one is missing.
    """

    key_names: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    panel: Panel


def label(key: tuple[str, ...]) -> str:
    """How messages call a series.

    >>> label(("lamp", "Berlin"))
    'lamp / Berlin'
    """
    return " / ".join(key)


def write_shard(sink: Path | BinaryIO, shard: Shard) -> None:
    """One Parquet file, a row a series: the key's columns, ``values`` and ``observed``.

    What all series share (end, frequency, names of the key) is in the metadata of the file's schema.
    """
    panel, names = shard.panel, shard.key_names
    offsets = pa.array(np.concatenate([[0], np.cumsum([len(values) for values in panel.values])]), pa.int32())
    columns = [pa.array([key[place] for key in shard.keys], pa.string()) for place in range(len(names))]
    for arrays, kind in ((panel.values, np.float64), (panel.observed, np.bool_)):
        flat = np.concatenate(arrays) if len(arrays) else np.empty(0, kind)
        columns.append(pa.ListArray.from_arrays(offsets, pa.array(flat)))
    common = {"end": panel.end, "frequency": str(panel.frequency), "key_names": names}
    table = pa.table(columns, names=[*names, "values", "observed"])
    pq.write_table(table.replace_schema_metadata({METADATA: json.dumps(common)}), sink, compression="zstd")


def read_shard(source: Path | BinaryIO | bytes) -> Shard:
    """The shard as it was written. Raises ValueError if the file is another one."""
    with pq.ParquetFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
        table = file.read(use_threads=False)
    if METADATA not in (table.schema.metadata or {}):
        raise ValueError("it is a Parquet file, but not one of a shard of series")
    common = json.loads(table.schema.metadata[METADATA])
    names = tuple(common["key_names"])
    columns = [column.combine_chunks() for column in table.columns]
    # By place: a forecast dimension may itself be called values.
    keys = tuple(zip(*(column.to_pylist() for column in columns[: len(names)]), strict=True))
    values, observed = columns[len(names) :]
    own = [slice(*cuts) for cuts in pairwise(values.offsets.to_pylist())]
    # Copied: what Arrow holds cannot be written to, which some models do.
    flat_values = values.values.to_numpy().copy()
    flat_observed = observed.values.to_numpy(zero_copy_only=False).copy()
    panel = Panel(
        ids=tuple(label(key) for key in keys),
        values=tuple(flat_values[part] for part in own),
        observed=tuple(flat_observed[part] for part in own),
        end=common["end"],
        frequency=Frequency.parse(common["frequency"]),
    )
    return Shard(names, keys, panel)
