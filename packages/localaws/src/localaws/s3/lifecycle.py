"""Remove old versions as a bucket's lifecycle rules say: NoncurrentVersionExpiration, and what it leaves.

moto (5.2.5) keeps the rules and never carries one out. Without this, what a stack deletes again and again in
a bucket with versions would pile up for ever. Other rules do nothing here: current objects are never removed.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from moto.core.utils import utcnow
from moto.s3.models import FakeDeleteMarker, s3_backends

__all__ = ["expire", "expire_everywhere"]


def expire_everywhere() -> int:
    """Remove what is due in every bucket; how many versions and delete markers were removed."""
    backend: Any
    removed = 0
    for _, _, backend in list(s3_backends.iter_backends()):
        for bucket in list(backend.buckets.values()):
            removed += expire(bucket, utcnow())
    return removed


def expire(bucket: Any, now: datetime) -> int:
    """Remove what is due in one bucket of moto's at ``now`` (UTC, without a zone, as moto's times are)."""
    rules = [rule for rule in bucket.rules if rule.status == "Enabled" and _prefix(rule) is not None]
    if bucket.versioning_status is None or not any(rule.nve_noncurrent_days for rule in rules):
        return 0
    removed = 0
    for key in list(dict(bucket.keys)):
        own = [rule for rule in rules if key.startswith(str(_prefix(rule)))]
        versions = bucket.keys.getlist(key)
        due = (
            [*_noncurrent(versions, own, now), *_lone_marker(versions, own, now)] if versions and own else []
        )
        if due:
            _remove(bucket.keys, key, versions, due)
            removed += len(due)
    return removed


def _noncurrent(versions: list[Any], rules: Iterable[Any], now: datetime) -> list[Any]:
    """Versions that another one followed long enough ago."""
    days = [int(rule.nve_noncurrent_days) for rule in rules if rule.nve_noncurrent_days]
    if not days:
        return []
    until = now - timedelta(days=min(days))
    old = [version for version, newer in pairwise(versions) if newer.last_modified <= until]
    return [each for each in old if isinstance(each, FakeDeleteMarker) or not each.is_locked(False)]


def _lone_marker(versions: list[Any], rules: Iterable[Any], now: datetime) -> list[Any]:
    """A delete marker that hides nothing any more."""
    marker = versions[-1]
    if (
        not isinstance(marker, FakeDeleteMarker)
        or len(_noncurrent(versions, rules, now)) != len(versions) - 1
    ):
        return []
    for rule in rules:
        aged = rule.expiration_days and marker.last_modified <= now - timedelta(
            days=int(rule.expiration_days)
        )
        if str(rule.expired_object_delete_marker).lower() == "true" or aged:
            return [marker]
    return []


def _remove(keys: Any, key: str, versions: list[Any], due: list[Any]) -> None:
    """In their list itself: a version that is put meanwhile makes a new list, and loses nothing."""
    for version in due:
        versions.remove(version)
    if not versions:
        gone = dict.pop(keys, key, None)
        if gone:  # it was put again at this moment
            dict.__setitem__(keys, key, gone)
    if (changed := getattr(keys, "changed", None)) is not None:
        changed(key)


def _prefix(rule: Any) -> str | None:
    """What keys of the rule begin with; None for one that asks for tags or sizes, too."""
    found = rule.filter
    if found is None:
        return str(rule.prefix or "")
    return None if found.tag_key or found.and_filter else str(found.prefix or "")
