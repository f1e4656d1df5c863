"""Rows of DataFrames as Parquet files on the driver, which the import reads, in bounded memory."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.ml.functions import vector_to_array
from pyspark.ml.linalg import VectorUDT
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from stepcast.api.document import TARGET, Columns
from stepcast.api.errors import WrongFrame
from stepcast.api.wide import ONE_SERIES
from stepcast.drafting.draft import schema_name

__all__ = ["metadata_rows", "moments", "quoted", "related_rows", "target_rows", "write_rows"]

CHUNK = 16 << 20  # bytes that an executor sends at a time


def target_rows(df: DataFrame, columns: Columns) -> DataFrame:
    """Keys, timestamp and target by the schema's names."""
    return df.select(
        *_keys(df, columns, "df"),
        _timestamp(df, columns.timestamp, "df").alias("timestamp"),
        _number(df, columns.target, "df").alias(TARGET),
    )


def related_rows(df: DataFrame, columns: Columns, features: Sequence[str], name: str) -> DataFrame:
    """Keys, timestamp and features; a vector is one feature for each of its elements."""
    own = [*(columns.keys or ("item_id",)), "timestamp", TARGET]
    chosen: dict[str, Column] = {}
    for feature in features:
        for said, column in _numbers(df, feature, name):
            chosen[schema_name(said, [*own, *chosen])] = column
    return df.select(
        *_keys(df, columns, name),
        _timestamp(df, columns.timestamp, name).alias("timestamp"),
        *(column.alias(feature) for feature, column in chosen.items()),
    )


def metadata_rows(df: DataFrame, columns: Columns, attributes: Sequence[str], name: str) -> DataFrame:
    """The item and its attributes, each combination once."""
    chosen: dict[str, Column] = {}
    for attribute in attributes:
        _field(df, attribute, name)
        chosen[schema_name(attribute, ["item_id", *chosen])] = F.col(quoted(attribute)).cast("string")
    item, *_ = _keys(df, columns, name)
    return df.select(item, *(column.alias(attribute) for attribute, column in chosen.items())).distinct()


def moments(df: DataFrame, column: str) -> Column:
    """The timestamps without a time zone; null where text is none."""
    _timestamp(df, column, "df")
    return F.col(quoted(column)).try_cast("timestamp_ntz")


def write_rows(rows: DataFrame, path: Path, name: str) -> None:
    """Write all rows to one Parquet file, one partition at a time. WrongFrame where there are none."""
    writer = None
    try:
        for packed in rows.mapInArrow(_packed, "rows binary").toLocalIterator(prefetchPartitions=True):
            table = pq.read_table(io.BytesIO(packed["rows"]))
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()
    if writer is None:
        raise WrongFrame(f"{name} has no rows")


def _packed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches as few large Parquet files: rows one by one would cost the driver a hundred times as much."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if len(batch):
            held.append(batch)
        if sum(one.nbytes for one in held) >= CHUNK:
            yield _as_file(held)
            held = []
    if held:
        yield _as_file(held)


def _as_file(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_batches(batches), sink, compression="zstd")
    return pa.RecordBatch.from_pydict({"rows": pa.array([sink.getvalue()], pa.binary())})


def _keys(df: DataFrame, columns: Columns, name: str) -> list[Column]:
    if not columns.item_id:
        return [F.lit(ONE_SERIES).alias("item_id")]
    for column in columns.item_id:
        _field(df, column, name)
    return [F.col(quoted(given)).cast("string").alias(key) for key, given in columns.keys.items()]


def _timestamp(df: DataFrame, column: str, name: str) -> Column:
    kind = _field(df, column, name).dataType
    if isinstance(kind, T.TimestampType):
        return F.col(quoted(column)).cast("timestamp_ntz")
    if isinstance(kind, T.DateType | T.TimestampNTZType | T.StringType):
        return F.col(quoted(column))
    raise WrongFrame(
        f"{name}: {column!r} is of type {kind.simpleString()}: convert it to date or timestamp, for example "
        "with to_timestamp"
    )


def _number(df: DataFrame, column: str, name: str) -> Column:
    return dict(_numbers(df, column, name, vectors=False))[column]


def _numbers(df: DataFrame, column: str, name: str, *, vectors: bool = True) -> Iterator[tuple[str, Column]]:
    field = _field(df, column, name)
    kind, cells = field.dataType, F.col(quoted(column))
    if vectors and isinstance(kind, VectorUDT):
        array = vector_to_array(cells)
        for place, said in enumerate(_elements(df, column, field.metadata)):
            yield said, array[place]
    elif isinstance(kind, T.DecimalType):
        yield column, cells.cast("double")
    elif isinstance(kind, T.BooleanType):
        yield column, cells.cast("int")
    elif isinstance(kind, T.NumericType):
        yield column, cells
    else:
        raise WrongFrame(
            f"{name}: {column!r} is of type {kind.simpleString()}, not a number: convert it, for example "
            "with cast('double')"
        )


def _elements(df: DataFrame, column: str, metadata: Mapping[str, Any]) -> list[str]:
    """A name for each element of the vectors: VectorAssembler's, or the column's with a number."""
    known = metadata.get("ml_attr", {})
    groups = known.get("attrs", {}).values()
    named = {one["idx"]: one["name"] for group in groups for one in group if "name" in one}
    size = known.get("num_attrs")
    if size is None:
        first = df.select(F.size(vector_to_array(F.col(quoted(column)))).alias("size")).first()
        size = first["size"] if first is not None else 0
    return [f"{column}_{named.get(place, place)}" for place in range(size)]


def _field(df: DataFrame, column: str, name: str) -> T.StructField:
    found = next((field for field in df.schema.fields if field.name == column), None)
    if found is None:
        raise WrongFrame(f"{name} has no column {column!r}; it has {', '.join(map(repr, df.columns))}")
    return found


def quoted(column: str) -> str:
    """A column's name as Spark's expressions take it, whatever characters it has."""
    return "`" + column.replace("`", "``") + "`"
