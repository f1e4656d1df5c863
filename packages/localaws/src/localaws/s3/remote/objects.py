"""What localaws' other parts see of a bucket that lies elsewhere: its objects as files of this machine."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from localaws.aws_session import NOTHING_OF_THE_USERS
from localaws.objects import ObjectStore, StoredObject
from localaws.s3.remote.bucket import RemoteBucket
from localaws.s3.remote.cache import FileCache

__all__ = ["RemoteObjects", "RoutedObjects"]

_AT_ONCE = 8
_BLOCK = 1 << 20
_TRIES = 5  # for an object that is replaced between two requests
_GONE = ("NoSuchKey", "404", "NotFound")
_REPLACED = ("PreconditionFailed", "412")


class Changed(Protocol):
    def __call__(self, event: str, key: str, size: int, etag: str, version: str | None) -> None:
        """An object was written or removed."""
        ...


class RemoteObjects:
    """The ObjectStore of one bucket of a store. A copy is named after the key and ETag that it is of."""

    def __init__(self, bucket: RemoteBucket, cache: FileCache, changed: Changed) -> None:
        self._bucket, self._cache, self._changed = bucket, cache, changed
        session = botocore.session.Session(session_vars=NOTHING_OF_THE_USERS)
        session._credentials = bucket.credentials
        self.client = boto3.session.Session(botocore_session=session, region_name=bucket.region).client(
            "s3",
            endpoint_url=bucket.endpoint,
            config=Config(
                s3={"addressing_style": "path"},
                max_pool_connections=2 * _AT_ONCE,
                proxies={},
                # Not every store knows the checksums that boto3 adds of itself.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="localaws remote bucket")

    def close(self) -> None:
        self._threads.shutdown()
        self.client.close()

    def files(self, bucket: str, prefix: str) -> list[StoredObject]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        entries = [entry for page in pages for entry in page.get("Contents", [])]
        found = self._threads.map(self._listed, entries)
        return [stored for stored in found if stored is not None]

    def resolve(self, bucket: str, key: str) -> StoredObject | None:
        for _ in range(_TRIES):
            try:
                head = self.client.head_object(Bucket=bucket, Key=key)
                return self._stored(key, head["ETag"], head["ContentLength"])
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in _GONE:
                    return None
                if code not in _REPLACED:
                    raise
        raise FileNotFoundError(f"s3://{bucket}/{key} is replaced faster than it can be read")

    def put(self, bucket: str, key: str, body: bytes | Path) -> StoredObject:
        if isinstance(body, Path):
            self.client.upload_file(str(body), bucket, key)
            head = self.client.head_object(Bucket=bucket, Key=key)
            etag, size, version = head["ETag"], head["ContentLength"], head.get("VersionId")
        else:
            answer = self.client.put_object(Bucket=bucket, Key=key, Body=body)
            etag, size, version = answer["ETag"], len(body), answer.get("VersionId")
            self._cache.add(bucket, key, etag, write=lambda path: path.write_bytes(body))
        self._changed("s3:ObjectCreated:Put", key, size, etag, version)
        return self._stored(key, etag, size)

    def _listed(self, entry: dict[str, Any]) -> StoredObject | None:
        try:
            return self._stored(entry["Key"], entry["ETag"], entry["Size"])
        except ClientError as error:
            if error.response["Error"]["Code"] not in (*_GONE, *_REPLACED):
                raise
            return self.resolve(self._bucket.name, entry["Key"])

    def _stored(self, key: str, etag: str, size: int) -> StoredObject:
        of = (self._bucket.name, key, etag)
        path = self._cache.find(*of)
        if path is None:
            path = self._cache.add(*of, write=partial(self._download, key, etag))
        return StoredObject(key, path, size)

    def _download(self, key: str, etag: str, path: Path) -> None:
        answer = self.client.get_object(Bucket=self._bucket.name, Key=key, IfMatch=etag)
        with path.open("wb") as file:
            for block in answer["Body"].iter_chunks(_BLOCK):
                file.write(block)


class RoutedObjects:
    """The ObjectStore of all buckets: each is asked where it lies."""

    def __init__(self, here: ObjectStore, elsewhere: Mapping[str, ObjectStore]) -> None:
        self._here, self._elsewhere = here, elsewhere

    def files(self, bucket: str, prefix: str) -> list[StoredObject]:
        return self._of(bucket).files(bucket, prefix)

    def resolve(self, bucket: str, key: str) -> StoredObject | None:
        return self._of(bucket).resolve(bucket, key)

    def put(self, bucket: str, key: str, body: bytes | Path) -> StoredObject:
        return self._of(bucket).put(bucket, key, body)

    def _of(self, bucket: str) -> ObjectStore:
        return self._elsewhere.get(bucket, self._here)
