"""Labels as item metadata: attributes that are constant for an item and may be common to several."""

import csv
import io
from collections.abc import Mapping, Sequence

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.item_names import NAME, column_of
from stepcast.connect.train_file import Place

__all__ = ["write_metadata"]

MOST = 9  # attributes allowed in item metadata, besides the item
ITEM = "item_id"


def write_metadata(place: Place, series: Sequence[tuple[str, Mapping[str, str]]], *, anew: bool) -> bool:
    """Write one row per item, from pairs of item and labels; False if no label differs between items.

    An existing file keeps its columns and items, unless it is written ``anew``.
    """
    if not place.name.lower().endswith(".csv"):
        raise ConnectorError(f"{place.name} is not a .csv file, as item metadata must be")
    before = None if anew else place.read()
    known = list(csv.reader(io.StringIO(before.decode("utf-8"), newline=""))) if before else []
    labels = _common(series)
    names = {column_of(name): name for name in _telling(labels)}
    if known:
        named = {column_of(name): name for one in labels.values() for name in one}
        names = {name: named.get(name, "") for name in known[0][1:]}
    if not names:
        return False
    if len(names) > MOST:
        raise ConnectorError(
            f"{len(names)} labels differ among the items ({', '.join(names)}), and item metadata has {MOST} "
            "at most: aggregate some away in the query, or make them a --dimension"
        )
    rows = {row[0]: row for row in known[1:]}
    for item, own in labels.items():
        rows.setdefault(item, [item, *(own.get(name, "") for name in names.values())])
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows([[ITEM, *names], *rows.values()])
    if (made := written.getvalue().encode()) != before:
        place.write(made)
    return True


def _common(series: Sequence[tuple[str, Mapping[str, str]]]) -> dict[str, dict[str, str]]:
    """For each item, the labels that all its series share."""
    found: dict[str, dict[str, str]] = {}
    for item, labels in series:
        own = found.setdefault(item, {name: text for name, text in labels.items() if name != NAME})
        found[item] = {name: text for name, text in own.items() if labels.get(name) == text}
    return dict(sorted(found.items()))


def _telling(items: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The labels that differ between items, or that only some of them have."""
    names = sorted({name for labels in items.values() for name in labels})
    return [name for name in names if len({labels.get(name) for labels in items.values()}) > 1]
