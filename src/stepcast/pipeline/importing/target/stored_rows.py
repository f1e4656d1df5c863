"""The uploaded rows, typed, in Parquet, as read by the SQL table ``train``."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stepcast.pipeline import objects

__all__ = ["StoredRows"]

GROUP_BYTES = 32 << 20  # of a row group, uncompressed: held in memory by readers and this writer
PART_BYTES = 128 << 20  # of an object


class StoredRows:
    """Writes ``part-0.parquet``, ``part-1.parquet``... under ``prefix``, each by way of ``scratch``."""

    def __init__(self, s3: Any, bucket: str, prefix: str, schema: pa.Schema, scratch: Path) -> None:
        self._s3, self._bucket, self._prefix, self._schema = s3, bucket, prefix, schema
        self._path = scratch / "part.parquet"
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_bytes = 0
        self._writer: pq.ParquetWriter | None = None
        self._file: Any = None
        self._parts = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._waiting_bytes += batch.nbytes
        if self._waiting_bytes >= GROUP_BYTES:
            self._write_group()

    def finish(self) -> None:
        """Write the remaining rows; without any rows, write a part with only columns."""
        if self._waiting or self._parts == 0:
            self._write_group()
        self._upload()

    def discard(self) -> None:
        """Delete everything written."""
        if self._writer is not None:
            self._close()
        self._waiting = []
        objects.delete_all(self._s3, self._bucket, self._prefix)

    def _write_group(self) -> None:
        if self._writer is None:
            self._file = self._path.open("wb")
            self._writer = pq.ParquetWriter(self._file, self._schema)
        table = pa.Table.from_batches(self._waiting, self._schema)
        self._waiting, self._waiting_bytes = [], 0
        self._writer.write_table(table, row_group_size=max(len(table), 1))
        if self._file.tell() >= PART_BYTES:
            self._upload()

    def _upload(self) -> None:
        if self._writer is None:
            return
        self._close()
        with self._path.open("rb") as part:
            objects.write(self._s3, self._bucket, f"{self._prefix}part-{self._parts}.parquet", part)
        self._path.unlink()
        self._parts += 1

    def _close(self) -> None:
        assert self._writer is not None  # noqa: S101  # callers check
        self._writer.close()
        self._file.close()
        self._writer = None
