"""Kill the stack many times while it works; afterwards everything that was acknowledged must be there."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws import LocalAws
from localaws.aws_session import make_client
from stepcast.pipeline import layout, vintages
from stepcast.pipeline.run import fingerprint
from tests.chaos.clients import Clients, Told
from tests.e2e.conftest import daily_sales, deploy
from tests.pipeline.given import params_bytes

__all__ = ["Report", "run"]

ROOT = Path(__file__).parents[2]
_PATIENCE = 600  # seconds with kills, then without, until a drop counts as lost: a watchdog, not a measure


@dataclass
class Report:
    """The result; ``lost`` names everything that was acknowledged and is missing."""

    kills: int = 0
    acknowledged: int = 0
    drops: int = 0
    lost: list[str] = field(default_factory=list)


def run(state: Path, kills: int, seed: int, tell: Callable[[str], object] = str) -> Report:
    """Work on ``state``, kill ``kills`` times, and look; ``tell`` is called with how far it is."""
    chance, report = random.Random(seed), Report()
    expected = {days: undisturbed(days) for days in (70, 71)}
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    clients = Clients(endpoint, seed)
    process = start(state, port)
    clients.start()
    try:
        dropped: list[int] = []
        while report.kills < kills:
            days = 70 + len(dropped) % 2
            drop(endpoint, days, with_params=not dropped)
            dropped.append(days)
            # On a busy machine, kills may leave no time to finish: before a drop counts as lost, it gets as
            # much time without any.
            quiet = time.monotonic() + _PATIENCE
            while not (ended := forecast_of(endpoint)):
                if time.monotonic() > quiet + _PATIENCE:
                    report.lost.append(
                        f"drop {len(dropped)} has no forecast after {_PATIENCE} s without kills"
                    )
                    return report
                time.sleep(chance.uniform(0.2, 4.0))
                if report.kills < kills and time.monotonic() < quiet:
                    os.kill(process.pid, signal.SIGKILL)
                    process.communicate()
                    report.kills += 1
                    tell(f"{report.kills} of {kills} kills, {report.drops} drops with their forecast")
                    process = start(state, port)
            if ended != expected[days]:
                report.lost.append(f"the forecast of drop {len(dropped)} is not the undisturbed one")
            report.drops += 1
        clients.stop()
    finally:
        clients.stop()
        process.send_signal(signal.SIGTERM)
        process.communicate()
    report.acknowledged = clients.told.count()
    with LocalAws(state=state) as aws:
        report.lost += missing(aws, clients.told)
    return report


def undisturbed(days: int) -> list[str]:
    """The forecast of a stack that is not killed."""
    aws, stack = deploy()
    try:
        stack.drop({layout.PARAMS: params_bytes(), "train/sales.csv": daily_sales(days=days)})
        return published(stack.s3, stack.bucket)
    finally:
        aws.stop()


def published(s3: Any, bucket: str) -> list[str]:
    """The rows of the current forecast, in order; the one before may not be in history/ yet."""
    current = vintages.current(s3, bucket)
    assert current is not None
    prefix = f"{layout.FORECAST}{current.vintage}/"
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    raw = [row["Key"] for row in found if "/raw/" in row["Key"] and row["Key"].endswith(".csv")]
    bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in raw]
    return sorted(line for body in bodies for line in body.splitlines())


def start(state: Path, port: int) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.server", str(state), str(port)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while (line := process.stdout.readline()) != "ready\n":
        if not line:
            raise RuntimeError("the server does not start any more")
    return process


def drop(endpoint: str, days: int, *, with_params: bool) -> None:
    """Upload, again and again until it is acknowledged."""
    files = {"train/sales.csv": daily_sales(days=days)}
    if with_params:
        files[layout.PARAMS] = params_bytes()
    for key, body in files.items():
        while True:
            with contextlib.suppress(BotoCoreError, ClientError):
                s3 = make_client("s3", endpoint, "us-east-1")
                s3.put_object(Bucket=bucket_of(s3), Key=key, Body=body)
                break
            time.sleep(0.1)


def forecast_of(endpoint: str) -> list[str] | None:
    """The published forecast, once it is that of the present input."""
    with contextlib.suppress(BotoCoreError, ClientError):
        s3 = make_client("s3", endpoint, "us-east-1")
        bucket = bucket_of(s3)
        current = vintages.current(s3, bucket)
        if current is not None and current.run == fingerprint(s3, bucket):
            return published(s3, bucket)
        states = make_client("stepfunctions", endpoint, "us-east-1")
        for machine in states.list_state_machines()["stateMachines"]:
            for execution in states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]:
                assert execution["status"] in {"RUNNING", "SUCCEEDED"}, execution
    return None


def bucket_of(s3: Any) -> str:
    return next(
        found["Name"] for found in s3.list_buckets()["Buckets"] if found["Name"].startswith("stepcast-")
    )


def missing(aws: LocalAws, told: Told) -> list[str]:
    """What was acknowledged and is missing."""
    lost = []
    s3, ssm, sqs, states, athena = map(aws.client, ("s3", "ssm", "sqs", "stepfunctions", "athena"))
    for key, bodies in told.objects.items():
        try:
            body = s3.get_object(Bucket="chaos", Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:
            body = None
        if body not in bodies:
            lost.append(f"object {key}")
    for name, values in told.parameters.items():
        try:
            value = ssm.get_parameter(Name=name)["Parameter"]["Value"]
        except ssm.exceptions.ParameterNotFound:
            value = None
        if value not in values:
            lost.append(f"parameter {name}")
    queue = sqs.get_queue_url(QueueName="chaos")["QueueUrl"]
    asked = {"QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 3600}
    while got := sqs.receive_message(**asked).get("Messages"):
        told.messages -= {message["Body"] for message in got}
    lost += [f"message {body}" for body in sorted(told.messages)]
    for arn, output in told.executions.items():
        found = settled(states, arn)
        if found["status"] != "SUCCEEDED" or output not in (None, found["output"]):
            lost.append(f"execution {arn}: {found['status']}")
    for query, rows in told.queries.items():
        if rows is not None and athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"] != rows:
            lost.append(f"query {query}")
    return lost


def settled(states: Any, arn: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        found: dict[str, Any] = states.describe_execution(executionArn=arn)
        if found["status"] != "RUNNING" or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
