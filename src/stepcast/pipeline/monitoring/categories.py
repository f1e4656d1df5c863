"""Number of items with each value of the item metadata."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.shards import Shard

__all__ = ["Categories", "count", "read", "write"]

Categories = dict[str, dict[str, int]]
MOST_VALUES = 1_000  # per attribute; one with more identifies items rather than groups of them


def count(categories: dict[str, Counter[str]], shard: Shard) -> None:
    """Add the items of a shard to the counts."""
    metadata = shard.panel.metadata
    if metadata is None:
        return
    for place, name in enumerate(metadata.names):
        values: Iterable[str] = (row[place] for row in metadata.values)
        categories.setdefault(name, Counter()).update(values)


def write(s3: Any, bucket: str, vintage: str, categories: dict[str, Counter[str]]) -> Categories:
    """Store the counts for a later run to compare with, and return what was stored."""
    kept = {name: dict(sorted(own.items())) for name, own in categories.items() if len(own) <= MOST_VALUES}
    objects.write_json(s3, bucket, layout.monitor_categories(vintage), kept)
    return kept


def read(s3: Any, bucket: str, vintage: str) -> Categories:
    """The counts of a vintage; empty if it is older than monitoring."""
    try:
        categories: Categories = objects.read_json(s3, bucket, layout.monitor_categories(vintage))
    except ResourceNotFoundException:
        return {}
    return categories
