"""Objects, their versions and uploads as rows of the journal, written when a request changes them.

A row holds one version of a key, with its tags; another one an upload that is not complete, and one each
of its parts. Bodies are files (``s3/object_files``) that the rows name.
"""

import inspect
import json
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

import moto.s3.models as s3_models
from moto.s3.models import FakeBucket, FakeMultipart, MultipartDict, S3Backend, s3_backends
from moto.s3.utils import _VersionedKeyStore

from localaws.durability.codec import Blobs, Omitted, decode, encode
from localaws.durability.journal import Journal
from localaws.durability.marks import Marks
from localaws.patching import replace
from localaws.s3.file_key import FileKey

__all__ = ["OMITTED", "ObjectRows", "file_names"]

_FILE = re.compile(rb'"([0-9a-f]{2}/[0-9a-f]{64})"')


class _Keys(_VersionedKeyStore):
    """A bucket's keys, with a callback for each change: the key, and its versions that are new."""

    changed: Callable[..., None] | None = None  # set where the bucket is known

    def _notify(self, key: str, new: Sequence[Any] = ()) -> None:
        if self.changed is not None:
            self.changed(key, new)

    def pop(self, key: str) -> None:  # type: ignore[override]
        super().pop(key)
        self._notify(key)

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self._notify(key, [value])

    def setlist(self, key: Any, list_: Any) -> None:
        before = set(map(id, self.getlist(key, ())))
        super().setlist(key, list_)
        self._notify(key, [version for version in self.getlist(key) if id(version) not in before])


class _Uploads(MultipartDict):
    """A bucket's uploads, with a callback when one begins or ends."""

    changed: Callable[[str], None] | None = None

    def __setitem__(self, upload: str, value: FakeMultipart) -> None:
        super().__setitem__(upload, value)
        if self.changed is not None:
            self.changed(upload)

    def __delitem__(self, upload: str) -> None:
        super().__delitem__(upload)
        if self.changed is not None:
            self.changed(upload)


OMITTED: Omitted = {(FakeBucket, "keys"): _Keys, (FakeBucket, "multiparts"): _Uploads}
_UPLOAD: Omitted = {(FakeMultipart, "parts"): dict, (FakeMultipart, "partlist"): list}
_OBJECT: Omitted = {(FakeMultipart, "parts"): dict}  # of its upload, an object needs the number of parts
_IN_PLACE = (
    "delete_object_tagging",
    "put_object_acl",
    "put_object_legal_hold",
    "put_object_retention",
    "put_object_tagging",
    "restore_object",
)


class ObjectRows:
    """Writes rows of objects to ``journal``, and restores the objects from its rows."""

    def __init__(self, journal: Journal, marks: Marks, blobs: Blobs) -> None:
        self._journal, self._marks, self._blobs = journal, marks, blobs
        self._rows: dict[str, list[tuple[int, Any]]] = {}  # by scope: the versions that have a row, numbered
        self._order = (
            threading.Lock()
        )  # a row is read from memory and written under it: the newest comes last

    def patch(self, undo: ExitStack) -> None:
        """Notice what changes: moto's buckets get stores with callbacks."""
        replace(undo, s3_models, "_VersionedKeyStore", _Keys)
        replace(undo, s3_models, "MultipartDict", _Uploads)
        make_bucket = FakeBucket.__init__

        def made(bucket: Any, *args: Any, **kwargs: Any) -> None:
            make_bucket(bucket, *args, **kwargs)
            self._watch(bucket)

        replace(undo, FakeBucket, "__init__", made)
        set_part = FakeMultipart.set_part

        def part_set(upload: Any, part_id: int, value: bytes) -> Any:
            part = set_part(upload, part_id, value)
            if (bucket := getattr(upload, "localaws_bucket", None)) is not None:
                write = partial(self._write_part, bucket, upload, part_id)
                self._marks.note(("part", bucket, upload.id, part_id), write)
            return part

        replace(undo, FakeMultipart, "set_part", part_set)
        for operation in _IN_PLACE:
            self._notice(undo, operation)

    def restore(self) -> None:
        """Give every bucket the objects and uploads of its rows."""
        backend: Any
        for _, _, backend in s3_backends.iter_backends():
            for bucket in backend.buckets.values():
                s3_backends.bucket_accounts[bucket.name] = (bucket.partition, bucket.account_id)
        self._restore_objects()
        for _, _, backend in s3_backends.iter_backends():
            for bucket in backend.buckets.values():
                self._restore_old_objects(backend, bucket)
                self._restore_uploads(bucket)
                self._watch(bucket)

    def write_all(self, renamed: Callable[[str], str]) -> None:
        """Write a row for all in memory, which came from elsewhere; ``renamed`` gives a body's new file."""
        backend: Any
        for _, _, backend in s3_backends.iter_backends():
            for bucket in backend.buckets.values():
                keys, uploads = bucket.keys, bucket.multiparts
                bucket.keys, bucket.multiparts = _Keys(keys), _Uploads(uploads)
                s3_backends.bucket_accounts[bucket.name] = (bucket.partition, bucket.account_id)
                self._watch(bucket)
                versions = [version for _, listed in bucket.keys.iterlists() for version in listed]
                parts = [part for upload in uploads.values() for part in upload.parts.values()]
                for body in (*versions, *parts):
                    if isinstance(body, FileKey) and body.file:
                        body.file = renamed(body.file)
                for key in bucket.keys:
                    self._write_key(bucket.name, key)
                for upload_id, upload in uploads.items():
                    self._write_upload(bucket.name, upload_id)
                    for number in upload.parts:
                        self._write_part(bucket.name, upload, number)

    def files(self) -> set[str]:
        """The names of all files that an object in memory or a row refers to."""
        names: set[str] = set()
        backend: Any
        for _, _, backend in list(s3_backends.iter_backends()):
            for bucket in [*backend.buckets.values(), *backend.table_buckets.values()]:
                versions = [version for _, listed in bucket.keys.iterlists() for version in listed]
                uploads = list(bucket.multiparts.values())
                parts = [part for upload in uploads for part in list(upload.parts.values())]
                names |= {key.file for key in [*versions, *parts] if isinstance(key, FileKey) and key.file}
        for kind in ("version", "part"):
            for _, _, value in self._journal.rows(kind):
                names |= file_names(value)
        return names

    def _restore_objects(self) -> None:
        for scope, rows in groupby(self._journal.rows("version"), key=itemgetter(0)):
            name, _, key = scope.partition("/")
            backend, bucket = _bucket(name)
            numbered = self._rows[scope] = []
            for _, number, value in rows:
                version, tags = decode(value, _OBJECT, self._blobs)
                numbered.append((int(number), version))
                if bucket is not None:  # else the rows go when a bucket of that name gets the key
                    _tag(backend, version, tags)
            if bucket is not None:
                dict.__setitem__(bucket.keys, key, [version for _, version in numbered])

    def _restore_old_objects(self, backend: Any, bucket: Any) -> None:
        """In format 2, a row held all versions of a key: give them rows of their own."""
        for _, key, value in self._journal.rows("object", bucket.name):
            versions, tags = decode(value, _OBJECT, self._blobs)
            dict.__setitem__(bucket.keys, key, versions)
            for version, tagged in zip(versions, tags, strict=True):
                _tag(backend, version, tagged)
            self._write_key(bucket.name, key)
            self._journal.delete("object", bucket.name, key)

    def _restore_uploads(self, bucket: Any) -> None:
        for _, upload_id, value in self._journal.rows("upload", bucket.name):
            upload = decode(value, _UPLOAD, self._blobs)
            for _, number, part in self._journal.rows("part", _scope(bucket.name, upload_id)):
                upload.parts[int(number)] = decode(part, _OBJECT, self._blobs)
                upload.partlist.append(int(number))
            dict.__setitem__(bucket.multiparts, upload_id, upload)

    def _changed(self, bucket: str, key: str, touched: Sequence[Any] = ()) -> None:
        for version in touched or [None]:
            write = partial(self._write_key, bucket, key, version)
            self._marks.note(("object", bucket, key, id(version)), write)

    def _watch(self, bucket: Any) -> None:
        def upload_changed(upload_id: str) -> None:
            write = partial(self._write_upload, bucket.name, upload_id)
            self._marks.note(("upload", bucket.name, upload_id), write)

        bucket.keys.changed = partial(self._changed, bucket.name)
        bucket.multiparts.changed = upload_changed

    def _notice(self, undo: ExitStack, operation: str) -> None:
        """Notice an operation that changes an object in its place."""
        original = getattr(S3Backend, operation)
        signature = inspect.signature(original)

        def run(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            given = signature.bind(*args, **kwargs).arguments
            version = given.get("key") or given["self"].get_object(
                given["bucket_name"], given["key_name"], version_id=given.get("version_id")
            )
            if version is not None:
                self._changed(version.bucket_name, version.name, [version])
            return result

        replace(undo, S3Backend, operation, run)

    def _write_key(self, bucket_name: str, key: str, touched: Any = None) -> None:
        """Write the rows of versions that came, went or, as ``touched``, are others in themselves."""
        with self._order:
            backend, bucket = _bucket(bucket_name)
            versions = list(bucket.keys.getlist(key, ())) if bucket is not None else []
            scope = f"{bucket_name}/{key}"
            numbered = self._rows.setdefault(scope, [])
            same = _alike(numbered, versions)  # of many versions, most requests add one
            gone = dict(numbered[same:])
            now = _numbered(numbered, versions, same)
            due = [pair for pair in now if gone.pop(pair[0], None) is not pair[1] or pair[1] is touched]
            if touched is not None and all(version is not touched for _, version in now):
                due += [pair for pair in numbered[:same] if pair[1] is touched]
            rows: dict[str, bytes | None] = {_row(number): None for number in gone}
            for number, version in due:
                rows[_row(number)] = encode((version, _tags(backend, version)), _OBJECT, self._blobs)
            self._journal.put_all("version", scope, rows)
            numbered[same:] = now
            if not numbered:
                del self._rows[scope]

    def _write_upload(self, bucket_name: str, upload_id: str) -> None:
        with self._order:
            _, bucket = _bucket(bucket_name)
            upload = bucket.multiparts.get(upload_id) if bucket is not None else None
            if upload is None:
                self._journal.delete("upload", bucket_name, upload_id)
                self._journal.clear("part", _scope(bucket_name, upload_id))
                return
            upload.localaws_bucket = bucket_name
            self._journal.put("upload", bucket_name, upload_id, encode(upload, _UPLOAD, self._blobs))

    def _write_part(self, bucket_name: str, upload: Any, number: int) -> None:
        with self._order:
            _, bucket = _bucket(bucket_name)
            if bucket is None or upload.id not in bucket.multiparts:
                return  # completed or aborted meanwhile
            row = encode(upload.parts[number], _OBJECT, self._blobs)
            self._journal.put("part", _scope(bucket_name, upload.id), f"{number:05d}", row)


def _alike(numbered: list[tuple[int, Any]], versions: list[Any]) -> int:
    """How many of them, from the first one on, are the same."""
    count = 0
    for (_, known), version in zip(numbered, versions, strict=False):
        if known is not version:
            break
        count += 1
    return count


def _numbered(numbered: list[tuple[int, Any]], versions: list[Any], same: int) -> list[tuple[int, Any]]:
    """The versions after the ``same`` first with numbers that rise; those that have one keep it."""
    numbers = {id(version): number for number, version in numbered[same:]}
    following = numbered[same - 1][0] + 1 if same else 0
    found = []
    for version in versions[same:]:
        number = max(following, numbers.get(id(version), following))
        found.append((number, version))
        following = number + 1
    return found


def _row(number: int) -> str:
    return f"{number:012d}"


def _tags(backend: Any, version: Any) -> list[dict[str, str]]:
    if not isinstance(version, FileKey):
        return []
    tags: list[dict[str, str]] = backend.tagger.list_tags_for_resource(version.arn)["Tags"]
    return tags


def _tag(backend: Any, version: Any, tags: list[dict[str, str]]) -> None:
    if isinstance(version, FileKey):
        backend.tagger.delete_all_tags_for_resource(version.arn)
        if tags:
            backend.tagger.tag_resource(version.arn, tags)


def file_names(row: bytes) -> set[str]:
    """The names of files in a row."""
    return {match[1].decode() for match in _FILE.finditer(row)}


def _scope(bucket: str, upload_id: str) -> str:
    return json.dumps([bucket, upload_id])


def _bucket(name: str) -> tuple[Any, Any]:
    where: Any = s3_backends.bucket_accounts.get(name)
    if where is None:
        return None, None
    partition, account = where
    backend: Any = s3_backends[account][partition]
    return backend, backend.buckets.get(name)
