"""The rows of a CSV file: parsed by Arrow if the block is valid, record by record if it is not."""

import gzip
import io
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.file_problem import FileProblem
from stepcast.pipeline.importing.files.blocks import Block, blocks
from stepcast.pipeline.importing.files.no_data import why_no_record
from stepcast.pipeline.importing.files.records import Record, records
from stepcast.pipeline.importing.files.rows import Cells, Rows, typed_rows
from stepcast.pipeline.importing.files.shape import one_number
from stepcast.pipeline.importing.files.sniff import Sniffed, sniff
from stepcast.pipeline.importing.files.sniff_format import refuse_other_formats
from stepcast.pipeline.importing.quoting import shown
from stepcast.pipeline.problems import Problem, Report

__all__ = ["csv_rows"]

GZIP = b"\x1f\x8b"
BLOCK = 4 << 20  # bytes: large enough for Arrow, small enough to read an invalid block record by record
READ_AHEAD = 1 << 20  # bytes requested from S3 at a time


def csv_rows(stream: io.RawIOBase, file: str, schema: FileSchema, report: Report) -> Iterator[Rows]:
    """The rows without an error, one batch per block; every problem of the file goes to ``report``."""
    try:
        unpacked = _unpacked(stream)
        refuse_other_formats(unpacked.peek(1))
        reader: _Reader | None = None
        for block in blocks(unpacked, BLOCK):
            if reader is None:
                sniffed = sniff(block, schema, file)
                if sniffed is None:
                    continue
                report.extend(sniffed.problems)
                reader, block = _Reader(sniffed, file, schema, report), sniffed.rest
            if block.data and (rows := reader.rows(block)):
                yield rows
        if reader is None:
            raise FileProblem("V01", "the file is empty", "Upload a file with rows, or delete this one")
    except FileProblem as problem:
        report.add(problem.of(file))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        what = f"the gzip data are damaged or truncated ({error})"
        report.add(Problem("V01", "error", what, "Compress and upload the file again", file=file))


def _unpacked(stream: io.RawIOBase) -> "io.BufferedReader[Any]":
    """The content, decompressed if its first bytes are those of gzip, because file names are not reliable."""
    buffered: io.BufferedReader[Any] = io.BufferedReader(stream, READ_AHEAD)
    if buffered.peek(2)[:2] == GZIP:
        return io.BufferedReader(gzip.GzipFile(fileobj=buffered), READ_AHEAD)
    return buffered


class _Reader:
    """Reads the blocks of one file in the way that its first rows suggest."""

    def __init__(self, sniffed: Sniffed, file: str, schema: FileSchema, report: Report) -> None:
        self._sniffed, self._file, self._schema, self._report = sniffed, file, schema, report
        self._encoding_reported = False

    def rows(self, block: Block) -> Rows | None:
        """The rows without an error, if rows are to be read."""
        cells = self._all_at_once(block) or self._one_by_one(block)
        return typed_rows(cells, self._schema, self._file, self._report, self._sniffed.unread)

    def _all_at_once(self, block: Block) -> Cells | None:
        """The cells of the block's records; None if there is a record that Arrow cannot read."""
        names = [str(place) for place in range(len(self._sniffed.order))]
        try:
            table = csv.read_csv(
                pa.BufferReader(block.data),
                csv.ReadOptions(column_names=names, use_threads=False, block_size=len(block.data) + 1),
                csv.ParseOptions(newlines_in_values=True),
                csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
            )
        except pa.ArrowInvalid:
            return None

        @cache
        def lines() -> NDArray[np.int64]:
            ends = block.data.count(b"\n") + (not block.data.endswith(b"\n"))
            if ends == len(table) and b'"' not in block.data and b"\r" not in block.data:
                return block.line + np.arange(ends)  # one record per line
            return np.array([r.line for r in records(block.data, block.line) if not r.blank], np.int64)

        return Cells(tuple(table.column(place).combine_chunks() for place in self._sniffed.order), lines)

    def _one_by_one(self, block: Block) -> Cells:
        """The cells of the records with the right number of cells; the others are reported."""
        lines: list[int] = []
        columns: list[list[str]] = [[] for _ in self._sniffed.order]
        for record in records(block.data, block.line):
            if record.blank:
                continue
            try:
                cells = [cell.decode() for cell in record.cells]
            except UnicodeDecodeError as error:
                self._report_encoding(record, error)
                continue
            if len(cells) != len(columns):
                self._report_width(record)
                continue
            lines.append(record.line)
            for column, place in zip(columns, self._sniffed.order, strict=True):
                column.append(cells[place])
        found = np.array(lines, np.int64)
        return Cells(tuple(pa.array(column, pa.string()) for column in columns), lambda: found)

    def _report_width(self, record: Record) -> None:
        given, wanted = len(record.cells), len(self._sniffed.order)
        cells = [cell.decode() for cell in record.cells]
        if no_record := why_no_record(cells, wanted):
            remedy = no_record
        elif given > wanted and not any(map(str.strip, cells[wanted:])):
            remedy = "Remove the commas after the last column"
        elif given == wanted + 1 and (number := one_number(cells)):
            remedy = f"If {shown(number)} is one number, use a decimal point"
        elif given > wanted:
            remedy = 'Put a cell that contains a comma in quotes: "bulb, 60 W"'
        else:
            remedy = "Separate all columns with commas, with nothing between two commas if a value is missing"
        what = f"the row has {given} {'cell' if given == 1 else 'cells'}, the schema has {wanted} columns"
        self._report.add(Problem("V04", "error", what, remedy, file=self._file, line=record.line))

    def _report_encoding(self, record: Record, error: UnicodeDecodeError) -> None:
        cell: bytes = error.object
        what = f"byte 0x{cell[error.start]:02X} is not UTF-8; in Windows-1252 the cell is "
        what += shown(cell.decode("windows-1252", "replace"))
        remedy = "Save the file as UTF-8"
        problem = Problem("V01", "error", what, remedy, file=self._file, line=record.line)
        if self._encoding_reported:
            self._report.count_more(
                problem, 1
            )  # one line suffices to show that the file has a different encoding
        else:
            self._report.add(problem)
        self._encoding_reported = True
