"""The mailbox: every message that is published to a topic, as a file that can be read without any AWS."""

import json
import os
import uuid
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localaws.patching import replace

__all__ = ["Mailbox", "Message", "patch"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``when`` is ISO 8601 in UTC, ``topic`` the topic's ARN, ``subject`` may be empty."""

    when: str
    topic: str
    subject: str
    body: str


class Mailbox:
    """Messages below ``folder``, one JSON file each, named so that they sort by time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, topic: str, subject: str | None, body: str) -> None:
        """Write a message down."""
        now = datetime.now(UTC)
        message = Message(now.isoformat(timespec="milliseconds"), topic, subject or "", body)
        path = self.folder / f"{now:%Y%m%dT%H%M%S.%f}-{uuid.uuid4().hex[:8]}.json"
        unfinished = path.with_suffix(".part")
        with unfinished.open("w", encoding="utf-8") as file:
            json.dump(asdict(message), file, indent=2, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())  # before the publisher gets its response
        os.replace(unfinished, path)  # noqa: PTH105 - a reader never sees half a message

    def messages(self) -> list[Message]:
        """All messages, the oldest first."""
        return [
            Message(**json.loads(path.read_text(encoding="utf-8")))
            for path in sorted(self.folder.glob("*.json"))
        ]


def patch(undo: ExitStack, mailbox: Mailbox) -> None:
    """Keep a copy of what moto's topics publish; moto delivers to queues and functions, and drops e-mail."""
    from moto.sns.models import Topic

    publish = Topic.publish

    def kept(self: Any, message: str, subject: str | None = None, *args: Any, **kwargs: Any) -> str:
        mailbox.keep(self.arn, subject, _as_email(message, kwargs.get("message_structure")))
        return str(publish(self, message, subject, *args, **kwargs))

    replace(undo, Topic, "publish", kept)


def _as_email(message: str, structure: str | None) -> str:
    """The text that an e-mail subscriber would get."""
    if structure != "json":
        return message
    texts = json.loads(message)
    return str(texts.get("email", texts.get("default", message)))
