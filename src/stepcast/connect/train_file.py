"""A file of series written by a source: CSV, gzipped CSV or Parquet, on this machine or in a bucket.

Later rows are appended. An S3 object is rewritten as a whole; a CSV keeps its previous bytes at the start.
"""

import csv
import gzip
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from stepcast.connect.errors import ConnectorError

__all__ = ["ENDINGS", "Known", "LocalFile", "Place", "Row", "S3Object", "TrainFile"]

ENDINGS = (".csv", ".csv.gz", ".parquet")
TIMESTAMP, TARGET = "timestamp", "target_value"
FORMAT = "%Y-%m-%d %H:%M:%S"


class Row(NamedTuple):
    """One observation: the key of its series, seconds since 1970, and the value (None if missing)."""

    key: tuple[str, ...]
    moment: int
    value: float | None


class Place(Protocol):
    """The location of a file; ``name`` is its path or URI as users write it."""

    @property
    def name(self) -> str: ...

    def read(self) -> bytes | None:
        """The whole content; None if there is no such file."""

    def write(self, content: bytes) -> None:
        """Write the whole content, or nothing."""


@dataclass(frozen=True)
class LocalFile:
    """A file on this machine."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path)

    def read(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None

    def write(self, content: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unready = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            unready.write_bytes(content)
            unready.replace(self.path)
        finally:
            unready.unlink(missing_ok=True)


@dataclass(frozen=True)
class S3Object:
    """An object in a bucket."""

    s3: Any
    bucket: str
    key: str

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def read(self) -> bytes | None:
        from botocore.exceptions import ClientError

        try:
            body: bytes = self.s3.get_object(Bucket=self.bucket, Key=self.key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise
        return body

    def write(self, content: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=self.key, Body=content)


@dataclass(frozen=True)
class Known:
    """What a file holds: its keys, its last moment, the shortest time between two rows of a series."""

    keys: frozenset[tuple[str, ...]]
    last: int
    spacing: int | None


class TrainFile:
    """The file at ``place``, with the columns ``identifiers`` (item_id first), timestamp and target_value."""

    def __init__(self, place: Place, identifiers: Sequence[str]) -> None:
        if not place.name.lower().endswith(ENDINGS):
            raise ConnectorError(f"{place.name} must end in one of {', '.join(ENDINGS)}")
        self.place, self.identifiers = place, tuple(identifiers)
        self._content = place.read()

    @property
    def exists(self) -> bool:
        return self._content is not None

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.identifiers, TIMESTAMP, TARGET)

    def known(self) -> Known | None:
        """What the file holds; None if it has no rows.

        Raises:
            ConnectorError: the file was not written by a pull of these columns.
        """
        keys, last, spacing = set(), None, None
        before: dict[tuple[str, ...], int] = {}
        for key, moment in self._rows():
            keys.add(key)
            last = moment if last is None else max(last, moment)
            if key in before and (step := abs(moment - before[key])):
                spacing = step if spacing is None else min(spacing, step)
            before[key] = moment
        return None if last is None else Known(frozenset(keys), last, spacing)

    def append(self, rows: Sequence[Row]) -> None:
        """Append ``rows``; without any, an existing file is left as it is."""
        if rows or self._content is None:
            self._put(self._content, rows)

    def replace(self, rows: Sequence[Row]) -> None:
        self._put(None, rows)

    def _put(self, before: bytes | None, rows: Sequence[Row]) -> None:
        made = self._parquet(before, rows) if self._is_parquet else self._text(before, rows)
        self.place.write(made)
        self._content = made

    @property
    def _is_parquet(self) -> bool:
        return self.place.name.lower().endswith(".parquet")

    @property
    def _is_compressed(self) -> bool:
        return self.place.name.lower().endswith(".gz")

    def _rows(self) -> Iterator[tuple[tuple[str, ...], int]]:
        if self._content is None:
            return
        records = self._parquet_records() if self._is_parquet else self._text_records(self._content)
        names = next(records, self.columns)
        if tuple(names) != self.columns:
            raise ConnectorError(
                f"{self.place.name} has the columns {', '.join(names)}, not {', '.join(self.columns)}: "
                "choose another name, or pull it again with --force"
            )
        for number, record in enumerate(records, 2):
            try:
                *key, moment, _ = record
                yield tuple(key), _seconds(moment)
            except ValueError:
                raise ConnectorError(
                    f"{self.place.name}, row {number}: not written by a pull; choose another name, or "
                    "pull it again with --force"
                ) from None

    def _text_records(self, content: bytes) -> Iterator[Sequence[str]]:
        text = gzip.decompress(content) if self._is_compressed else content
        yield from csv.reader(io.StringIO(text.decode("utf-8"), newline=""))

    def _parquet_records(self) -> Iterator[Sequence[str]]:
        table = _read(self._content or b"")
        yield table.column_names
        for batch in table.to_batches(10_000):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def _text(self, before: bytes | None, rows: Sequence[Row]) -> bytes:
        written = io.StringIO(newline="")
        writer = csv.writer(written, lineterminator="\n")
        if before is None:
            writer.writerow(self.columns)
        for key, moment, value in rows:
            writer.writerow([*key, _stamp(moment), "" if value is None else repr(value)])
        text = written.getvalue().encode()
        # Gzip members can be concatenated; without a timestamp, equal rows give equal bytes.
        return (before or b"") + (gzip.compress(text, mtime=0) if self._is_compressed else text)

    def _parquet(self, before: bytes | None, rows: Sequence[Row]) -> bytes:
        import pyarrow as pa
        import pyarrow.parquet

        columns: dict[str, Any] = {
            name: pa.array([row.key[number] for row in rows], pa.string())
            for number, name in enumerate(self.identifiers)
        }
        columns[TIMESTAMP] = pa.array([_stamp(row.moment) for row in rows], pa.string())
        columns[TARGET] = pa.array([row.value for row in rows], pa.float64())
        table = pa.table(columns)
        if before is not None:
            table = pa.concat_tables([_read(before), table])
        sink = io.BytesIO()
        pyarrow.parquet.write_table(table, sink)
        return sink.getvalue()


def _read(content: bytes) -> Any:
    """The table of a Parquet file, read on this thread alone: a thread pool would outlive a short command."""
    import pyarrow.parquet

    return pyarrow.parquet.ParquetFile(io.BytesIO(content), pre_buffer=False).read(use_threads=False)


def _stamp(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime(FORMAT)


def _seconds(stamp: str) -> int:
    return int(datetime.strptime(stamp, FORMAT).replace(tzinfo=UTC).timestamp())
