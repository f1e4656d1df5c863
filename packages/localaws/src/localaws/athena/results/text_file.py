"""``<id>.txt``: what SHOW, DESCRIBE and EXPLAIN print, a line a row, values between tabs."""

from collections.abc import Sequence
from pathlib import Path

from localaws.athena.results.csv_file import Row

__all__ = ["read_lines", "text_file"]


def text_file(rows: Sequence[Sequence[str]]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in rows).encode()


def read_lines(path: Path, offset: int, count: int) -> tuple[list[Row], int | None]:
    """``count`` rows from a byte offset on, and the offset of the next row, None after the last."""
    rows: list[Row] = []
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if len(rows) == count:
                return rows, offset
            offset += len(line)
            rows.append(list(line.decode().rstrip("\n").split("\t")))
    return rows, None
