"""Determines the format of a CSV file from its first rows."""

from dataclasses import dataclass
from itertools import islice

from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.file_problem import FileProblem
from stepcast.pipeline.importing.files.blocks import Block
from stepcast.pipeline.importing.files.header import header_by_kind, header_by_name
from stepcast.pipeline.importing.files.records import breaks, records
from stepcast.pipeline.importing.files.shape import check_shape
from stepcast.pipeline.importing.files.whole_column import wrong_throughout
from stepcast.pipeline.problems import Problem

__all__ = ["Sniffed", "sniff"]

SAMPLE = 1_000  # rows


@dataclass(frozen=True)
class Sniffed:
    """How to read the file.

    ``rest``      the block without the header.
    ``order``     the position in the file of each schema column.
    ``unread``    columns (positions in the schema) that are entirely wrong.
    ``problems``  to report: warnings, and errors for the columns in ``unread``.
    """

    rest: Block
    order: tuple[int, ...]
    unread: frozenset[int]
    problems: tuple[Problem, ...]


def sniff(block: Block, schema: FileSchema, file: str) -> Sniffed | None:
    """Examine a file by its first ``block``; None if blank. FileProblem if the entire file is wrong."""
    sample = list(islice((r for r in records(block.data, block.line) if not r.blank), SAMPLE + 1))
    if not sample:
        return None
    rows = [tuple(cell.decode("utf-8", "replace") for cell in record.cells) for record in sample]
    header = header_by_name(rows[0], rows[1:], schema, sample[0].line)
    body = rows[1:] if header else rows
    if not body:
        raise _no_rows(sample[0].line)
    check_shape(body, schema, sample[1 if header else 0].line)
    width = len(schema.columns)
    if header is None and len(rows[0]) == width:
        later = [row for row in rows[1:] if len(row) == width]
        header = header_by_kind(rows[0], later, schema, sample[0].line)
        body = rows[1:] if header else rows
        if not body:
            raise _no_rows(sample[0].line)
    order = header.order if header else tuple(range(width))
    begin = sample[1 if header else 0]
    columns = list(zip(*(row for row in body if len(row) == width), strict=True))
    try:
        wrong = wrong_throughout([columns[place] for place in order], schema, begin.line)
    except FileProblem as problem:
        if problem.cell is not None:
            given = zip(sample, rows, strict=True)
            lines = (record.line for record, row in given if problem.cell in map(str.strip, row))
            problem.line = next(lines, None)
        raise
    warnings = header.warnings if header else ()
    problems = [Problem("V03", "warning", *it, file=file, line=sample[0].line) for it in warnings]
    problems += [problem.of(file) for problem in wrong.values()]
    end = sample[0].end if header else 0
    rest = Block(block.data[end:], block.line + breaks(block.data[:end]))
    return Sniffed(rest, order, frozenset(wrong), tuple(problems))


def _no_rows(line: int) -> FileProblem:
    what = "the file has a header but no rows"
    return FileProblem("V01", what, "Upload a file with rows, or delete this one", line)
