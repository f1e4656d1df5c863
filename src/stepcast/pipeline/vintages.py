"""Forecast vintages in the bucket: complete or not, published or not, moved to history."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from stepcast.engine.frequency import Boundary, Frequency, Stamp
from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException

__all__ = ["Manifest", "current", "older_than", "read", "write"]


class Manifest(BaseModel):
    """What a vintage is; the last object that Export writes, so a vintage without one is incomplete.

    ``..._columns``  name to SQL type of each table, in file order.
    ``published``    set just before the tables move to the vintage.
    """

    model_config = ConfigDict(frozen=True)

    run: str
    vintage: str
    predictor: str
    dataset: str
    import_job: str
    items: int
    horizon: int
    frequency: str
    boundary: Boundary = Boundary()  # where its periods begin, and what their rows are stamped with
    stamp: Stamp = Stamp()
    first: str  # the first and the last moment that is forecast
    last: str
    train_columns: dict[str, str]
    clean_columns: dict[str, str]
    wide_columns: dict[str, str]
    accuracy_columns: dict[str, str]
    leaderboard_columns: dict[str, str]
    metric: str
    best: str  # AutoPredictor, or the algorithm asked for
    scores: dict[str, float | None]  # of every model over all items; None where nothing could be backtested
    published: datetime | None = None

    @property
    def grid(self) -> Frequency:
        """``frequency`` with its boundary and stamp."""
        return replace(Frequency.parse(self.frequency), boundary=self.boundary, stamp=self.stamp)


def key(root: str, vintage: str) -> str:
    return f"{layout.vintage(root, vintage)}manifest.json"


def read(s3: Any, bucket: str, vintage: str, root: str = layout.FORECAST) -> Manifest | None:
    """The manifest; None if the vintage is incomplete or not there."""
    try:
        return Manifest.model_validate_json(objects.read(s3, bucket, key(root, vintage)))
    except ResourceNotFoundException:
        return None


def write(s3: Any, bucket: str, manifest: Manifest) -> None:
    objects.write(s3, bucket, key(layout.FORECAST, manifest.vintage), manifest.model_dump_json(indent=2))


def mark_published(s3: Any, bucket: str, manifest: Manifest) -> None:
    write(s3, bucket, manifest.model_copy(update={"published": datetime.now(UTC)}))


def current(s3: Any, bucket: str) -> Manifest | None:
    """The newest published vintage."""
    for vintage in sorted(objects.folders(s3, bucket, layout.FORECAST), reverse=True):
        manifest = read(s3, bucket, vintage)
        if manifest and manifest.published:
            return manifest
    return None


def older_than(s3: Any, bucket: str, vintage: str) -> list[str]:
    """The vintages under ``forecast/`` made before ``vintage``, oldest first. Names sort by time."""
    return sorted(name for name in objects.folders(s3, bucket, layout.FORECAST) if name < vintage)
