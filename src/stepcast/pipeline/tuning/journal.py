"""The journal of a study in the bucket: an object a trial, in JSON."""

from dataclasses import dataclass
from typing import Any

from stepcast.pipeline import layout, objects

__all__ = ["BucketJournal"]


@dataclass(frozen=True)
class BucketJournal:
    """Under the work files of a run. A trial is there whole or not at all: an object is put atomically."""

    s3: Any
    bucket: str
    work: str

    def read(self) -> list[dict[str, Any]]:
        keys = objects.keys(self.s3, self.bucket, layout.study(self.work))
        return [record for key in keys for record in objects.read_json(self.s3, self.bucket, key)]

    def add(self, number: int, records: list[dict[str, Any]]) -> None:
        objects.write_json(self.s3, self.bucket, layout.study_trial(self.work, number), records)
