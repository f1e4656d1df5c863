"""Forecast vintages in the bucket: complete or not, published or not, moved to history."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from stepcast.engine.frequency import Boundary, Frequency, Stamp
from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.tuned import TunedParameters

__all__ = ["Evaluation", "Manifest", "current", "find", "names", "older_than", "own", "read", "write"]


class Evaluation(BaseModel):
    """How good one model was in one backtest window, over all items.

    ``window``   1 is the latest; None is all windows together.
    ``start``    the first moment of the window, ``end`` its last.
    ``metrics``  by the names of the SQL table ``accuracy``; None where nothing was scored.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    window: int | None
    start: str
    end: str
    points: int
    metrics: dict[str, float | None]


class Manifest(BaseModel):
    """Describes a vintage; the last object that Export writes, so a vintage without one is incomplete.

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
    boundary: Boundary = Boundary()  # where its periods begin, and their timestamps
    stamp: Stamp = Stamp()
    first: str  # the first and last forecast timestamp
    last: str
    train_columns: dict[str, str]
    clean_columns: dict[str, str]
    wide_columns: dict[str, str]
    accuracy_columns: dict[str, str]
    leaderboard_columns: dict[str, str]
    levels_columns: dict[str, str] | None = None  # with a hierarchy
    accuracy_levels_columns: dict[str, str] | None = None
    metric: str
    best: str  # AutoPredictor, or the requested algorithm
    scores: dict[str, float | None]  # of every model over all items; None if nothing could be backtested
    judged: int | None = None  # items that could be backtested, and points; missing in old vintages
    points: int | None = None
    evaluations: tuple[Evaluation, ...] = ()
    tuned: TunedParameters | None = None  # where parameters were tuned
    stepcast: str = ""  # the version that made it, and the commit where the deployment knew it
    commit: str = ""
    published: datetime | None = None

    @property
    def grid(self) -> Frequency:
        """``frequency`` with its boundary and stamp."""
        return replace(Frequency.parse(self.frequency), boundary=self.boundary, stamp=self.stamp)

    @property
    def backtest(self) -> str | None:
        """The number of items and points behind the scores; None if unknown."""
        if self.judged is None or self.points is None:
            return None
        items = "1 item" if self.items == 1 else f"{self.items:,} items"
        return f"{self.judged:,} of {items}, {self.points:,} points"


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


def own(s3: Any, bucket: str, moment: datetime, execution: str) -> str:
    """The vintage of an ``execution`` that began at ``moment``, later than those of all that began before it.

    No other execution has a vintage of that name, however many begin in one second, and the latest forecast
    sorts last even if the clock stands still or was set back.
    """
    mark = hashlib.sha256(execution.encode()).hexdigest()[:8]
    name = layout.vintage_at(moment, mark)
    newest = max([*names(s3, bucket), *_begun(s3, bucket, mark)], default="")
    if name > newest:
        return name
    return layout.vintage_at(layout.moment_of(newest) + timedelta(seconds=1), mark)


def _begun(s3: Any, bucket: str, mark: str) -> Iterator[str]:
    """The vintages of runs at work. The execution of this mark does not count: it may be tried again."""
    for run in objects.folders(s3, bucket, layout.RUNS):
        for name in objects.folders(s3, bucket, f"{layout.RUNS}{run}/"):
            if re.match(layout.VINTAGE, name) and not name.endswith(mark):
                yield name


def names(s3: Any, bucket: str, root: str = layout.FORECAST) -> list[str]:
    """The vintages under ``root``, oldest first; folders with other names are ignored."""
    return sorted(name for name in objects.folders(s3, bucket, root) if re.match(layout.VINTAGE, name))


def find(s3: Any, bucket: str, vintage: str) -> tuple[str, Manifest] | None:
    """The location of the vintage, ``forecast/`` or ``history/``, and its manifest; None if in neither.

    A run may find its own in ``history/``, if a newer one is published while it sends its message.
    """
    for root in (layout.FORECAST, layout.HISTORY):  # moved in this order, so it is never missed
        if manifest := read(s3, bucket, vintage, root):
            return root, manifest
    return None


def current(s3: Any, bucket: str) -> Manifest | None:
    """The newest published vintage."""
    looked: list[str] | None = None
    while (
        there := names(s3, bucket)
    ) != looked:  # a listed vintage may be in history/ by the time it is read
        for vintage in reversed(there):
            manifest = read(s3, bucket, vintage)
            if manifest and manifest.published:
                return manifest
        looked = there
    return None


def older_than(s3: Any, bucket: str, vintage: str) -> list[str]:
    """The vintages under ``forecast/`` older than ``vintage``, oldest first. Names sort by time."""
    return [name for name in names(s3, bucket) if name < vintage]
