"""Columns in which every cell is wrong: one problem for each, not one for every row."""

from collections.abc import Sequence

import pyarrow as pa

from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.columns.number_remedies import says_missing
from stepcast.pipeline.importing.columns.text_column import TextColumn
from stepcast.pipeline.importing.file_problem import FileProblem
from stepcast.pipeline.importing.files.explained import explained
from stepcast.pipeline.importing.quoting import listed, shown

__all__ = ["wrong_throughout"]

ENOUGH = 10  # rows: with fewer, each is reported separately


def wrong_throughout(
    columns: Sequence[Sequence[str]], schema: FileSchema, line: int
) -> dict[int, FileProblem]:
    """A problem for each column (its position in the schema) in which no cell of the sample can be read.

    ``columns`` are the sample's cells by column, in the order of the schema; they start at ``line``.
    Raises FileProblem if the right cells are in another column: then the columns are in a different order,
    and no row can be checked further.
    """
    wrong = [place for place, cells in enumerate(columns) if not any(_readable(cells, place, schema))]
    texts = [place for place, column in enumerate(schema.columns) if isinstance(column, TextColumn)]
    for place in wrong:
        # Timestamps in another column are proof; numeric items are not, if the target is a word for missing.
        if place != schema.timestamp and (
            len(columns[place]) < ENOUGH or any(map(says_missing, columns[place]))
        ):
            continue
        for other in sorted({*texts, *wrong} - {place}):
            # The first row may be a header that could not be recognized in this order.
            cells = columns[other][1:] or columns[other]
            if all(_readable(cells, place, schema)) and all(map(str.strip, cells)):
                raise _moved(place, other, columns, schema, line)
    if len(columns[0]) < ENOUGH:
        return {}
    return {place: _problem(place, columns[place], schema, line) for place in wrong}


def _readable(cells: Sequence[str], place: int, schema: FileSchema) -> list[bool]:
    """Which cells can be read as the column at ``place``."""
    bad = schema.columns[place].convert(pa.array(cells, pa.string())).bad
    return [True] * len(cells) if bad is None else (~bad).tolist()


def _moved(
    place: int, other: int, columns: Sequence[Sequence[str]], schema: FileSchema, line: int
) -> FileProblem:
    wanted, there = schema.names[place], schema.names[other]
    what = (
        f"the columns are not in the order of the schema ({listed(schema.names)}): {wanted!r} is "
        f"{shown(columns[place][0])}, and {there!r} is {shown(columns[other][0])}"
    )
    return FileProblem("V05", what, "List Schema.Attributes in params.json in the order of the columns", line)


def _problem(place: int, cells: Sequence[str], schema: FileSchema, line: int) -> FileProblem:
    column = schema.columns[place]
    message, remedy = explained(column, cells)
    what = f"{message}; all of the first {len(cells):,} rows are wrong"
    return FileProblem(column.rule, f"{what}, so the rest of the column is not read", remedy, line)
