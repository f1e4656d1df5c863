"""Which shards a run has: those of its series, then those of their sums, if it has a hierarchy."""

from typing import Any

from stepcast.pipeline import layout, objects

__all__ = ["all_shards", "series_shards", "sum_shards", "write"]

SHARD, SUMS = "shard", "sums"


def write(s3: Any, bucket: str, work: str, series: int, sums: int = 0) -> None:
    """List shards for the Map states, which treat all alike: the first ``series``, then ``sums`` of them."""
    entries: list[dict[str, Any]] = [{SHARD: number} for number in range(series)]
    entries += [{SHARD: series + number, SUMS: True} for number in range(sums)]
    objects.write_json(s3, bucket, layout.shard_list(work), entries)


def all_shards(s3: Any, bucket: str, work: str) -> list[int]:
    """The numbers of all shards."""
    return [entry[SHARD] for entry in _entries(s3, bucket, work)]


def series_shards(s3: Any, bucket: str, work: str) -> list[int]:
    """The numbers of those with the series of the input."""
    return [entry[SHARD] for entry in _entries(s3, bucket, work) if not entry.get(SUMS)]


def sum_shards(s3: Any, bucket: str, work: str) -> list[int]:
    """The numbers of those with sums of series, level by level from the total down."""
    return [entry[SHARD] for entry in _entries(s3, bucket, work) if entry.get(SUMS)]


def _entries(s3: Any, bucket: str, work: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = objects.read_json(s3, bucket, layout.shard_list(work))
    return found
