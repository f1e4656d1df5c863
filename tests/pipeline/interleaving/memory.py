"""What a state of an execution read and wrote: it need not be done again where it would read the same.

A step is a function of its event and of what AWS answers. Of many orders of two runs, most bring a state to a
bucket that differs only where it does not look.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self
from unittest.mock import patch

from botocore.client import BaseClient

from tests.pipeline.interleaving.machine import Execution

__all__ = ["Calls", "Contents", "Outcome", "recorded"]

Contents = Mapping[str, str | None]  # by key: a name of what lies there, None for nothing

_READ = {"GetObject", "HeadObject"}
_LISTED = {"ListObjectsV2", "ListObjectVersions"}
_WRITTEN = {"PutObject", "CopyObject", "DeleteObject"}
_OF_NO_MATTER = {"HeadBucket", "GetBucketVersioning", "Publish", "PutMetricData"}


@dataclass
class Calls:
    """Which part of the world the calls to AWS were about."""

    keys: set[str] = field(default_factory=set)
    prefixes: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    catalog: bool = False

    def __bool__(self) -> bool:
        return self != Calls()

    def note(self, service: str, operation: str, given: Mapping[str, Any]) -> None:
        if service == "glue":
            self.catalog = True
        elif operation in _READ:
            self.keys.add(given["Key"])
        elif operation in _LISTED:
            self.prefixes.add(given["Prefix"])
        elif operation in _WRITTEN:
            self.written.add(given["Key"])
            if "CopySource" in given:
                self.keys.add(given["CopySource"]["Key"])
            if any(name.startswith("If") for name in given):
                self.keys.add(given["Key"])
        elif operation == "DeleteObjects":
            self.written.update(each["Key"] for each in given["Delete"]["Objects"])
        elif operation not in _OF_NO_MATTER:
            # a guard: what a new operation reads has to be said before a step may be taken from memory
            raise NotImplementedError(f"say in {__name__} what {service} {operation} reads and writes")


@dataclass(frozen=True)
class Outcome:
    """What came of a state, for as long as it would read the same; a catalog of None was not looked at."""

    read: Contents
    listed: Mapping[str, Contents]
    catalog_read: str | None
    written: Contents
    catalog: str | None
    execution: Execution

    @classmethod
    def of(
        cls, calls: Calls, before: Contents, after: Contents, catalogs: tuple[str, str], now: Execution
    ) -> Self:
        """``before`` and ``after`` are the objects, ``catalogs`` the tables before and after."""
        read, written = (
            {key: there.get(key) for key in keys}
            for there, keys in ((before, calls.keys), (after, calls.written))
        )
        listed = {prefix: _under(prefix, before) for prefix in calls.prefixes}
        catalog_read, catalog = catalogs if calls.catalog else (None, None)
        return cls(read, listed, catalog_read, written, catalog, now)

    def holds(self, objects: Contents, catalog: str) -> bool:
        """Whether all that was read is there as it was."""
        return (
            self.catalog_read in (None, catalog)
            and all(objects.get(key) == there for key, there in self.read.items())
            and all(_under(prefix, objects) == there for prefix, there in self.listed.items())
        )


def _under(prefix: str, objects: Contents) -> Contents:
    return {key: there for key, there in objects.items() if key.startswith(prefix)}


@contextmanager
def recorded() -> Iterator[Calls]:
    """Take down all calls to AWS."""
    calls, original = Calls(), BaseClient._make_api_call

    def call(client: Any, operation: str, given: Any) -> Any:
        calls.note(client.meta.service_model.service_name, operation, given)
        return original(client, operation, given)

    with patch.object(BaseClient, "_make_api_call", call):
        yield calls
