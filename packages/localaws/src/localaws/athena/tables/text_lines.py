"""Text files as lines: the base of every SerDe that is not columnar.

Hive reads a line at a time, so a quoted line break ends a row there too.
"""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from localaws.athena.errors import QueryFailed
from localaws.athena.sql.typed import literal

__all__ = ["TextFile", "TextFiles"]

_BLOCK = 1 << 20
_COMPRESSIONS = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd", ".zstd": "zstd"}
_UNSUPPORTED = (".bz2", ".snappy", ".lzo", ".lz4", ".deflate", ".zip")


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file, and how it is compressed, by the ending of its key."""

    path: Path
    compression: str  # DuckDB's word

    @classmethod
    def of(cls, path: Path, key: str) -> "TextFile":
        for ending, compression in _COMPRESSIONS.items():
            if key.endswith(ending):
                return cls(path, compression)
        for ending in _UNSUPPORTED:
            if key.endswith(ending):
                raise QueryFailed("NOT_SUPPORTED", f"files compressed as {ending} ({key})")
        return cls(path, "none")

    def blocks(self) -> Iterator[bytes]:
        """The bytes of the file, decompressed where that is gzip."""
        with ExitStack() as closing:
            file: IO[bytes] = closing.enter_context(self.path.open("rb"))
            if self.compression == "gzip":
                file = closing.enter_context(cast(IO[bytes], gzip.GzipFile(fileobj=file)))
            while block := file.read(_BLOCK):
                yield block

    def holds(self, letters: Sequence[str]) -> set[str]:
        """Which of the single-byte ``letters`` occur. A file in zstd is taken to hold them all."""
        if self.compression == "zstd":
            return set(letters)
        found: set[str] = set()
        for block in self.blocks():
            found.update(letter for letter in letters if letter not in found and letter.encode() in block)
            if len(found) == len(letters):
                break
        return found

    def has_open_quotes(self, quote: str) -> bool:
        """Whether a line ends within quotes: a line break in a value, or a quote too many."""
        letter, odd = quote.encode(), False
        for block in self.blocks():
            for line in block.splitlines(keepends=True):
                odd ^= bool(line.count(letter) & 1)
                if odd and line.endswith((b"\n", b"\r")):
                    return True
        return odd

    def with_one_line_end(self) -> "TextFile":
        """The file, or a copy when its beginning has both CRLF and LF, between which DuckDB sees rows."""
        if self.compression == "zstd":
            return self
        head = next(self.blocks(), b"")
        both = head.count(b"\r\n")
        if both in {0, head.count(b"\n")}:
            return self
        copy = self.path.with_name(f"{self.path.name}.lf")
        with copy.open("wb") as file:
            carried = b""
            for block in self.blocks():
                whole = carried + block
                carried = whole[-1:] if whole.endswith(b"\r") else b""
                file.write(whole[: len(whole) - len(carried)].replace(b"\r\n", b"\n"))
            file.write(carried)
        return TextFile(copy, "none")


@dataclass(frozen=True, slots=True)
class TextFiles:
    """Files that are read alike; ``skip`` lines at the head of each are none."""

    paths: tuple[Path, ...]
    compression: str
    skip: int

    def lines(self) -> str:
        """A relation with one column, ``line``, never NULL."""
        read = f"read_csv({self.options()}, delim='', quote='', escape='', columns={{'line': 'VARCHAR'}})"
        return f"(SELECT coalesce(line, '') AS line FROM {read})"

    def options(self) -> str:
        """What every call of read_csv needs."""
        listed = ", ".join(literal(str(path)) for path in self.paths)
        return (
            f"[{listed}], auto_detect=false, header=false, skip={self.skip}, null_padding=true, "
            f"compression='{self.compression}', strict_mode=false"
        )
