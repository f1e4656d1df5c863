"""Which kinds of items there are: how many have each value of the item metadata."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.shards import Shard

__all__ = ["Categories", "count", "read", "write"]

Categories = dict[str, dict[str, int]]
MOST_VALUES = 1_000  # of an attribute; one with more names items, not kinds of them


def count(categories: dict[str, Counter[str]], shard: Shard) -> None:
    """Add the items of a shard."""
    metadata = shard.panel.metadata
    if metadata is None:
        return
    for place, name in enumerate(metadata.names):
        values: Iterable[str] = (row[place] for row in metadata.values)
        categories.setdefault(name, Counter()).update(values)


def write(s3: Any, bucket: str, vintage: str, categories: dict[str, Counter[str]]) -> Categories:
    """Keep them for a later run to compare with; what was kept."""
    kept = {name: dict(sorted(own.items())) for name, own in categories.items() if len(own) <= MOST_VALUES}
    objects.write_json(s3, bucket, layout.monitor_categories(vintage), kept)
    return kept


def read(s3: Any, bucket: str, vintage: str) -> Categories:
    """Those of a vintage; none where it was made before there was monitoring."""
    try:
        categories: Categories = objects.read_json(s3, bucket, layout.monitor_categories(vintage))
    except ResourceNotFoundException:
        return {}
    return categories
