"""Item names made of labels, ``instance=a:9100,job=node``, and the labels read back from them."""

import re
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import unquote

from stepcast.connect.errors import ConnectorError
from stepcast.pipeline.domains import is_reserved
from stepcast.pipeline.tables import is_taken

__all__ = ["NAME", "column_of", "item_id", "known_labels", "label_of", "labels_of", "telling_labels"]

NAME = "__name__"
COLUMNS = ("item_id", "timestamp", "target_value")
PART = re.compile(r"([a-zA-Z_][a-zA-Z0-9_]*)=([^,]*)")
# Characters that would end a part or a line of a CSV, and the one that escapes them.
UNSAFE = re.compile(r"[%,\x00-\x1f\x7f\x85\u2028\u2029]")


def item_id(labels: Mapping[str, str], telling: Sequence[str]) -> str:
    """The item's name, made of its ``telling`` labels; without any, the name of the metric.

    >>> item_id({"instance": "a:9100", "job": "node"}, ["instance"])
    'instance=a:9100'
    >>> item_id({"path": "a,b"}, ["path"]), item_id({"__name__": "up"}, []), item_id({}, [])
    ('path=a%2Cb', 'up', 'value')
    """
    named = {("metric" if name == NAME else name): labels.get(name, "") for name in telling}
    return ",".join(f"{name}={_escaped(value)}" for name, value in named.items()) or labels.get(NAME, "value")


def labels_of(item: str) -> dict[str, str]:
    """The labels in an item's name; empty if it is not made of labels.

    >>> labels_of("instance=a:9100,path=a%2Cb"), labels_of("villa")
    ({'instance': 'a:9100', 'path': 'a,b'}, {})
    """
    parts = [PART.fullmatch(part) for part in item.split(",")]
    return {found[1]: unquote(found[2]) for found in parts if found} if all(parts) else {}


def telling_labels(series: Collection[Mapping[str, str]], apart: Collection[str]) -> list[str]:
    """The labels that differ between the series, without those kept ``apart`` in columns of their own.

    A single series gets all its labels, so that its name stays the same when others appear.

    >>> telling_labels([{"instance": "a", "job": "x"}, {"instance": "b", "job": "x"}], [])
    ['instance']
    """
    names = sorted({name for labels in series for name in labels} - set(apart))
    if len(series) == 1:
        return [name for name in names if name != NAME]
    return [name for name in names if len({labels.get(name, "") for labels in series}) > 1]


def known_labels(items: Collection[str]) -> list[str]:
    """The labels in the item names of a file; ConnectorError if they differ between items."""
    orders = {tuple(labels_of(item)) for item in items}
    if len(orders) != 1:
        raise ConnectorError("its items are named in different ways: pull it again with --force")
    return [NAME if name == "metric" else name for name in orders.pop()]


def column_of(label: str) -> str:
    """The column for a label; a name that params.json does not allow gets ``_1``.

    >>> column_of("zone_id"), column_of("mode")
    ('zone_id', 'mode_1')
    """
    taken = is_taken(label) or is_reserved(label) or label in COLUMNS
    return f"{label}_1" if taken else label


def label_of(column: str) -> str:
    """The label that a column was made from.

    >>> label_of("zone_id"), label_of("mode_1"), label_of("lane_1")
    ('zone_id', 'mode', 'lane_1')
    """
    label = column.removesuffix("_1")
    return label if column_of(label) == column else column


def _escaped(value: str) -> str:
    return UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), value)
