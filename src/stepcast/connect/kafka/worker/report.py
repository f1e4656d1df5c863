"""A worker's reports, every second, to the command that started it."""

from dataclasses import asdict, dataclass, field
from typing import Any

from stepcast.connect.kafka.worker.counts import Counts

__all__ = ["PartitionReport", "WorkerReport"]


@dataclass(frozen=True)
class PartitionReport:
    """``offset`` is the next to read, ``end`` that of the partition; -1 if not known yet.

    ``counts`` cover all workers since the group began. ``watermark`` is in milliseconds since 1970.
    """

    offset: int
    end: int
    watermark: int
    items: int
    drifting: int
    counts: Counts

    @property
    def lag(self) -> int | None:
        return max(0, self.end - self.offset) if self.offset >= 0 and self.end >= 0 else None


@dataclass(frozen=True)
class WorkerReport:
    """``committed`` and ``aborted`` transactions of this process, and the time that the committed took."""

    predictor: str
    committed: int
    aborted: int
    seconds: float
    histogram: list[int]
    partitions: dict[int, PartitionReport] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "WorkerReport":
        partitions = {
            int(number): PartitionReport(**{**one, "counts": Counts(**one["counts"])})
            for number, one in content["partitions"].items()
        }
        return cls(**{**content, "partitions": partitions})
