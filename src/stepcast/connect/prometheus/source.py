"""Pull metrics into a file of series: page by page, on a regular grid, one item per series."""

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.client import Client, Refused
from stepcast.connect.prometheus.counters import bare_counters, looks_like_a_counter
from stepcast.connect.prometheus.durations import moment, step_seconds, text
from stepcast.connect.prometheus.expressions import observed
from stepcast.connect.prometheus.item_names import column_of, item_id, known_labels, telling_labels
from stepcast.connect.prometheus.metadata import write_metadata
from stepcast.connect.prometheus.scrapes import check_step
from stepcast.connect.prometheus.series import Series, collect
from stepcast.connect.train_file import Known, Place, Row, TrainFile

__all__ = ["LAST", "Pulled", "Wish", "pull"]

LAST = "last"
ITEM = "item_id"
COLUMN = re.compile("[a-zA-Z][a-zA-Z0-9_]{0,60}")  # names that params.json allows
# A sample has the time at which its scrape began and is stored when the scrape ends, by default at most ten
# seconds later; a remote write may take longer. After this many seconds, a value is final.
SETTLED_AFTER = 60
LOOKBACK = 300  # seconds for which the server repeats the latest sample


@dataclass(frozen=True)
class Wish:
    """What to pull.

    ``since``    a time, or ``last``: after the last row of the file; ``history`` if there is no file.
    ``apart``    labels that become columns (dimensions) instead of a part of item_id.
    ``metadata`` where to write the labels that differ as item metadata; None to write none.
    """

    query: str
    step: str
    since: str = "30d"
    until: str = "now"
    history: str = "30d"
    apart: Sequence[str] = ()
    metadata: Place | None = None
    force: bool = False


@dataclass
class Pulled:
    """The result; times in seconds since 1970, None if nothing was new."""

    file: str
    series: int = 0
    rows: int = 0
    first: int | None = None
    last: int | None = None
    missing: dict[str, int] = field(default_factory=dict)  # why, and how many values
    warnings: list[str] = field(default_factory=list)


def pull(client: Client, wish: Wish, place: Place, now: float | None = None) -> Pulled:
    """Write the series of a query to ``place``, or append new rows; rows that exist are not pulled again.

    Raises:
        ConnectorError: the values would be unreliable, or the file does not fit the query.
    """
    now = time.time() if now is None else now
    step = step_seconds(wish.step)
    file = TrainFile(place, (ITEM, *_columns(wish.apart)))
    if file.exists and wish.since != LAST and not wish.force:
        raise ConnectorError(
            f"{place.name} exists: append to it with --since last, or add --force to replace it"
        )
    known = file.known() if wish.since == LAST and not wish.force else None
    start, end = _range(wish, known, step, now, place.name)
    pulled = Pulled(place.name)
    if start > end:
        return pulled
    taken = check_step(client, wish.query, start, end, step)
    if taken is None:
        pulled.warnings.append(
            "the scrape interval could not be determined: a --step below it would repeat values"
        )
    pulled.warnings += bare_counters(client, wish.query, step)
    series, odd = collect(client.pages(_observed(client, wish.query, end, step, taken), start, end, step))
    pulled.warnings += client.warnings
    if not series and known is None:
        raise ConnectorError(
            f"the query returns no values from {_iso(start)} to {_iso(end)}: check it in the server's web "
            "interface, and that --since is within its retention"
        )
    if not any("is a counter" in warning for warning in pulled.warnings) and looks_like_a_counter(series):
        pulled.warnings.append(
            "the values only rise, like those of a counter: pull the rate instead, as in "
            f"rate(NAME[{text(2 * step)}])"
        )
    keys = _keys(series, wish.apart, known)
    rows = _rows(keys, series)
    if wish.metadata is not None and series:
        labelled = [(key[0], one.labels) for key, one in zip(keys, series, strict=True)]
        if not write_metadata(wish.metadata, labelled, anew=known is None):
            pulled.warnings.append(f"no label differs among the items: {wish.metadata.name} was not written")
    if known is None:
        file.replace(rows)
    else:
        file.append(rows)
    pulled.series, pulled.rows = len(series), len(rows)
    pulled.missing = {name: count for name, count in odd.items() if count}
    if rows:
        pulled.first, pulled.last = min(row.moment for row in rows), max(row.moment for row in rows)
    return pulled


def _observed(client: Client, query: str, end: int, step: int, taken: float | None) -> str:
    """The query without values older than a step, because a repeated value is not an observation.

    A sample exactly one step old belongs to the previous moment, hence one millisecond less. ``taken`` is the
    interval of the samples: if it is longer than the server's lookback, the whole step is searched, because
    most samples would be missed otherwise.
    """
    sparse = taken is not None and taken > LOOKBACK
    strict = observed(query, (step if sparse else min(step, LOOKBACK)) * 1000 - 1)
    try:
        client.instant(strict, end)
    except Refused:  # syntax that ``observed`` does not know
        return query
    return strict


def _columns(apart: Sequence[str]) -> list[str]:
    for name in apart:
        if not COLUMN.fullmatch(name):
            raise ConnectorError(f"the label {name!r} cannot be a column: rename it with label_replace()")
    return [column_of(name) for name in apart]


def _range(wish: Wish, known: Known | None, step: int, now: float, name: str) -> tuple[int, int]:
    """The first and last moment to query: multiples of the step, the same in every pull."""
    until = min(moment(wish.until, now), now - SETTLED_AFTER)
    end = int(until // step) * step
    if known is None:
        since = moment(wish.history if wish.since == LAST else wish.since, now)
        start = -int(-since // step) * step
        if start > end:
            raise ConnectorError(
                f"from {_iso(start)} to {_iso(end)} there is no whole step of {text(step)}: start earlier"
            )
        return start, end
    if known.last % step or (known.spacing is not None and known.spacing != step):
        raise ConnectorError(
            f"{name} was pulled with a --step other than {text(step)}: pull it again with --force"
        )
    return known.last + step, end


def _keys(series: Sequence[Series], apart: Sequence[str], known: Known | None) -> list[tuple[str, ...]]:
    """The key of each series: its item, and the labels kept apart."""
    labels = [one.labels for one in series]
    telling = telling_labels(labels, apart) if known is None else known_labels([key[0] for key in known.keys])
    keys = [(item_id(own, telling), *(own.get(name, "") for name in apart)) for own in labels]
    if keys and (twice := Counter(keys).most_common(1)[0])[1] > 1:
        raise ConnectorError(
            f"{twice[1]} series are named {' '.join(twice[0])!r}: labels that differ now are not in the "
            "item_id of the file. Aggregate them in the query, or pull it again with --force"
        )
    return keys


def _rows(keys: Sequence[tuple[str, ...]], series: Sequence[Series]) -> list[Row]:
    return [
        Row(key, when, None if isnan(value) else value)
        for key, one in sorted(zip(keys, series, strict=True), key=lambda pair: pair[0])
        for when, value in zip(one.moments, one.values, strict=True)
    ]


def _iso(moment: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(moment))
