"""``<id>.csv``: every value in quotes, NULL as nothing at all, and a first row of labels."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Row", "read_rows", "write_csv"]

Row = list[str | None]

_FIELD = re.compile(rb'(?:"((?:[^"]++|"")*+)")?([,\n])')
_BLOCK = 1 << 16


def write_csv(path: Path, labels: Sequence[str], rows: Path) -> None:
    """Put the labels before the rows that DuckDB wrote."""
    with path.open("wb") as file:
        file.write((",".join(f'"{_doubled(label)}"' for label in labels) + "\n").encode())
        with rows.open("rb") as written:
            shutil.copyfileobj(written, file, 1 << 20)


def read_rows(path: Path, offset: int, count: int) -> tuple[list[Row], int | None]:
    """``count`` rows from a byte offset on, and the offset of the next row, None after the last."""
    rows: list[Row] = []
    row: Row = []
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(offset)
        buffer, at = file.read(_BLOCK), 0
        while len(rows) < count:
            found = _FIELD.match(buffer, at)
            if found is None or (found.end() == len(buffer) and found[2] != b"\n"):
                more = file.read(
                    max(_BLOCK, len(buffer) - at)
                )  # ever more: a value is matched from its start
                if not more and found is None:
                    break
                offset, buffer, at = offset + at, buffer[at:] + more, 0
                if found is None or more:
                    continue
            row.append(None if found[1] is None else found[1].replace(b'""', b'"').decode())
            at = found.end()
            if found[2] == b"\n":
                rows.append(row)
                row = []
    return rows, offset + at if offset + at < size else None


def _doubled(text: str) -> str:
    return text.replace('"', '""')
