"""Time zones: local time of moments, and clock changes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from stepcast.engine.arrays import Integers

__all__ = ["Change", "changes_in", "local_seconds"]


FIRST_YEAR, LAST_YEAR = 1900, 2200  # outside this range, the nearest year's offset is used
A_DAY = 86_400


@dataclass(frozen=True)
class Change:
    """Clocks are set from ``before`` to ``after`` seconds ahead of UTC at ``moment`` (seconds since 1970)."""

    moment: int
    before: int
    after: int


def local_seconds(seconds: Integers, zone: str) -> Integers:
    """The local time in ``zone`` of moments in UTC, both in seconds since 1970.

    >>> summer = np.array(["2024-07-01T12:00:00"], "datetime64[s]").astype(np.int64)
    >>> (local_seconds(summer, "Europe/Berlin") - summer).tolist()
    [7200]
    """
    if not len(seconds):
        return seconds
    years = np.array([seconds.min(), seconds.max()]).astype("datetime64[s]").astype("datetime64[Y]")
    first, last = np.clip(years.astype(np.int64) + 1970, FIRST_YEAR, LAST_YEAR).tolist()
    changes = [change for year in range(first, last + 1) for change in changes_in(zone, year)]
    begin = _ahead(ZoneInfo(zone), int(np.datetime64(f"{first}-01-01", "s").astype(np.int64)))
    ahead = np.array([begin, *(change.after for change in changes)], np.int64)
    moments = np.array([change.moment for change in changes], np.int64)
    return seconds + ahead[np.searchsorted(moments, seconds, side="right")]


@lru_cache(maxsize=4_096)
def changes_in(zone: str, year: int) -> tuple[Change, ...]:
    """The clock changes in a year of UTC.

    >>> [str(np.datetime64(change.moment, "s")) for change in changes_in("Europe/Berlin", 2024)]
    ['2024-03-31T01:00:00', '2024-10-27T01:00:00']
    """
    info, found = ZoneInfo(zone), []
    day, end = (int(np.datetime64(f"{y}-01-01", "s").astype(np.int64)) for y in (year, year + 1))
    before = _ahead(info, day)
    while day < end:
        after = _ahead(info, day + A_DAY)
        if after != before:
            low, high = day, day + A_DAY  # the change is after low and no later than high
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _ahead(info, middle) == before else (low, middle)
            found.append(Change(high, before, after))
        day, before = day + A_DAY, after
    return tuple(found)


def _ahead(info: ZoneInfo, seconds: int) -> int:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    offset = moment.astimezone(info).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
