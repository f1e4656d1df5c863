"""``stepcast up --store-url``: keep the bucket's objects in a store; changes there start runs here."""

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
    """A store and its watch. ``secret_file`` is None if the secret comes from the environment."""

    store: Store
    watch: Watch
    secret: str
    secret_file: Path | None

    @property
    def bucket(self) -> "RemoteBucket":
        """The bucket in the form that localaws takes."""
        from localaws import RemoteBucket

        store = self.store
        return RemoteBucket(
            store.bucket, store.url, store.credentials, store.region, on_change=self.watch.announced
        )

    @property
    def handlers(self) -> dict[str, Any]:
        """The webhook by its path."""
        return {NOTIFY_PATH: Notify(self.secret, self.watch.look)}

    @contextmanager
    def watched(self, stack: "Stack") -> Iterator[None]:
        """While the context is open, changes invoke the stack's StartExecution function."""
        function, lambda_ = stack.function("StartExecution"), stack.client("lambda")

        def start(when: datetime) -> None:
            event = json.dumps(_event(stack.bucket, when))
            lambda_.invoke(FunctionName=function, InvocationType="Event", Payload=event)

        with self.watch.running(stack.s3, start):
            yield

    def facts(self, endpoint: str) -> dict[str, Any]:
        """The store for JSON."""
        return {
            "url": self.store.url,
            "versions": self.store.versions,
            "notify": endpoint + NOTIFY_PATH,
            "secret_file": str(self.secret_file) if self.secret_file else None,
        }

    def instructions(self, endpoint: str) -> str:
        """The start-up message about the store."""
        store = self.store
        made = "was created, with versioning on" if store.made else "exists"
        versions = (
            ""
            if store.versions
            else (
                "\nIt keeps no versions: a run whose files are replaced ends as Superseded, and no forecast "
                "can be reproduced later.\nTurn versioning on in the store."
            )
        )
        secret = f"in {self.secret_file}" if self.secret_file else f"that of {SECRET}"
        return (
            f"Objects are kept in the store at {store.url}; the bucket {made}.{versions}\n"
            "Uploads to the store start runs too; at once, if a webhook of the store posts to\n"
            f"{endpoint}{NOTIFY_PATH}\n"
            f"with the header Authorization: Bearer SECRET; the secret is {secret}.\n"
        )


def open_store(url: str, bucket: str, poll_seconds: float, folder: Path) -> RemoteStore:
    """Open the bucket in the store; the webhook's secret is kept in ``folder``. Raises Failure."""
    try:
        store = find_store(url, bucket)
    except StoreUnusable as error:
        raise Failure(str(error)) from None
    secret, file = _secret(folder)
    return RemoteStore(store, Watch(bucket, poll_seconds), secret, file)


def _secret(folder: Path) -> tuple[str, Path | None]:
    """The secret from the environment, or from a file that is created once and readable only by its owner."""
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
        raise Failure(f"{path} is empty: delete it to get a new secret")
    return secret, path.resolve()


def _event(bucket: str, when: datetime) -> dict[str, Any]:
    """The part of an S3 event that StartExecution reads."""
    moment = when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    about = {"bucket": {"name": bucket, "arn": f"arn:aws:s3:::{bucket}"}, "object": {"key": "params.json"}}
    return {"Records": [{"eventName": "ObjectCreated:Put", "eventTime": moment, "s3": about}]}
