"""A snapshot in a file: written whole or not at all, and read only by what wrote it."""

import hashlib
import json
import logging
import os
import pickle
import platform
from pathlib import Path
from typing import Any

import moto

from localaws.durability.pickling import BackendName, backends, dump_backend, load_backend
from localaws.s3.file_key import FileKey

__all__ = ["StateUnusable", "read_snapshot", "write_snapshot"]

log = logging.getLogger(__name__)

_MAGIC = b"localaws snapshot\n"
_FORMAT = 1
_ATTEMPTS = 5  # of pickling something that changes meanwhile


class StateUnusable(Exception):
    """A snapshot that cannot be used. The message names the file and the way out."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason

    def __str__(self) -> str:
        return (
            f"the state in {self.path} cannot be used: {self.reason}. Move the file away to begin without "
            "the resources that it holds, or choose another state folder"
        )


def _versions() -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "moto": moto.__version__,
        "python": ".".join(platform.python_version_tuple()[:2]),
    }


def write_snapshot(path: Path, more: dict[str, Any]) -> None:
    """Write what every backend holds, and ``more``, to ``path``; a reader sees the old file or the new one.

    A backend that cannot be kept is left out, and named in the log.
    """
    held: dict[BackendName, bytes] = {}
    for name, backend in backends():
        try:
            held[name] = _dump(backend)
        except Exception:
            log.warning("the state of %s.%s cannot be kept", name[0], name[1], exc_info=True)
    body = pickle.dumps({"backends": held, "more": more}, protocol=5)
    about = {**_versions(), "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        file.write(_MAGIC + json.dumps(about).encode() + b"\n" + body)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)  # noqa: PTH105 - atomic
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _dump(backend: Any) -> bytes:
    for attempt in range(_ATTEMPTS):
        try:
            return dump_backend(backend)
        except RuntimeError as error:
            # "dictionary changed size during iteration": a request came in between.
            if "changed size" not in str(error) and "mutated" not in str(error):
                raise
            log.debug("attempt %d to keep %s: %s", attempt + 1, backend, error)
    return dump_backend(backend)


def read_snapshot(path: Path) -> dict[str, Any]:
    """Give every backend what it held, and return the ``more`` that was written.

    Raises:
        StateUnusable: the file is damaged, or another version wrote it.
    """
    content = path.read_bytes()
    if not content.startswith(_MAGIC):
        raise StateUnusable(path, "it is not a snapshot of localaws")
    header, _, body = content[len(_MAGIC) :].partition(b"\n")
    try:
        about = json.loads(header)
    except ValueError as error:
        raise StateUnusable(path, "its header is damaged") from error
    for what, ours in _versions().items():
        if about.get(what) != ours:
            raise StateUnusable(
                path, f"it was written with {what} {about.get(what)}, and this is {what} {ours}"
            )
    if len(body) != about["size"] or hashlib.sha256(body).hexdigest() != about["sha256"]:
        raise StateUnusable(path, "it is damaged (its checksum does not match)")
    world = pickle.loads(body)  # noqa: S301 - our own, and checked
    for name, held in world["backends"].items():
        try:
            load_backend(name, held)
        except Exception as error:
            raise StateUnusable(path, f"what {name[0]}.{name[1]} held cannot be read ({error})") from error
    more: dict[str, Any] = world["more"]
    return more


def object_files() -> set[str]:
    """The names of all files that objects, their versions and uploads lie in."""
    from moto.s3.models import s3_backends

    names: set[str] = set()
    backend: Any
    for _, _, backend in s3_backends.iter_backends():
        for bucket in [*backend.buckets.values(), *backend.table_buckets.values()]:
            versions = [version for _, listed in bucket.keys.iterlists() for version in listed]
            parts = [part for upload in bucket.multiparts.values() for part in upload.parts.values()]
            names |= {key.file for key in [*versions, *parts] if isinstance(key, FileKey) and key.file}
    return names
