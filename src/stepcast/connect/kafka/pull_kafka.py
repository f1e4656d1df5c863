"""PullKafka: messages that Lambda reads from a topic, as part files that start a run.

Lambda delivers the messages of each partition in order, and delivers them again if the function failed;
files are named by offsets, so no message is written twice.
Source: https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from stepcast.connect.kafka.folders import S3Folder
from stepcast.connect.kafka.formats import PLACES, decoder
from stepcast.connect.kafka.observations import Message, Reader, Unreadable, named, reader
from stepcast.connect.kafka.parts import Batch, Parts
from stepcast.pipeline.log import log

__all__ = ["pull_kafka"]

TRAIN, LETTERS = "train/", "reports/kafka/"


def pull_kafka(event: Mapping[str, Any], setting: Callable[[str], str], *, s3: Any) -> dict[str, Any]:
    """Write the messages of a Lambda event, and return the files and counts.

    Messages that cannot be read go to reports/kafka/ with the reason, and do not block others.
    """
    bucket, read = setting("BUCKET"), _reader(setting)
    pulled: dict[str, Any] = {"files": [], "rows": 0, "unreadable": 0}
    for records in event["records"].values():
        topic, messages = records[0]["topic"], sorted(map(_message, records), key=lambda one: one.offset)
        first = messages[0].offset
        batch, letters = Batch(first, first), []
        for message in messages:
            try:
                batch.take(message, read)
            except Unreadable as unreadable:
                letters.append(_letter(message, str(unreadable)))
        name = f"{topic}-{messages[0].partition}-{first:020}-{messages[-1].offset:020}.json"
        if letters:
            log.warning("unreadable", topic=topic, count=len(letters), example=letters[0]["reason"])
            S3Folder(s3, bucket, LETTERS).write(name, json.dumps(letters, indent=2).encode())
        parts = Parts(S3Folder(s3, bucket, TRAIN), topic, read.columns)
        pulled["files"] += parts.put(messages[0].partition, batch)
        pulled["rows"] += len(batch.rows)
        pulled["unreadable"] += len(letters)
    log.info("pulled", **pulled)
    return pulled


def _reader(setting: Callable[[str], str]) -> Reader:
    name = setting("KAFKA_FORMAT")
    places = [
        setting(f"KAFKA_{what}") or usual
        for what, usual in zip(("ITEM", "TIMESTAMP", "VALUE"), PLACES[name], strict=True)
    ]
    dimensions = dict(map(named, setting("KAFKA_DIMENSIONS").split()))
    return reader(decoder(name, {}), places[0], places[1], places[2], dimensions)


def _message(record: Mapping[str, Any]) -> Message:
    """Keys and values are base64, headers are lists of signed bytes; null fields are omitted."""
    headers = [
        (name, bytes(byte % 256 for byte in content))
        for header in record.get("headers") or ()
        for name, content in header.items()
    ]
    key, value = (
        base64.b64decode(record[name]) if record.get(name) is not None else None for name in ("key", "value")
    )
    return Message(record["partition"], record["offset"], record["timestamp"], key, value, headers)


def _letter(message: Message, reason: str) -> dict[str, Any]:
    key, value = (
        base64.b64encode(content).decode() if content is not None else None
        for content in (message.key, message.value)
    )
    return {"reason": reason, "offset": message.offset, "timestamp": message.time, "key": key, "value": value}
