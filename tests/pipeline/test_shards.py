"""A shard is read as it was written."""

import io
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel
from stepcast.pipeline.shards import Shard, read_shard, write_shard

VALUES = (np.array([1.5, math.nan, 3.0]), np.array([4.0]))
OBSERVED = (np.array([True, False, True]), np.array([False]))


def shard(key_names: tuple[str, ...], *keys: tuple[str, ...]) -> Shard:
    ids = tuple(" / ".join(key) for key in keys)
    return Shard(key_names, keys, Panel(ids, VALUES, OBSERVED, 7, Frequency.parse("15min")))


@pytest.mark.parametrize("key_names", [("item_id", "city"), ("item_id", "values"), ("observed", "end")])
def test_a_shard_comes_back_as_it_was(key_names: tuple[str, ...]) -> None:
    written, sink = shard(key_names, ("lamp", "Berlin"), ("lamp", "")), io.BytesIO()
    write_shard(sink, written)

    got = read_shard(sink.getvalue())

    assert (got.key_names, got.keys) == (written.key_names, written.keys)
    assert got.panel.ids == ("lamp / Berlin", "lamp / ")
    assert (got.panel.end, got.panel.frequency) == (7, Frequency(15, "min"))
    for wanted, found in zip(VALUES + OBSERVED, got.panel.values + got.panel.observed, strict=True):
        assert found.dtype == wanted.dtype
        assert np.array_equal(found, wanted, equal_nan=wanted.dtype == np.float64)


def test_a_shard_is_a_parquet_file_that_others_can_read(tmp_path: Path) -> None:
    write_shard(tmp_path / "part-0.parquet", shard(("item_id",), ("lamp",), ("bulb",)))

    table = pq.read_table(tmp_path / "part-0.parquet")

    assert table.column_names == ["item_id", "values", "observed"]
    assert table.schema.field("values").type == pa.list_(pa.float64())
    assert table["item_id"].to_pylist() == ["lamp", "bulb"]


def test_series_of_a_shard_may_be_changed_by_a_model() -> None:
    sink = io.BytesIO()
    write_shard(sink, shard(("item_id",), ("lamp",), ("bulb",)))

    assert all(values.flags.writeable for values in read_shard(sink.getvalue()).panel.values)


def test_another_parquet_file_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")

    with pytest.raises(ValueError, match="not a shard"):
        read_shard(tmp_path / "other.parquet")
