"""The rows of a Parquet file: columns by name or, if the names differ, by position."""

import io
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.columns.timestamps import TimestampColumn
from stepcast.pipeline.importing.file_problem import FileProblem
from stepcast.pipeline.importing.files.rows import Cells, Rows, typed_rows
from stepcast.pipeline.importing.quoting import listed
from stepcast.pipeline.problems import Problem, Report
from stepcast.pipeline.schema_remedies import constant_item_remedy, related_remedy
from stepcast.pipeline.spelling import letters

__all__ = ["parquet_rows"]

ROWS = 65_536  # per batch
BUFFER = 1 << 20  # bytes of a column read at a time
UNREADABLE = (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError)


def parquet_rows(
    stream: io.RawIOBase, file: str, schema: FileSchema, report: Report, scratch: Path
) -> Iterator[Rows]:
    """The rows without an error, in batches; problems go to ``report``, with the row (from 1) as line.

    A Parquet file is read from its end, so it is temporarily copied to ``scratch``.
    """
    copy = scratch / "source.parquet"
    with copy.open("wb") as whole:
        shutil.copyfileobj(stream, whole, BUFFER)
    try:
        if copy.stat().st_size == 0:
            raise FileProblem("V01", "the file is empty", "Upload a file with rows, or delete this one")
        with _opened(copy) as parquet:
            places = _places(parquet.schema_arrow, schema, file, report)
            yield from _batches(parquet, places, schema, file, report)
    except FileProblem as problem:
        report.add(problem.of(file))
    finally:
        copy.unlink()


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path, buffer_size=BUFFER, pre_buffer=False, memory_map=False)
    except UNREADABLE as error:
        raise _unreadable(error) from None


def _batches(
    parquet: pq.ParquetFile, places: tuple[int, ...], schema: FileSchema, file: str, report: Report
) -> Iterator[Rows]:
    row = 1
    batches = parquet.iter_batches(ROWS, use_threads=False)
    while True:
        try:
            batch = next(batches, None)
            if batch is None:
                break
            columns = tuple(_plain(batch.column(place)) for place in places)
        except UNREADABLE as error:
            raise _unreadable(error) from None
        cells = Cells(columns, partial(np.arange, row, row + len(batch)))
        if rows := typed_rows(cells, schema, file, report):
            yield rows
        row += len(batch)
    if row == 1:
        raise FileProblem("V01", "the file has no rows", "Upload a file with rows, or delete this one")


def _places(given: pa.Schema, schema: FileSchema, file: str, report: Report) -> tuple[int, ...]:
    """The position of each schema column in the file; FileProblem if it is missing or unreadable."""
    names, wanted = list(map(letters, given.names)), list(map(letters, schema.names))
    if len(names) != len(wanted) or len(set(names)) != len(names):
        what = f"the file has {len(names)} columns, {listed(given.names)}"
        what += f"; the schema has {len(wanted)}, {listed(schema.names)}"
        raise FileProblem("V04", what, _remedy(given, schema))
    if set(names) == set(wanted):
        places = tuple(names.index(name) for name in wanted)
    else:
        if any(name in wanted and wanted.index(name) != place for place, name in enumerate(names)):
            what = f"the file's columns are {listed(given.names)}, the schema's are {listed(schema.names)}"
            raise FileProblem("V05", what, "Use the schema's names, or put the columns in its order")
        places = tuple(range(len(wanted)))
        what = (
            f"the columns are {listed(given.names)}, not {listed(schema.names)}; they are matched by position"
        )
        report.add(Problem("V04", "warning", what, "Use the schema's names", file=file))
    for column, place in zip(schema.columns, places, strict=True):
        stored = _value_type(given.field(place).type)
        if not (_is_text(stored) or column.accepts(stored)):
            what = (
                f"the column {given.names[place]!r} has type {stored}, which cannot be read as "
                f"{column.name!r}"
            )
            better = "timestamp" if isinstance(column, TimestampColumn) else str(column.type)
            raise FileProblem(column.rule, what, f"Store it as {better} or as text")
    return places


def _remedy(given: pa.Schema, schema: FileSchema) -> str:
    """The remedy for surplus or missing columns."""
    names, wanted = list(map(letters, given.names)), list(map(letters, schema.names))
    others = [name for name in given.names if letters(name) not in wanted]
    missing = [name for name in schema.names if letters(name) not in names]
    if len(set(names)) < len(names):
        return "Use each column name once"
    if not missing and all(name.startswith("__index_level_") for name in others):
        return f"Remove {listed(others)}: write the file without the index (index=False in pandas)"
    if not missing:
        numbers = {name: kind for name in others if (kind := _number_type(given.field(name).type))}
        further = schema.target is not None and len(numbers) == len(others)
        related = f". {related_remedy(schema.names[schema.identifier], numbers)}" if further else ""
        return f"Remove {listed(others)}{related}"
    if missing == [schema.names[schema.identifier]] and schema.target is not None:
        return constant_item_remedy(missing[0])
    return "Write the file with exactly the schema's columns"


def _number_type(stored: pa.DataType) -> str | None:
    if pa.types.is_integer(stored):
        return "integer"
    return "float" if pa.types.is_floating(stored) or pa.types.is_decimal(stored) else None


def _value_type(given: pa.DataType) -> pa.DataType:
    return given.value_type if pa.types.is_dictionary(given) else given


def _is_text(given: pa.DataType) -> bool:
    types = pa.types
    text = types.is_string(given) or types.is_large_string(given) or types.is_string_view(given)
    # Older writers do not mark bytes as text.
    return bool(text or types.is_binary(given) or types.is_large_binary(given))


def _plain(cells: pa.Array) -> pa.Array:
    """Texts as one type, with ``""`` for a missing one as in CSV."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    return pc.cast(cells, pa.string()).fill_null("") if _is_text(cells.type) else cells


def _unreadable(error: Exception) -> FileProblem:
    if isinstance(error, OSError) and error.errno is not None:
        raise error  # an error of the disk, not of the file
    return FileProblem(
        "V01", f"the file cannot be read as Parquet: {error}", "Write the file again and upload it"
    )
