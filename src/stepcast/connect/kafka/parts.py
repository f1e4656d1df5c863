"""Part files: rows of one partition, named by the first and last offset they cover.

The names record what has been read. A reader looks at them before it starts, so no message is written twice
even if the reader before it ended between writing a file and committing its offsets.
"""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.folders import Folder
from stepcast.connect.kafka.observations import Message, Observation, Reader

__all__ = ["Batch", "Part", "Parts"]

TIMESTAMP, TARGET = "timestamp", "target_value"
TOPIC_ID = b"kafka.topic.id"
NAME = re.compile(r"(?P<topic>.+)-(?P<partition>\d+)-(?P<first>\d{20})-(?P<last>\d{20})\.parquet")


class Part(NamedTuple):
    """The offsets that a file covers, inclusive; not every offset needs to have a message or a row."""

    first: int
    last: int


@dataclass
class Batch:
    """Messages read from a partition since ``first`` that are in no file yet."""

    first: int
    next: int  # the offset after the last one read
    rows: list[tuple[int, Observation]] = field(default_factory=list)
    deleted: list[tuple[int, str]] = field(default_factory=list)  # offset and item of each tombstone

    def take(self, message: Message, reader: Reader) -> Observation | None:
        """Add a message: a row, or a tombstone that deletes an item's earlier rows.

        Raises Unreadable if it is neither; the batch moves past it all the same.
        """
        self.next = message.offset + 1
        if message.value is not None:
            row = reader.read(message)
            self.rows.append((message.offset, row))
            return row
        if reader.item_is_key:
            self.deleted.append((message.offset, reader.item_of(message)))
        return None

    @property
    def size(self) -> int:
        return len(self.rows) + len(self.deleted)


@dataclass(frozen=True)
class Parts:
    """The part files of one topic in a folder. ``columns`` are item_id and the dimensions."""

    folder: Folder
    topic: str
    columns: tuple[str, ...]
    topic_id: str | None = None

    def of(self, partition: int) -> dict[Part, str]:
        """The parts of a partition in order, with their file names."""
        found = {}
        for name in self.folder.names(f"{self.topic}-{partition}-"):
            read = NAME.fullmatch(name)
            if read and (read["topic"], read["partition"]) == (self.topic, str(partition)):
                found[Part(int(read["first"]), int(read["last"]))] = name
        return dict(sorted(found.items()))

    def name(self, partition: int, part: Part) -> str:
        return f"{self.topic}-{partition}-{part.first:020}-{part.last:020}.parquet"

    def after(self, partition: int, offset: int) -> int:
        """The first offset from ``offset`` on that no file covers."""
        for part in self.of(partition):
            if part.first <= offset <= part.last:
                offset = part.last + 1
        return offset

    def put(self, partition: int, batch: Batch) -> list[str]:
        """Write the offsets of a batch that no file covers yet, and remove deleted items from earlier files.

        The same offsets give the same bytes. Returns the names of the files: usually one, none for a batch
        without rows, several if another reader of the partition wrote some of the offsets meanwhile.
        """
        there = self.of(partition)
        free = _free(Part(batch.first, batch.next - 1), there)
        deleted = [(offset, item) for offset, item in batch.deleted if _within(offset, free)]
        if deleted:
            self._forget(deleted, there)
        last = {item: offset for offset, item in deleted}  # they are in order
        written = []
        for part in free:
            rows = [
                row
                for offset, row in batch.rows
                if part.first <= offset <= part.last and offset > last.get(row.key[0], -1)
            ]
            if rows:
                written.append(self.name(partition, part))
                self.folder.write(written[-1], self._parquet(rows))
        return written

    def check(self, partition: int) -> None:
        """ConnectorError if the newest file has other columns, or is of a deleted topic of the same name."""
        if not (names := list(self.of(partition).values())):
            return
        schema = _opened(self.folder.read(names[-1])).schema_arrow
        wanted = [*self.columns, TIMESTAMP, TARGET]
        if schema.names != wanted:
            raise ConnectorError(
                f"{self.folder.name}{names[-1]} has the columns {', '.join(schema.names)}, and "
                f"{', '.join(wanted)} are pulled: choose another folder, or remove the files of {self.topic} "
                "and start a new --group"
            )
        before = (schema.metadata or {}).get(TOPIC_ID, b"").decode()
        if before and self.topic_id and before != self.topic_id:
            raise ConnectorError(
                f"the topic {self.topic} was deleted and created again after {self.folder.name}{names[-1]} "
                "was written, so its offsets refer to other messages: choose another folder, or remove the "
                f"files of {self.topic}, and start a new --group"
            )

    def _forget(self, deleted: Sequence[tuple[int, str]], there: Mapping[Part, str]) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        for part, name in there.items():
            gone = sorted({item for offset, item in deleted if part.last < offset})
            if gone:
                table = _opened(self.folder.read(name)).read(use_threads=False)
                is_gone = pc.is_in(table[self.columns[0]], value_set=pa.array(gone, pa.string()))
                kept = table.filter(pc.invert(is_gone))
                if not kept.num_rows:
                    self.folder.delete(name)  # the import refuses a file without rows
                elif kept.num_rows < table.num_rows:
                    self.folder.write(name, _written(kept))

    def _parquet(self, rows: Sequence[Observation]) -> bytes:
        import pyarrow as pa

        columns: dict[str, Any] = {
            name: pa.array([row.key[number] for row in rows], pa.string())
            for number, name in enumerate(self.columns)
        }
        columns[TIMESTAMP] = pa.array([_stamp(row.moment) for row in rows], pa.string())
        columns[TARGET] = pa.array([row.value for row in rows], pa.float64())
        metadata: Mapping[bytes, bytes] = {TOPIC_ID: self.topic_id.encode()} if self.topic_id else {}
        return _written(pa.table(columns).replace_schema_metadata(metadata or None))


def _free(wanted: Part, there: Iterable[Part]) -> list[Part]:
    """The offsets of ``wanted`` that none of ``there`` covers; ``there`` is in order.

    >>> _free(Part(0, 99), [Part(10, 19), Part(90, 120)])
    [Part(first=0, last=9), Part(first=20, last=89)]
    """
    free, first = [], wanted.first
    for part in there:
        if part.last >= first and part.first <= wanted.last:
            if part.first > first:
                free.append(Part(first, part.first - 1))
            first = part.last + 1
    if first <= wanted.last:
        free.append(Part(first, wanted.last))
    return free


def _within(offset: int, parts: Sequence[Part]) -> bool:
    return any(part.first <= offset <= part.last for part in parts)


def _written(table: Any) -> bytes:
    import pyarrow.parquet

    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    return sink.getvalue()


def _opened(content: bytes) -> Any:
    """Read without pyarrow's threads, which would outlive a short command."""
    import pyarrow.parquet

    return pyarrow.parquet.ParquetFile(io.BytesIO(content), pre_buffer=False)


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")
