"""``stepcast up`` on a bucket of a real store, SeaweedFS or MinIO, started on a free loopback port."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.cli.processes import Serving, serving
from tests.e2e.conftest import Stack
from tests.services import Server, Service, minio, running, seaweedfs

BUCKET = "forecasts"
SECRET = "of-the-webhook"
STORES = {"seaweedfs": seaweedfs.SERVICE, "minio": minio.SERVICE}
# What makes a store post to an endpoint: the file that tells it, and, where it wants that too, the
# destination that its bucket's events must be given.
WEBHOOK_FILE = {
    "seaweedfs": (
        "notification.toml",
        """
[notification.webhook]
enabled = true
endpoint = "{endpoint}"
bearer_token = "{secret}"
event_types = ["create", "update"]
path_prefixes = ["/buckets/{bucket}"]
""",
    ),
    "minio": (
        minio.SETTINGS,
        """
MINIO_NOTIFY_WEBHOOK_ENABLE_STEPCAST=on
MINIO_NOTIFY_WEBHOOK_ENDPOINT_STEPCAST={endpoint}
MINIO_NOTIFY_WEBHOOK_AUTH_TOKEN_STEPCAST="Bearer {secret}"
""",
    ),
}
WEBHOOK_ARN = {"minio": "arn:minio:sqs::STEPCAST:webhook"}
KEYS = {
    "AWS_ACCESS_KEY_ID": seaweedfs.ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": seaweedfs.SECRET,
    "AWS_DEFAULT_REGION": "us-east-1",
}


@dataclass
class OnStore(Stack):
    """A stack whose bucket lies in a store; ``at_store`` is a client that knows nothing of the stack."""

    at_store: Any = None
    facts: Mapping[str, Any] | None = None


def client(service: str, endpoint: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        aws_access_key_id=seaweedfs.ACCESS_KEY,
        aws_secret_access_key=seaweedfs.SECRET,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}),
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def store(service: Service, folder: Path, files: Mapping[str, str] | None = None) -> Iterator[Server]:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    with running(service, folder, files) as server:
        yield server


@contextmanager
def up(
    url: str, state_home: Path, *arguments: str, folder: Path | None = None, bucket: str = BUCKET
) -> Iterator[OnStore]:
    """``stepcast up`` with that store, in a process of its own."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**KEYS, "STEPCAST_NOTIFY_SECRET": SECRET}.items():
            patch.setenv(name, value)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        given = ("--bucket", f"s3://{bucket}", "--store-url", url, "--settle-seconds", "0", *arguments)
        with serving(state_home, *given, folder=folder) as served:
            yield on_store(served, url)


def on_store(served: Serving, url: str) -> OnStore:
    endpoint = served.facts["endpoint"]
    aws: Any = SimpleNamespace(endpoint=endpoint, client=lambda service: client(service, endpoint))
    formation = aws.client("cloudformation")
    (described,) = formation.describe_stacks(StackName="stepcast")["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
    return OnStore(aws, outputs, {}, at_store=client("s3", url), facts=served.facts)


@pytest.fixture(scope="module", params=STORES)
def service(request: pytest.FixtureRequest) -> Service:
    """Each store in turn."""
    return STORES[request.param]


@pytest.fixture(scope="module")
def with_webhook(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnStore]:
    """A stack that the store's webhook tells of uploads, and that never lists the bucket unasked."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}/_stepcast/notify"
    name, template = WEBHOOK_FILE[service.name]
    webhook = {name: template.format(endpoint=endpoint, secret=SECRET, bucket=BUCKET)}
    with (
        store(service, tmp_path_factory.mktemp(service.name), webhook) as server,
        up(server.url, tmp_path_factory.mktemp("state"), "--port", str(port), "--poll-seconds", "0") as stack,
    ):
        if arn := WEBHOOK_ARN.get(service.name):
            events = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
            stack.at_store.put_bucket_notification_configuration(
                Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [events]}
            )
        yield stack


__all__ = [
    "BUCKET",
    "KEYS",
    "SECRET",
    "OnStore",
    "client",
    "free_port",
    "service",
    "store",
    "up",
    "with_webhook",
]
