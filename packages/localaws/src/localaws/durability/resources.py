"""What moto's backends hold, as one row of the journal each: queues, functions, tables, stacks and the like.

What is numerous and changes often is not part of these rows and has its own.
"""

import hashlib
import logging
import threading
from collections.abc import Iterator
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend

from localaws.durability.codec import Blobs, NotData, Omitted, backend_name, decode, encode, find_backend
from localaws.durability.journal import Journal

__all__ = ["Resources", "used_backends"]

log = logging.getLogger(__name__)

_TRANSIENT = {"moto_api", "instance_metadata"}


def used_backends(service: str | None = None) -> Iterator[tuple[str, BaseBackend]]:
    """Every backend that has been used, of one service (moto's package) or of all, with the service."""
    instances: list[Any] = list(BackendDict._instances)  # type: ignore[misc]
    for by_account in instances:
        name = by_account.backend.__module__.split(".")[1]
        if name not in _TRANSIENT and service in (None, name):
            for _, _, backend in list(by_account.iter_backends()):
                yield name, backend


class Resources:
    """Writes rows of backends to ``journal``, without what ``omitted`` names, and restores them."""

    def __init__(self, journal: Journal, omitted: Omitted, blobs: Blobs) -> None:
        self._journal, self._omitted, self._blobs = journal, omitted, blobs
        self._order = threading.Lock()  # read from memory and written under it: the newest comes last
        self._digests: dict[tuple[str, ...], bytes] = {}
        self._refused: set[str] = set()

    def write(self, service: str | None = None, *, lazy: bool = False) -> None:
        """Write the backends of a service, or all of them, where they have changed.

        Raises:
            NotData: a backend of that very service cannot be kept.
        """
        for name, backend in used_backends(service):
            try:
                self._write(backend, lazy)
            except NotData as error:
                if service is not None:
                    raise
                if name not in self._refused:
                    self._refused.add(name)
                    log.warning("the state of %s cannot be stored: %s", name, error)

    def restore(self) -> None:
        """Restore every backend from its row.

        Raises:
            NotData: a row is damaged, or was not written by localaws.
        """
        for scope, key, row in self._journal.rows("backend"):
            module, _, kind = scope.partition(":")
            account, _, region = key.partition("/")
            backend = find_backend((module, kind, account, region))
            backend.__dict__.update(decode(row, self._omitted, self._blobs))
            self._digests[backend_name(backend)] = hashlib.sha256(row).digest()

    def _write(self, backend: BaseBackend, lazy: bool) -> None:
        name = backend_name(backend)
        with self._order:
            row = encode(self._held(backend), self._omitted, self._blobs)
            digest = hashlib.sha256(row).digest()
            if self._digests.get(name) != digest:
                module, kind, account, region = name
                self._journal.put("backend", f"{module}:{kind}", f"{account}/{region}", row, lazy=lazy)
                self._digests[name] = digest

    def _held(self, backend: BaseBackend) -> dict[str, Any]:
        kind = type(backend)
        return {name: held for name, held in backend.__dict__.items() if (kind, name) not in self._omitted}
