"""Choose which of the forecasts in the bucket the new values are compared with."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from stepcast.engine.calendar import period_of
from stepcast.engine.drift import FEWEST_OUTCOMES
from stepcast.engine.frequency import Frequency
from stepcast.engine.seasonality import season_length
from stepcast.pipeline import layout, vintages

__all__ = ["Past", "Span", "choose"]

MOST_MANIFESTS = 200  # newest vintages considered
MOST_VINTAGES = 24  # vintages read, evenly spaced from the oldest to the newest
LONGEST = 4  # times the periods that are enough; if more are new, the first ones are compared


@dataclass(frozen=True)
class Past:
    """A published forecast: the folder ``root`` that it is in, and the period in which it starts."""

    root: str
    manifest: vintages.Manifest
    start: int


@dataclass(frozen=True)
class Span:
    """The new periods, ``first`` to ``last``, and the forecasts that reach into them, oldest first.

    The first forecast was made before all new periods: they are compared with its training data.
    """

    pasts: tuple[Past, ...]
    first: int
    last: int

    @property
    def baseline(self) -> Past:
        return self.pasts[0]

    @property
    def new(self) -> int:
        return self.last - self.first + 1


def choose(s3: Any, bucket: str, wide_columns: dict[str, str], frequency: Frequency, end: int) -> Span | None:
    """The new periods of a panel that ends at ``end``; None if no forecast was made for any of them.

    The baseline is the newest forecast followed by at least 30 periods, a season and a horizon, whichever is
    longest; the oldest forecast if none is that old. Forecasts with another grid or other columns are
    ignored.
    """
    known = [
        past
        for past in _published(s3, bucket)
        if past.start <= end and _alike(past.manifest, wide_columns, frequency)
    ]
    if not known:
        return None
    enough = max(FEWEST_OUTCOMES, season_length(frequency), known[-1].manifest.horizon)
    old = [past for past in known if end - past.start + 1 >= enough]
    start = (old[-1] if old else known[0]).start
    last = min(end, start + LONGEST * enough - 1)
    inside = [past for past in known if start <= past.start <= last]
    if len(inside) > MOST_VINTAGES:
        inside = [inside[place] for place in np.linspace(0, len(inside) - 1, MOST_VINTAGES).astype(int)]
    return Span(tuple(inside), start, last)


def _published(s3: Any, bucket: str) -> list[Past]:
    """Published forecasts, ordered by their first period, then by vintage."""
    names = [
        (name, root)
        for root in (layout.HISTORY, layout.FORECAST)
        for name in vintages.names(s3, bucket, root)
    ]
    pasts = {}
    for name, root in sorted(names)[-MOST_MANIFESTS:]:
        manifest = vintages.read(s3, bucket, name, root)
        if manifest is not None and manifest.published is not None:
            start = int(period_of(np.array([manifest.first], "datetime64[s]"), manifest.grid)[0])
            pasts[name] = Past(root, manifest, start)
    return sorted(pasts.values(), key=lambda past: (past.start, past.manifest.vintage))


def _alike(manifest: vintages.Manifest, wide_columns: dict[str, str], frequency: Frequency) -> bool:
    same_grid = str(frequency) == manifest.frequency and frequency.boundary == manifest.boundary
    return same_grid and manifest.wide_columns == wide_columns
