"""Converts a batch of cells to typed rows, with a problem for every wrong cell."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stepcast.pipeline.importing.columns.columns import Column, Converted
from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.file_problem import FileProblem
from stepcast.pipeline.importing.files.explained import explained
from stepcast.pipeline.importing.files.no_data import why_no_data
from stepcast.pipeline.problems import LISTED_PER_RULE, Problem, Report

__all__ = ["Cells", "Rows", "typed_rows"]


@dataclass(frozen=True)
class Cells:
    """One array for each schema column, in order, and a function that finds the line of each row.

    ``lines`` is called only if a row is wrong: finding lines may cost more than reading the rows.
    """

    columns: tuple[pa.Array, ...]
    lines: Callable[[], NDArray[np.int64]]


@dataclass(frozen=True)
class Rows:
    """Rows without an error.

    ``batch``    the schema's columns, in order, as stored.
    ``seconds``  each row's moment in seconds since 1970; zero in files without timestamps.
    ``lines``    finds the line of each row, which takes longer than reading it.
    """

    batch: pa.RecordBatch
    seconds: NDArray[np.int64]
    lines: Callable[[], NDArray[np.int64]]


def typed_rows(
    cells: Cells, schema: FileSchema, file: str, report: Report, unread: frozenset[int] = frozenset()
) -> Rows | None:
    """The rows without an error; errors of the others are added to ``report`` in line order.

    Columns in ``unread`` (positions in the schema) are entirely wrong, which has been reported: they are not
    read, and no rows are returned.
    """
    converted = {
        place: _converted(column, cells, place)
        for place, column in enumerate(schema.columns)
        if place not in unread
    }
    wrong = {place: column.bad for place, column in converted.items() if column.bad is not None}
    if wrong:
        _report(wrong, cells, schema, file, report)
    if unread:
        return None
    seconds = np.zeros(len(cells.columns[0]), np.int64)
    if schema.timestamp is not None:
        found = converted[schema.timestamp].seconds
        assert found is not None  # noqa: S101  # guaranteed by the timestamp column
        seconds = found
    batch = pa.record_batch([converted[place].values for place in range(len(schema.columns))], schema.stored)
    if not wrong:
        return Rows(batch, seconds, cells.lines)
    good = ~np.logical_or.reduce(list(wrong.values()))
    return Rows(batch.filter(pa.array(good)), seconds[good], lambda: cells.lines()[good])


def _converted(column: Column, cells: Cells, place: int) -> Converted:
    try:
        return column.convert(cells.columns[place])
    except FileProblem as problem:
        if problem.cell is not None and pa.types.is_string(cells.columns[place].type):
            row = pc.index(pc.utf8_trim_whitespace(cells.columns[place]), problem.cell).as_py()
            problem.line = int(cells.lines()[row]) if row >= 0 else None
        raise


def _report(
    wrong: dict[int, NDArray[np.bool_]], cells: Cells, schema: FileSchema, file: str, report: Report
) -> None:
    lines, identifiers = cells.lines(), cells.columns[schema.identifier]
    found = []
    for place, bad in wrong.items():
        rows = np.flatnonzero(bad)
        found += [(int(row), place) for row in rows[:LISTED_PER_RULE]]
        uncounted = Problem(schema.columns[place].rule, "error", "", "", file=file)
        report.count_more(uncounted, len(rows) - LISTED_PER_RULE)
    no_data: set[int] = set()
    for row, place in sorted(found):
        column, item = schema.columns[place], _text(identifiers, row) or None
        if row in no_data:
            continue
        texts = [_text(column, row) or "" for column in cells.columns]
        if said := why_no_data(texts, schema):
            no_data.add(row)
        message, remedy = said or explained(column, [texts[place]])
        report.add(Problem(column.rule, "error", message, remedy, file=file, line=int(lines[row]), item=item))


def _text(cells: pa.Array, row: int) -> str | None:
    value = cells[row].as_py()
    return None if value is None else str(value)
