"""Splits CSV text into records with their first lines: exact but slow, for blocks with errors.

Quotes have the same meaning as in Arrow's CSV reader: at the beginning of a cell, a quote opens a quoted
part, in which a doubled quote is a literal quote, and after which the cell continues unquoted; anywhere else,
a quote is an ordinary character.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Record", "records"]

# Possessive quantifiers: a quote that never closes fails at once instead of being tried at every length.
CELL = re.compile(rb'(?:"([^"]*+(?:""[^"]*+)*+)"([^,\r\n]*+)|([^,\r\n]*+))(,|\r\n|\n|\r|\Z)')


@dataclass(frozen=True)
class Record:
    """The cells of one record, unquoted; its ``line`` (from 1), and its position in the data in bytes.

    ``closed`` is False if a quote never closes: then the record extends to the end of the data.
    """

    line: int
    cells: tuple[bytes, ...]
    start: int
    end: int
    closed: bool = True

    @property
    def blank(self) -> bool:
        """Whether its line is empty; empty lines are not records of data."""
        return len(self.cells) == 1 and not self.cells[0].strip()


def records(data: bytes, line: int = 1) -> Iterator[Record]:
    r"""Every record of ``data``, including blank ones; ``line`` is the physical line of its first byte.

    >>> [(record.line, record.cells) for record in records(b'a,"b\nc"\nd,e')]
    [(1, (b'a', b'b\nc')), (3, (b'd', b'e'))]
    """
    position, size = 0, len(data)
    while position < size:
        start, first = position, line
        cells: list[bytes] = []
        while True:
            match = CELL.match(data, position)
            if match is None or (match[1] is None and data[position : position + 1] == b'"'):
                yield Record(first, (*cells, data[position:]), start, size, closed=False)
                return
            quoted, tail, plain, end = match.groups()
            if quoted is None:
                cells.append(plain)
            else:
                line += breaks(quoted)
                cells.append(quoted.replace(b'""', b'"') + tail)
            position = match.end()
            if end != b",":
                break
        yield Record(first, tuple(cells), start, position)
        line += 1


def breaks(data: bytes) -> int:
    r"""The number of line ends in ``data``: a line feed, a carriage return or both together.

    >>> breaks(b"a\r\nb\nc\rd")
    3
    """
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
