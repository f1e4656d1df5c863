"""Messages in queues as rows of the journal, one each, written when they are sent, received and deleted.

moto (5.2.5, sqs/models.py) rebuilds a queue's list without its lock when a message is deleted, so that a
message that is sent at that moment is lost: here the lock is taken.
"""

import itertools
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from typing import Any

from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from localaws.durability.codec import Blobs, Omitted, decode, encode
from localaws.durability.journal import Journal
from localaws.durability.marks import Marks
from localaws.patching import replace

__all__ = ["OMITTED", "MessageRows", "patch_deleting"]

OMITTED: Omitted = {
    (Queue, "_messages"): list,
    (Queue, "_pending_messages"): set,
    (Queue, "deleted_messages"): set,
}
_NOTHING: Omitted = {}


class _Messages(list[Any]):
    """A queue's messages, with a callback for each that is added or removed."""

    def __init__(self, rows: "MessageRows", queue: str, messages: Iterable[Any]) -> None:
        super().__init__(messages)
        self._rows, self._queue = rows, queue

    def append(self, message: Any) -> None:
        super().append(message)
        self._rows.came(self._queue, message)

    def remove(self, message: Any) -> None:
        super().remove(message)
        self._rows.went(self._queue, message)


class MessageRows:
    """Writes rows of messages to ``journal``, and puts the messages of its rows into their queues again."""

    def __init__(self, journal: Journal, marks: Marks, blobs: Blobs) -> None:
        self._journal, self._marks, self._blobs = journal, marks, blobs
        self._numbers = itertools.count()
        self._order = threading.Lock()

    def patch(self, undo: ExitStack) -> None:
        """Notice messages that are added, removed and changed."""
        rows = self

        def get(queue: Any) -> Any:
            return queue.__dict__["_messages"]

        def put(queue: Any, messages: Iterable[Any]) -> None:
            kept = _Messages(rows, queue.queue_arn, messages) if hasattr(queue, "queue_arn") else messages
            before = queue.__dict__.get("_messages", ())
            queue.__dict__["_messages"] = kept
            left = set(map(id, kept))
            for message in before:
                if id(message) not in left:
                    rows.went(queue.queue_arn, message)

        make = Queue.__init__

        def made(queue: Any, *args: Any, **kwargs: Any) -> None:
            make(queue, *args, **kwargs)
            queue._messages = queue.__dict__["_messages"]  # now that its ARN is known

        replace(undo, Queue, "__init__", made)
        undo.callback(delattr, Queue, "_messages")
        Queue._messages = property(get, put)  # type: ignore[assignment]

        for operation in ("mark_received", "change_visibility"):
            original = getattr(Message, operation)

            def changed(message: Any, *args: Any, _original: Any = original, **kwargs: Any) -> None:
                _original(message, *args, **kwargs)
                if (queue := getattr(message, "localaws_queue", None)) is not None:
                    rows.changed(queue, message)

            replace(undo, Message, operation, changed)

        delete_queue = SQSBackend.delete_queue

        def deleted(backend: Any, queue_name: str) -> None:
            queue = backend.get_queue(queue_name)
            delete_queue(backend, queue_name)
            self._journal.clear("message", queue.queue_arn)

        replace(undo, SQSBackend, "delete_queue", deleted)

    def came(self, queue: str, message: Any) -> None:
        """A message is in a queue now."""
        message.localaws_queue = queue
        message.localaws_key = f"{message.sent_timestamp or 0:016d}-{next(self._numbers):08d}"
        self.changed(queue, message)

    def changed(self, queue: str, message: Any) -> None:
        """A message in a queue was received, or is visible at another time."""
        self._marks.note(("message", queue, message.id), partial(self._write, queue, message))

    def went(self, queue: str, message: Any) -> None:
        """A message is no longer in a queue."""
        key = message.localaws_key
        if message.localaws_queue == queue:
            message.localaws_queue = None
        self._marks.note(("gone", queue, key), partial(self._journal.delete, "message", queue, key))

    def restore(self) -> None:
        """Put the messages of the rows into their queues, and forget those of queues that are gone."""
        backend: Any
        for _, _, backend in sqs_backends.iter_backends():
            for queue in backend.queues.values():
                restored = []
                for _, key, value in self._journal.rows("message", queue.queue_arn):
                    message: Any = decode(value, _NOTHING, self._blobs)
                    message.localaws_queue, message.localaws_key = queue.queue_arn, key
                    restored.append(message)
                queue._messages = restored
                queue._pending_messages = {
                    message for message in restored if message.receipt_handle and not message.visible
                }

    def write_all(self) -> None:
        """Write a row for every message in memory, which came from elsewhere."""
        backend: Any
        for _, _, backend in sqs_backends.iter_backends():
            for queue in backend.queues.values():
                messages = list(queue._messages)
                for message in messages:
                    self.came(queue.queue_arn, message)
                queue._messages = messages

    def _write(self, queue: str, message: Any) -> None:
        with self._order:
            if message.localaws_queue == queue:
                row = encode(message, _NOTHING, self._blobs)
                self._journal.put("message", queue, message.localaws_key, row)


def patch_deleting(undo: ExitStack) -> None:
    """Delete messages under the queue's lock."""
    delete = Queue.delete_message

    def deleted(queue: Any, receipt_handle: str) -> None:
        with queue._messages_lock:
            delete(queue, receipt_handle)

    replace(undo, Queue, "delete_message", deleted)
