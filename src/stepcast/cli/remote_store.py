"""``stepcast up --store-url``: the bucket's objects lie in a store; what changes there starts a run here."""

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepcast.cli.failure import Failure
from stepcast.connect.s3.store import Store, StoreUnusable, find_store
from stepcast.connect.s3.watch import Watch
from stepcast.connect.s3.webhook import NOTIFY_PATH, Notify

if TYPE_CHECKING:
    from localaws import RemoteBucket
    from stepcast.cli.stack import Stack

__all__ = ["SECRET", "RemoteStore", "open_store"]

SECRET = "STEPCAST_NOTIFY_SECRET"  # noqa: S105 - the name of a setting
SECRET_FILE = "notify-secret"  # noqa: S105 - the name of a file


@dataclass(frozen=True)
class RemoteStore:
    """A store, and what watches it. ``secret_file`` is None where the environment has the secret."""

    store: Store
    watch: Watch
    secret: str
    secret_file: Path | None

    @property
    def bucket(self) -> "RemoteBucket":
        """As localaws wants it."""
        from localaws import RemoteBucket

        store = self.store
        return RemoteBucket(
            store.bucket, store.url, store.credentials, store.region, on_change=self.watch.announced
        )

    @property
    def handlers(self) -> dict[str, Any]:
        """The webhook, by its path."""
        return {NOTIFY_PATH: Notify(self.secret, self.watch.look)}

    @contextmanager
    def watched(self, stack: "Stack") -> Iterator[None]:
        """While the context lasts, changes start the stack's StartExecution function."""
        function, lambda_ = stack.function("StartExecution"), stack.client("lambda")

        def start(when: datetime) -> None:
            event = json.dumps(_event(stack.bucket, when))
            lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=event)

        with self.watch.running(stack.s3, start):
            yield

    def facts(self, endpoint: str) -> dict[str, Any]:
        """For JSON."""
        return {
            "url": self.store.url,
            "versions": self.store.versions,
            "notify": endpoint + NOTIFY_PATH,
            "secret_file": str(self.secret_file) if self.secret_file else None,
        }

    def instructions(self, endpoint: str) -> str:
        """For a person."""
        store = self.store
        made = "has been made there, with versions" if store.made else "is there"
        versions = (
            ""
            if store.versions
            else (
                "\nIt keeps no versions: a run whose files are replaced steps aside, and no forecast can be "
                "made again later.\nTurn versioning on in the store."
            )
        )
        secret = f"in {self.secret_file}" if self.secret_file else f"that of {SECRET}"
        return (
            f"The objects lie in the store at {store.url}; the bucket {made}.{versions}\n"
            "What is uploaded there starts a run, too; at once, where a webhook of the store posts to\n"
            f"{endpoint}{NOTIFY_PATH}\n"
            f"with the header Authorization: Bearer SECRET; the secret is {secret}.\n"
        )


def open_store(url: str, bucket: str, poll_seconds: float, folder: Path) -> RemoteStore:
    """The store, ready to be worked with; Failure says what is wrong. The secret is kept in ``folder``."""
    try:
        store = find_store(url, bucket)
    except StoreUnusable as error:
        raise Failure(str(error)) from None
    secret, file = _secret(folder)
    return RemoteStore(store, Watch(bucket, poll_seconds), secret, file)


def _secret(folder: Path) -> tuple[str, Path | None]:
    """That of the environment, or of the file, which is made once and which only its owner may read."""
    if given := os.environ.get(SECRET):
        return given, None
    path = folder / SECRET_FILE
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            raise Failure(f"others can read the secret in {path}: chmod 600 it, or delete it") from None
    secret = path.read_text("utf-8").strip()
    if not secret:
        raise Failure(f"{path} is empty: delete it, and another secret is made")
    return secret, path.resolve()


def _event(bucket: str, when: datetime) -> dict[str, Any]:
    """As much of S3's event as StartExecution reads."""
    moment = when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    about = {"bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}, "object": {"key": "params.json"}}
    return {"Records": [{"eventName": "ObjectCreated:Put", "eventTime": moment, "s3": about}]}
