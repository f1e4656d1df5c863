"""Splits a CSV stream into blocks of complete records, each with its first line number."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from stepcast.pipeline.importing.file_problem import FileProblem
from stepcast.pipeline.importing.files.records import Record, breaks, records

__all__ = ["Block", "blocks"]

LONGEST_RECORD = 16 << 20  # bytes; a longer one is an unclosed quote
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Block:
    """Complete records, and the physical line (from 1) of the first."""

    data: bytes
    line: int


def blocks(stream: BinaryIO, size: int) -> Iterator[Block]:
    """The records of ``stream`` without a byte order mark; the same bytes always give the same blocks.

    ``size`` is the number of bytes read at a time, at least three.

    Raises FileProblem if a quote opens and never closes.
    """
    line, rest, first = 1, b"", True
    chunk = stream.read(size)
    while chunk:
        following = stream.read(size)
        data = rest + chunk
        if first:
            data, first = data.removeprefix(BYTE_ORDER_MARK), False
        end = last_end(data)
        if not following and _unclosed_in(data[end:], line) is None:
            end = len(data)  # no line break at the end: the last record belongs to the others
        if end == 0 and len(data) > LONGEST_RECORD:
            raise _endless(data, line)
        if end:
            yield Block(data[:end], line)
            line += breaks(data[:end])
        rest, chunk = data[end:], following
    if (unclosed := _unclosed_in(rest, line)) is None:
        return
    if unclosed.start:
        yield Block(rest[: unclosed.start], line)
    raise _unclosed(unclosed.line)


def _unclosed_in(data: bytes, line: int) -> Record | None:
    """The record in which a quote opens and never closes, if there is one."""
    return next((r for r in records(data, line) if not r.closed), None) if b'"' in data else None


def last_end(data: bytes) -> int:
    r"""The end of the last record that is certainly complete; 0 if none is. ``data`` starts with a record.

    >>> last_end(b'a,"b\n"\nc,"d\n')
    7
    """
    if b'"' not in data:
        # A carriage return at the very end may be half of a line break.
        return data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, len(data) - 1) + 1
    letters = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(letters == ord('"'))
    if not _regular(letters, quotes):
        ends_here = data.endswith(b"\n")
        return max((r.end for r in records(data) if r.closed and (r.end < len(data) or ends_here)), default=0)
    for mark in (b"\n", b"\r"):
        ends = np.flatnonzero(letters[: len(data) - (mark == b"\r")] == mark[0])
        outside = ends[np.searchsorted(quotes, ends) % 2 == 0]
        if len(outside):
            return int(outside[-1]) + 1
    return 0


def _regular(letters: NDArray[np.uint8], quotes: NDArray[np.int64]) -> bool:
    """Whether quotes alternately open and close: then a line break after an even number ends a record."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = letters[opening - 1]
    at_start = (opening == 0) | (before == ord(",")) | (before == ord("\n")) | (before == ord("\r"))
    doubled = np.zeros(len(opening), bool)
    doubled[1:] = opening[1:] - 1 == closing[: len(opening) - 1]
    return bool(np.all(at_start | doubled))


def _endless(data: bytes, line: int) -> FileProblem:
    if not next(records(data)).closed:
        return _unclosed(line)
    what = f"the record that starts here is longer than {LONGEST_RECORD >> 20} MiB"
    return FileProblem("V01", what, "Write one record per line, as comma-separated values in UTF-8", line)


def _unclosed(line: int) -> FileProblem:
    what = "a quote opens here and never closes, so nothing after it can be read"
    return FileProblem(
        "V01", what, 'Close the quote, or double it if it is part of the text: 12"" pipe', line
    )
