"""CSV text to records and the lines they begin at: exact, and slow; for blocks with something wrong.

What a quote means is what Arrow's CSV reader makes of it: at the beginning of a cell it opens a quoted
part, in there a doubled quote is a quote, after it the cell goes on unquoted; anywhere else a quote is a
letter like others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Record", "records"]

# Possessive quantifiers: a quote that never closes fails at once instead of being tried at every length.
CELL = re.compile(rb'(?:"([^"]*+(?:""[^"]*+)*+)"([^,\r\n]*+)|([^,\r\n]*+))(,|\r\n|\n|\r|\Z)')


@dataclass(frozen=True)
class Record:
    """The cells of one record, unquoted; its ``line`` (from 1), and where it lies in the data in bytes.

    ``closed`` is False where a quote opens and never closes: then the record goes on to the end of the data.
    """

    line: int
    cells: tuple[bytes, ...]
    start: int
    end: int
    closed: bool = True

    @property
    def blank(self) -> bool:
        """Whether nothing stands on its line; such lines are not records of data."""
        return len(self.cells) == 1 and not self.cells[0].strip()


def records(data: bytes, line: int = 1) -> Iterator[Record]:
    r"""Every record of ``data``, blank ones as well; ``line`` is the physical line of its first byte.

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
    r"""How many lines end in ``data``: at a line feed, a carriage return or both together.

    >>> breaks(b"a\r\nb\nc\rd")
    3
    """
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
