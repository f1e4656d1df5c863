"""Detects whether a CSV file starts with a header, and the order of its columns."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.columns.timestamp_formats import format_of
from stepcast.pipeline.importing.file_problem import FileProblem
from stepcast.pipeline.importing.files.extra_columns import extra_columns_remedy
from stepcast.pipeline.importing.quoting import listed
from stepcast.pipeline.spelling import letters

__all__ = ["Header", "header_by_kind", "header_by_name"]

Row = Sequence[str]

# Common names for the column of items, as returned by letters().
USUAL = """
    item itemid items itemname itemcode sku skuid product productid productcode article articleid artikel
    artikelnummer asin ean upc gtin id uniqueid name
"""
USUAL_ITEM_HEADERS = frozenset(USUAL.split())


@dataclass(frozen=True)
class Header:
    """A first line that is not data: the position of each column in the file, and warnings (what, remedy)."""

    order: tuple[int, ...]
    warnings: tuple[tuple[str, str], ...]


def header_by_name(first: Row, later: Sequence[Row], schema: FileSchema, line: int) -> Header | None:
    """The header, if the ``first`` row names every column of the schema, in any order, case and separators.

    Raises FileProblem if it also names other columns, whose cells are in the ``later`` rows.
    """
    names, wanted = list(map(letters, first)), list(map(letters, schema.names))
    if not set(wanted) <= set(names):
        return None
    if len(names) > len(wanted):
        others = [cell for cell, name in zip(first, names, strict=True) if name not in wanted]
        what = f"the header has {len(names)} columns, the schema has {len(wanted)}"
        if others:
            what += f"; not in the schema: {listed(others)}"
        rows = [row for row in later if len(row) == len(first)] or [first]
        raise FileProblem("V04", what, extra_columns_remedy(rows, schema, first), line=line)
    order = tuple(names.index(name) for name in wanted)
    if order == tuple(range(len(order))):
        return Header(order, (_skipped(first),))
    what = (
        f"the column order is {listed(first)} in the header but {listed(schema.names)} in the schema; the "
        "header is used"
    )
    remedy = "List Schema.Attributes in params.json in the order of the columns"
    return Header(order, (_skipped(first), (what, remedy)))


def header_by_kind(first: Row, later: Sequence[Row], schema: FileSchema, line: int) -> Header | None:
    """The header, if timestamps and numbers can be read in ``later`` rows but not in the ``first``.

    A first row with a timestamp in a wrong format is a wrong row, not a header. All rows have as many cells
    as the schema has columns. Raises FileProblem if a name is in another column's position.
    """
    typed = [place for place, column in enumerate(schema.columns) if not pa.types.is_string(column.type)]
    if schema.timestamp is not None:
        typed.append(schema.timestamp)
    if not typed:
        return _header_of_texts(first, later, schema, line)
    if any(_readable([first[place]], place, schema) for place in typed):
        return None
    if schema.timestamp is not None and format_of([first[schema.timestamp]]) is not None:
        return None
    filled = {place: [row[place] for row in later if row[place].strip()] for place in typed}
    if not any(cells and _readable(cells, place, schema) for place, cells in filled.items()):
        return None
    return _in_place(first, schema, line)


def _header_of_texts(first: Row, later: Sequence[Row], schema: FileSchema, line: int) -> Header | None:
    """The header of a file with only text: it names the item or most columns, and no later row does."""
    names, wanted = list(map(letters, first)), list(map(letters, schema.names))
    if any(row[place] == cell for row in later for place, cell in enumerate(first)):
        return None
    known = sum(name in wanted for name in names)
    says_item = wanted[schema.identifier] in names or names[schema.identifier] in USUAL_ITEM_HEADERS
    return _in_place(first, schema, line) if says_item or 2 * known >= len(names) else None


def _in_place(first: Row, schema: FileSchema, line: int) -> Header:
    """A header with the columns in the schema's order; FileProblem if a name is in another's position."""
    names, wanted = list(map(letters, first)), list(map(letters, schema.names))
    if any(name in wanted and wanted.index(name) != place for place, name in enumerate(names)):
        raise FileProblem(
            "V05",
            f"the header has {listed(first)}, the schema has {listed(schema.names)}",
            "Use the schema's names in the header, or put the columns in the order of the schema",
            line=line,
        )
    return Header(tuple(range(len(wanted))), (_skipped(first),))


def _readable(cells: Sequence[str], place: int, schema: FileSchema) -> bool:
    """Whether any of the ``cells`` can be read as the column at ``place``."""
    bad = schema.columns[place].convert(pa.array(cells, pa.string())).bad
    return bad is None or not bad.all()


def _skipped(first: Row) -> tuple[str, str]:
    return (
        f"the first line is treated as a header and skipped: {listed(first)}",
        "No header is expected; remove it",
    )
