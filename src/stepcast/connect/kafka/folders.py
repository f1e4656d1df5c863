"""Folders for part files, on this machine or in a bucket. A file appears whole or not at all."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from stepcast.connect.train_file import LocalFile, S3Object

__all__ = ["Folder", "LocalFolder", "S3Folder"]


class Folder(Protocol):
    """``name`` as a user writes it, ending with a slash."""

    @property
    def name(self) -> str: ...

    def names(self, prefix: str) -> list[str]:
        """Names of the files directly in the folder that start with ``prefix``, sorted."""

    def read(self, name: str) -> bytes: ...

    def write(self, name: str, content: bytes) -> None: ...

    def delete(self, name: str) -> None: ...


@dataclass(frozen=True)
class LocalFolder:
    path: Path

    @property
    def name(self) -> str:
        return f"{self.path}{os.sep}"

    def names(self, prefix: str) -> list[str]:
        if not self.path.is_dir():
            return []
        return sorted(entry.name for entry in os.scandir(self.path) if entry.name.startswith(prefix))

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def write(self, name: str, content: bytes) -> None:
        LocalFile(self.path / name).write(content)

    def delete(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)


@dataclass(frozen=True)
class S3Folder:
    """``prefix`` ends with a slash, or is empty."""

    s3: Any
    bucket: str
    prefix: str

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def names(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self.prefix + prefix, Delimiter="/"
        )
        found = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return sorted(key.removeprefix(self.prefix) for key in found)

    def read(self, name: str) -> bytes:
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=self.prefix + name)["Body"].read()
        return body

    def write(self, name: str, content: bytes) -> None:
        S3Object(self.s3, self.bucket, self.prefix + name).write(content)

    def delete(self, name: str) -> None:
        self.s3.delete_object(Bucket=self.bucket, Key=self.prefix + name)
