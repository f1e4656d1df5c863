"""S3's event notifications, as AWS sends them.

moto's own (5.2.5, s3/notifications.py) come within the request, hold no sequencer, user or request
parameters, encode the slashes of keys, swallow every error of the receiver, and announce an upload twice.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import itertools
import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from moto.s3 import notifications
from moto.s3.models import S3Backend
from moto.s3.notifications import S3NotificationEvent
from moto.s3.responses import S3Response

from localaws.deliveries import Deliveries, Delivery
from localaws.iam.guard import SENDING, Guard
from localaws.patching import replace

__all__ = ["encoded_key", "patch", "s3_event"]

log = logging.getLogger(__name__)

_sequence = itertools.count()
_silenced = threading.local()


def encoded_key(key: str) -> str:
    """The key as events carry it: URL-encoded, with slashes as they are and ``+`` for a space.

    >>> encoded_key("train/2024 demand+é.csv")
    'train/2024+demand%2B%C3%A9.csv'
    """
    return quote(key, safe="/ -_.*").replace(" ", "+").replace("~", "%7E")


def s3_event(event_name: str, bucket: Any, key: Any, configuration: str, account: str) -> dict[str, Any]:
    """The event as it reaches Lambda, SQS and SNS. ``event_name`` is like ``s3:ObjectCreated:Put``."""
    name = event_name.removeprefix("s3:")
    about: dict[str, Any] = {"key": encoded_key(key.name)}
    if not name.startswith("ObjectRemoved"):
        about |= {"size": key.size, "eTag": key.etag.strip('"')}
    if bucket.is_versioned:
        about["versionId"] = key.version_id
    about["sequencer"] = _sequencer()
    principal = {"principalId": f"AWS:{account}"}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": bucket.region_name,
        "eventTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "eventName": name,
        "userIdentity": principal,
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {
            "x-amz-request-id": uuid.uuid4().hex[:16].upper(),
            "x-amz-id-2": uuid.uuid4().hex,
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration,
            "bucket": {"name": bucket.name, "ownerIdentity": principal, "arn": bucket.arn},
            "object": about,
        },
    }
    return {"Records": [record]}


def _bus_event(account: str, event_name: str, bucket: Any, key: Any) -> dict[str, Any]:
    """The event as EventBridge gets it.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
    """
    about: dict[str, Any] = {"key": key.name, "sequencer": _sequencer()}
    if not event_name.startswith("s3:ObjectRemoved"):
        about |= {"size": key.size, "etag": key.etag.strip('"')}
    if bucket.is_versioned:
        about["version-id"] = key.version_id
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": notifications._detail_type(event_name),
        "source": "aws.s3",
        "account": account,
        "time": time.time(),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": {
            "version": "0",
            "bucket": {"name": bucket.name},
            "object": about,
            "request-id": uuid.uuid4().hex[:16].upper(),
            "requester": account,
            "source-ip-address": "127.0.0.1",
            "reason": event_name.split(":")[1],
        },
    }


def _sequencer() -> str:
    """Greater for a later event of the same key: readers compare it as a hex string."""
    return f"{time.time_ns() // 1000:014X}{next(_sequence) & 0xFFFF:04X}"


@contextmanager
def _without(*names: str) -> Iterator[None]:
    """Events that moto sends in the block and AWS does not."""
    before: frozenset[str] = getattr(_silenced, "names", frozenset())
    _silenced.names = before | set(names)
    try:
        yield
    finally:
        _silenced.names = before


def patch(
    undo: ExitStack, deliveries: Deliveries, invoke: Callable[[str, bytes], None], guard: Guard
) -> None:
    """Send events through ``deliveries``; ``invoke(function_arn, payload)`` invokes asynchronously.

    Receivers whose policy does not allow S3 refuse it; AWS reports that when the notification is created.
    """

    def to_function(arn: str, message: str) -> None:
        invoke(arn, message.encode())

    def to_queue(arn: str, message: str) -> None:
        from moto.sqs.models import sqs_backends

        *_, region, account, name = arn.split(":")
        sqs_backends[account][region].send_message(queue_name=name, message_body=message)

    def to_topic(arn: str, message: str) -> None:
        from moto.sns.models import sns_backends

        _, _, _, region, account, _ = arn.split(":")
        sns_backends[account][region].publish(arn=arn, message=message, subject="Amazon S3 Notification")

    receivers = {"lambda": to_function, "sqs": to_queue, "sns": to_topic}

    def deliver(delivery: Delivery) -> None:
        arn = delivery.what["arn"]
        receivers[arn.split(":")[2]](arn, delivery.what["message"])

    def deliver_to_bus(delivery: Delivery) -> None:
        from moto.events.models import events_backends

        what = delivery.what
        for bus in list(events_backends[what["account"]][what["region"]].event_buses.values()):
            for rule in list(bus.rules.values()):
                rule.send_to_targets(what["event"], transform_input=False)

    deliveries.register("s3 event", deliver)
    deliveries.register("s3 event to EventBridge", deliver_to_bus)

    def send_event(account_id: str, event_name: str, bucket: Any, key: Any) -> None:
        configuration = bucket.notification_configuration
        name = str(getattr(event_name, "value", event_name))
        if configuration is None or name in getattr(_silenced, "names", frozenset()):
            return
        about = f"{name} of s3://{bucket.name}/{key.name}"
        for wanted in (*configuration.cloud_function, *configuration.queue, *configuration.topic):
            if wanted.matches(name, key.name):
                action = SENDING[wanted.arn.split(":")[2]]
                if problem := guard.service_problem(
                    "s3.amazonaws.com", action, wanted.arn, bucket.arn, account_id
                ):
                    log.error("%s to %s is not sent: %s", about, wanted.arn, problem)
                    continue
                message = json.dumps(s3_event(name, bucket, key, wanted.id, account_id))
                what = {"arn": wanted.arn, "message": message}
                deliveries.submit(Delivery("s3 event", f"{about} to {wanted.arn}", what))
        if configuration.event_bridge is not None:
            event = _bus_event(account_id, name, bucket, key)
            what = {"account": account_id, "region": bucket.region_name, "event": event}
            deliveries.submit(Delivery("s3 event to EventBridge", f"{about} to EventBridge", what))

    replace(undo, notifications, "send_event", send_event)

    put, tagged = (
        S3NotificationEvent.OBJECT_CREATED_PUT_EVENT.value,
        S3NotificationEvent.OBJECT_TAGGING_PUT_EVENT.value,
    )

    def quiet(owner: Any, operation: str, *names: str) -> None:
        original = getattr(owner, operation)

        def run(self: Any, *args: Any, **kwargs: Any) -> Any:
            with _without(*names):
                return original(self, *args, **kwargs)

        replace(undo, owner, operation, run)

    quiet(S3Backend, "complete_multipart_upload", put, tagged)
    quiet(S3Response, "put_object", tagged)
    quiet(S3Response, "copy_object", tagged)
