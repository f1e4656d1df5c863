"""Checks whether the rows of a file have as many cells as the schema has columns, and if not, why."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.columns.text_column import TextColumn
from stepcast.pipeline.importing.columns.timestamp_formats import format_of
from stepcast.pipeline.importing.file_problem import FileProblem
from stepcast.pipeline.importing.files.extra_columns import extra_columns_remedy
from stepcast.pipeline.importing.quoting import listed, shown
from stepcast.pipeline.schema_remedies import constant_item_remedy
from stepcast.pipeline.spelling import letters

__all__ = ["check_shape", "one_number"]

Row = Sequence[str]
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
MOST = 0.9  # of the rows
NUMBER = re.compile(r"[+-]?[\d.,]*\d")
TIME = re.compile(r"\d{1,2}:\d\d(:\d\d)?( ?[AaPp]\.?[Mm]\.?)?")
MONTHS = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
PERIOD = re.compile(
    rf"(?i){MONTHS}([ /'-]*\d{{2,4}})?|\d{{4}}[ /-]*({MONTHS}|[qw]\d{{1,2}})|[qw]\d{{1,2}}[ /-]*\d{{2,4}}"
)


def check_shape(rows: Sequence[Row], schema: FileSchema, line: int) -> None:
    """Raise FileProblem if none of the ``rows``, which start at ``line``, has a cell for each column."""
    width = len(schema.names)
    if any(len(row) == width for row in rows):
        if wide := _wide(rows, schema):
            what = f"columns are not those of the schema ({listed(schema.names)})"
            raise FileProblem("V04", what, wide, line)
        return
    if separated := _separated(rows, width):
        what, split = separated
        decimal = any(re.search(r"\d,\d", ",".join(row)) for row in rows)
        remedy = "Separate the cells with commas" + (" and use decimal points in numbers" if decimal else "")
        if not _fits(split, width):
            what += f"; the file has {_count(split)} columns, the schema has {width} ({listed(schema.names)})"
            remedy += f". {_remedy(split, schema)}"
        raise FileProblem("V01", f"the {what}", remedy, line)
    what = f"the rows have {_count(rows)} cells, the schema has {width} columns ({listed(schema.names)})"
    raise FileProblem("V04", what, _remedy(rows, schema), line)


def one_number(row: Row) -> str | None:
    """Two adjacent cells that are one number with a decimal comma: ``19,7``."""
    for whole, fraction in pairwise(row):
        if re.fullmatch(r"[+-]?\d+", whole.strip()) and fraction.strip().isdigit():
            return f"{whole},{fraction}"
    return None


def _separated(rows: Sequence[Row], width: int) -> tuple[str, list[Row]] | None:
    """The separator of the cells, if it is not a comma, and the resulting cells."""
    texts = [",".join(row) for row in rows]
    for separator, plural in SEPARATORS.items():
        split: list[Row] = [text.split(separator) for text in texts]
        if _fits(split, width) or (_even(split) and not _even(rows)) or (_even(split) and len(rows[0]) == 1):
            return f"cells are separated by {plural}, not by commas", split
    if all(len(row) == 1 for row in rows):
        inner: list[Row] = [text.split(",") for text in texts]
        if _fits(inner, width):
            return "rows are enclosed in quotes, so that each is one cell", inner
        blanks: list[Row] = [text.split() for text in texts]
        if _fits(blanks, width):
            return "cells are separated by spaces, not by commas", blanks
    return None


def _fits(rows: Sequence[Row], width: int) -> bool:
    return sum(len(row) == width for row in rows) >= MOST * len(rows)


def _even(rows: Sequence[Row]) -> bool:
    """Whether nearly all rows have the same number of cells, more than one."""
    most, times = Counter(len(row) for row in rows).most_common(1)[0]
    return most > 1 and times >= MOST * len(rows)


def _count(rows: Sequence[Row]) -> str:
    counts = Counter(len(row) for row in rows)
    return str(next(iter(counts))) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"


def _remedy(rows: Sequence[Row], schema: FileSchema) -> str:
    width = len(schema.names)
    usual = Counter(len(row) for row in rows).most_common(1)[0][0]
    if preamble := _preamble(rows, usual):
        further = _remedy(rows[preamble:], schema)
        return f"Delete the first {preamble} lines, which are not rows. Then: {further}"
    body = [row for row in rows if len(row) == usual]
    if wide := _wide(body, schema):
        return wide
    if apart := _date_and_time(body):
        return f"Write the date and time in one column: {shown(' '.join(apart))} is one timestamp"
    if usual > width:
        number = next((found for row in body if (found := one_number(row))), None)
        if usual == width + 1 and number is not None and not _counts_up(body):
            return f"If {shown(number)} is one number, use a decimal point"
        return extra_columns_remedy(body, schema)
    missing = _missing(body, schema)
    if missing is not None:
        what = f"{schema.names[missing]!r} seems to be missing"
        if missing == schema.identifier and schema.target is not None:
            return f"{what}. {constant_item_remedy(schema.names[missing])}"
        required = missing in (schema.identifier, schema.timestamp, schema.target)
        return f"{what}: add it{'' if required else ', or remove it from the Schema in params.json'}"
    return "In Schema.Attributes of params.json, list exactly the columns of the file, in the same order"


def _preamble(rows: Sequence[Row], usual: int) -> int:
    """The number of title and note rows at the top, in which only the first cell is filled."""
    own = next((n for n, row in enumerate(rows) if sum(map(bool, map(str.strip, row))) > 1), 0)
    return own if own and usual > 1 and len(rows) > own else 0


def _wide(rows: Sequence[Row], schema: FileSchema) -> str | None:
    """The remedy for a table with a column for each period or for each item; None for others."""
    if schema.timestamp is None or len(rows) < 2 or len(rows[1]) != len(rows[0]):
        return None
    first, later = [cell.strip() for cell in rows[0]], [cell.strip() for cell in rows[1]]
    if len(first) == len(schema.names) and format_of([later[schema.timestamp]]):
        return None  # a timestamp in the right position
    pairs = list(zip(first, later, strict=True))
    periods = [name for name, cell in pairs if _is_period(name) and not _is_period(cell)]
    if len(periods) > 1 and len(periods) >= (len(first) - 1) / 2:
        return (
            f"Its columns are periods ({listed(periods, 3)}): write one row for each item and period, with "
            "the timestamp in a separate column: stepcast init FILE --wide --convert NEW.csv does it"
        )
    moments = [name for name, cell in pairs if format_of([cell]) and not format_of([name])]
    items = [name for name, cell in pairs if name and NUMBER.fullmatch(cell) and not NUMBER.fullmatch(name)]
    own = {letters(name) for name in schema.names}
    if len(moments) == 1 and len(items) == len(first) - 1 > 1 and not own & set(map(letters, items)):
        return (
            f"If its columns are items ({listed(items, 3)}), write one row for each item and period, with "
            "the item in a separate column: stepcast init FILE --wide --convert NEW.csv does it"
        )
    return None


def _is_period(name: str) -> bool:
    return bool(format_of([name]) or PERIOD.fullmatch(name))


def _date_and_time(rows: Sequence[Row]) -> tuple[str, str] | None:
    last = rows[-1]
    for day, time in pairwise(last):
        if TIME.fullmatch(time.strip()) and (seems := format_of([day])) and "mm" not in seems:
            return day.strip(), time.strip()
    return None


def _counts_up(rows: Sequence[Row]) -> bool:
    return [row[0].strip() for row in rows[1:3]] == ["1", "2"] or rows[0][0].strip() in ("", "0")


def _missing(rows: Sequence[Row], schema: FileSchema) -> int | None:
    """The position of the one schema column without which the ``rows`` fit."""
    given, names = len(rows[0]), list(schema.names)
    if given != len(names) - 1:
        return None
    header = set(map(letters, rows[0]))
    unnamed = [place for place, name in enumerate(names) if letters(name) not in header]
    if len(unnamed) == 1:
        return unnamed[0]
    body = rows[1:] or rows
    places = list(range(len(names)))
    # Any cell can be text, so numbers and timestamps are tried first; metadata always have an item.
    texts = [place for place in reversed(places) if isinstance(schema.columns[place], TextColumn)]
    first = [] if schema.timestamp is None else [schema.identifier]
    for place in [*first, *texts, *places]:
        others = [other for other in places if other != place]
        if all(schema.resembles(other, [row[n] for row in body]) for n, other in enumerate(others)):
            return place
    return None
