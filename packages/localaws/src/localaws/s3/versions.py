"""Versions of objects, as S3 keeps them.

moto (5.2.5, s3/models.py) copies every version in the bucket for each listing of a prefix, takes the older of
two that came within a millisecond for the latest, lists folders that hold nothing but deleted objects, and in
a bucket whose versioning is suspended drops all versions of a key with the next PutObject or DeleteObject.
For each new version of a key it compares all of them with each other.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html
"""

import copy
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

from moto.s3 import notifications
from moto.s3.exceptions import AccessDeniedByLock
from moto.s3.models import FakeDeleteMarker, FakeKey, S3Backend
from moto.s3.notifications import S3NotificationEvent
from moto.s3.utils import _VersionedKeyStore

from localaws.patching import replace

__all__ = ["patch"]

_NULL = "null"  # the version of what is put where versioning is not enabled
_MOST = 1000


def _list_object_versions(
    self: Any,
    bucket_name: str,
    delimiter: str | None = None,
    key_marker: str | None = None,
    max_keys: int | None = _MOST,
    prefix: str = "",
    version_id_marker: str | None = None,
) -> tuple[list[Any], list[str], list[Any], str | None, str | None]:
    """Versions, common prefixes, delete markers, and where the next page begins: key and version."""
    keys = self.get_bucket(bucket_name).keys
    versions: list[Any] = []
    markers: list[Any] = []
    folders: list[str] = []
    last: tuple[str | None, str | None] = None, None
    most = _MOST if max_keys is None else max_keys
    for name, version in _after(keys, prefix, key_marker, version_id_marker):
        found = name.find(delimiter, len(prefix)) if delimiter else -1
        folder = name[: found + len(delimiter)] if delimiter and found >= 0 else None
        if folder is not None and folder in (key_marker, *folders[-1:]):
            continue
        if len(versions) + len(markers) + len(folders) >= most:
            return versions, folders, markers, *last
        if folder is not None:
            folders.append(folder)
            last = folder, None
            continue
        listed = copy.copy(version)  # its own: whether it is the latest is true of this moment
        listed.is_latest = version is keys[name]
        (versions if isinstance(version, FakeKey) else markers).append(listed)
        last = name, version.version_id
    return versions, folders, markers, None, None


def _after(keys: Any, prefix: str, key: str | None, version_id: str | None) -> Iterator[tuple[str, Any]]:
    """Names in their order, with the versions of each, newest first; only what comes after that version."""
    for name in sorted(name for name in dict(keys) if name.startswith(prefix)):
        if key is not None and (name < key or (name == key and not version_id)):
            continue
        newest_first = list(reversed(keys.getlist(name) or []))
        if name == key:
            ids = [version.version_id for version in newest_first]
            newest_first = newest_first[ids.index(version_id) + 1 :] if version_id in ids else []
        for version in newest_first:
            yield name, version


def _delete_object(
    self: Any, bucket: Any, key_name: str, version_id: str | None, bypass: bool
) -> tuple[bool, dict[str, Any]]:
    """In a bucket with versions: put a delete marker, or remove one version for good."""
    versions = list(bucket.keys.getlist(key_name) or [])
    if version_id is None:
        marker = FakeDeleteMarker(key=SimpleNamespace(name=key_name))  # type: ignore[arg-type]
        marker.key = None  # type: ignore[assignment]
        if not bucket.is_versioned:
            marker._version_id = _NULL
            versions = [version for version in versions if version.version_id != _NULL]
        bucket.keys.setlist(key_name, [*versions, marker])
        event = S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT
        notifications.send_event(self.account_id, event, bucket, marker)
        return True, {"version-id": marker.version_id, "delete-marker": "true"}
    about = {"version-id": version_id}
    gone = next((version for version in versions if version.version_id == version_id), None)
    if gone is None:
        return True, about
    if isinstance(gone, FakeDeleteMarker):
        about["delete-marker"] = "true"
    elif gone.is_locked(governance_bypass=bypass):
        raise AccessDeniedByLock
    versions.remove(gone)
    bucket.keys.setlist(key_name, versions)
    if not versions:
        bucket.keys.pop(key_name)
    event = S3NotificationEvent.OBJECT_REMOVED_DELETE_EVENT
    notifications.send_event(self.account_id, event, bucket, gone)
    return True, about


def _set_list(self: Any, key: str, versions: Any) -> None:
    kept = versions if isinstance(versions, list) else [versions]
    ids = set(map(id, kept))
    for version in self.getlist(key, ()):
        if id(version) not in ids and hasattr(version, "dispose"):
            version.dispose()
    dict.__setitem__(self, key, kept)


def patch(undo: ExitStack) -> None:
    """Replace what moto does with versions; buckets that never had any are left to moto."""
    replace(undo, S3Backend, "list_object_versions", _list_object_versions)
    replace(undo, _VersionedKeyStore, "setlist", _set_list)
    list_objects, delete_object, put_object = (
        S3Backend.list_objects,
        S3Backend.delete_object,
        S3Backend.put_object,
    )

    def list_present(self: Any, bucket: Any, *args: Any, **kwargs: Any) -> Any:
        if bucket.versioning_status is not None:
            present = {name: key for name, key in bucket.keys.items() if isinstance(key, FakeKey)}
            bucket = SimpleNamespace(keys=present)
        return list_objects(self, bucket, *args, **kwargs)

    def delete(
        self: Any, bucket_name: str, key_name: str, version_id: str | None = None, bypass: bool = False
    ) -> tuple[bool, dict[str, Any]]:
        bucket = self.get_bucket(bucket_name)
        if bucket.versioning_status is None:
            return delete_object(self, bucket_name, key_name, version_id, bypass)
        return _delete_object(self, bucket, key_name, version_id, bypass)

    def put(self: Any, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> Any:
        bucket = self.get_bucket(bucket_name)
        older = []
        if bucket.versioning_status == "Suspended":
            older = [key for key in bucket.keys.getlist(key_name) or [] if key.version_id != _NULL]
        new = put_object(self, bucket_name, key_name, *args, **kwargs)
        if older:
            bucket.keys.setlist(key_name, [*older, new])
        return new

    replace(undo, S3Backend, "list_objects", list_present)
    replace(undo, S3Backend, "delete_object", delete)
    replace(undo, S3Backend, "put_object", put)
