"""How fast the local runtime is, with its state on disk, beside MiniStack, which keeps its own in memory.

``make bench-runtime`` installs MiniStack into a virtual environment of its own and runs this. Both serve the
same calls of the same client in turns; only ratios mean something, as machines are noisy.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

REGION, ACCOUNT = "us-east-1", "000000000000"
TASK = "def handler(event, context):\n    return {**event, 'n': event.get('n', 0) + 1}\n"
START = """
import json, os, boto3
states = boto3.client("stepfunctions", endpoint_url=os.environ["ENDPOINT"], region_name="us-east-1")
def handler(event, context):
    key = event["Records"][0]["s3"]["object"]["key"]
    states.start_execution(stateMachineArn=os.environ["MACHINE"], name=key, input=json.dumps({"key": key}))
"""
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


class Peer:
    """A server of either kind, started as its users start it."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], port: int) -> None:
        self.name, self.endpoint = name, f"http://127.0.0.1:{port}"
        self._command, self._environment = command, environment

    @contextlib.contextmanager
    def running(self) -> Iterator[float]:
        """Serve in the block; gives the seconds from its start to its first answer."""
        begun = time.perf_counter()
        process = subprocess.Popen(
            self._command,
            env={**os.environ, **self._environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            while True:
                with contextlib.suppress(BotoCoreError, ClientError, OSError):
                    self.client("s3").list_buckets()
                    break
                if process.poll() is not None:
                    raise SystemExit(f"{self.name} ended: {' '.join(self._command)}")
                time.sleep(0.01)
            yield time.perf_counter() - begun
        finally:
            process.terminate()
            process.wait(30)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - any will do
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )


def measure(peer: Peer, seconds_to_start: float, rounds: int) -> dict[str, float]:
    """Milliseconds, or operations a second, by what was measured."""
    s3, functions, states, iam = map(peer.client, ("s3", "lambda", "stepfunctions", "iam"))
    trust = {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]}
    trusted = {"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}
    allowed = {
        "Effect": "Allow",
        "Action": ["lambda:InvokeFunction", "states:StartExecution"],
        "Resource": "*",
    }
    version = "2012-10-17"
    role = iam.create_role(
        RoleName="bench",
        AssumeRolePolicyDocument=json.dumps({"Version": version, "Statement": [trusted]}),
    )["Role"]["Arn"]
    iam.put_role_policy(
        RoleName="bench",
        PolicyName="bench",
        PolicyDocument=json.dumps({"Version": version, "Statement": [allowed]}),
    )

    def function(name: str, source: str, **variables: str) -> str:
        made = functions.create_function(
            FunctionName=name,
            Runtime=f"python3.{sys.version_info.minor}",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": zipped(source)},
            Timeout=30,
            Environment={"Variables": variables},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
        return str(made["FunctionArn"])

    def machine(name: str, definition: dict[str, Any]) -> str:
        made = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=role)
        return str(made["stateMachineArn"])

    task = function("task", TASK)
    three = {
        name: {"Type": "Task", "Resource": task, **({"Next": after} if after else {"End": True})}
        for name, after in (("A", "B"), ("B", "C"), ("C", ""))
    }
    whole = machine("whole", {"StartAt": "A", "States": three})
    quick = machine("quick", PASS)
    start = function("start", START, ENDPOINT=peer.endpoint, MACHINE=whole)
    s3.create_bucket(Bucket="bench-objects")
    s3.create_bucket(Bucket="bench-drops")
    functions.add_permission(
        FunctionName="start",
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::bench-drops",
    )
    told = [{"LambdaFunctionArn": start, "Events": ["s3:ObjectCreated:*"]}]
    s3.put_bucket_notification_configuration(
        Bucket="bench-drops", NotificationConfiguration={"LambdaFunctionConfigurations": told}
    )

    def until_done(arn: str) -> None:
        while True:
            with contextlib.suppress(states.exceptions.ExecutionDoesNotExist):
                status = states.describe_execution(executionArn=arn)["status"]
                if status == "SUCCEEDED":
                    return
                assert status == "RUNNING", status
            time.sleep(0.001)

    def pass_execution(number: int) -> None:
        until_done(states.start_execution(stateMachineArn=quick, name=f"p{number}")["executionArn"])

    def drop(number: int) -> None:
        s3.put_object(Bucket="bench-drops", Key=f"d{number}", Body=b"x")
        until_done(whole.replace(":stateMachine:", ":execution:") + f":d{number}")

    def get(key: str) -> None:
        s3.get_object(Bucket="bench-objects", Key=key)["Body"].read()

    def put(key: str, body: bytes) -> None:
        s3.put_object(Bucket="bench-objects", Key=key, Body=body)

    small, large = os.urandom(1024), os.urandom(1 << 20)
    invoke = functions.invoke
    works: dict[str, tuple[Callable[[int], Any], int]] = {
        "drop to SUCCEEDED, three tasks, ms": (drop, 10),
        "warm invoke, ms": (lambda _: invoke(FunctionName="task", Payload=b"{}")["Payload"].read(), 200),
        "Pass execution, ms": (pass_execution, 100),
        "StartExecution, ms": (
            lambda number: states.start_execution(stateMachineArn=quick, name=f"s{number}"),
            200,
        ),
        "PUT 1 KB, ms": (lambda number: put(f"s{number}", small), 200),
        "GET 1 KB, ms": (lambda number: get(f"s{number % 200}"), 200),
        "PUT 1 MB, ms": (lambda number: put(f"l{number}", large), 30),
        "GET 1 MB, ms": (lambda number: get(f"l{number % 30}"), 30),
    }
    found = {"start, ms": seconds_to_start * 1000}
    for what, (work, times) in works.items():
        for number in range(-3, 0):
            work(number)  # the first ones make what stays warm
        took = []
        for number in range(times * rounds):
            begun = time.perf_counter()
            work(number)
            took.append((time.perf_counter() - begun) * 1000)
        found[what] = statistics.median(took)
        if what.startswith("warm invoke"):
            found["warm invoke p99, ms"] = statistics.quantiles(took, n=100)[98]
    return found


def zipped(source: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", source)
    return file.getvalue()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ministack", type=Path, default=Path(".venv-ministack/bin/ministack"))
    parser.add_argument("--turns", type=int, default=3, help="how often each is started and measured")
    parser.add_argument("--rounds", type=int, default=1, help="how often each piece of work is repeated")
    given = parser.parse_args()
    if not given.ministack.exists():
        raise SystemExit(f"there is no {given.ministack}: make bench-runtime installs it")
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    for _ in range(given.turns):
        folder = Path(tempfile.mkdtemp(prefix="bench-runtime-", dir=Path.cwd()))
        try:
            port, other = free_port(), free_port()
            localaws = str(Path(sys.executable).with_name("localaws"))
            command = [localaws, "up", "--port", str(port), "--state", str(folder / "state")]
            peers = (
                (Peer("localaws", command, {}, port), ours),
                (
                    Peer(
                        "MiniStack",
                        [str(given.ministack)],
                        {"GATEWAY_PORT": str(other), "LAMBDA_EXECUTOR": "local", "HOME": str(folder)},
                        other,
                    ),
                    theirs,
                ),
            )
            for peer, results in peers:
                with peer.running() as seconds:
                    results.append(measure(peer, seconds, given.rounds))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"median of {given.turns} turns; localaws with its state on disk, MiniStack without")
    print(f"{'':38}{'localaws':>10}{'MiniStack':>11}{'times as fast':>15}")
    for what in ours[0]:
        one = statistics.median(result[what] for result in ours)
        other_one = statistics.median(result[what] for result in theirs)
        print(f"{what:38}{one:10.2f}{other_one:11.2f}{other_one / one:15.2f}")


if __name__ == "__main__":
    main()
