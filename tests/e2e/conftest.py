"""The real template on the real local runtime, deployed once per module."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

from localaws import LocalAws
from stepcast.cli.preloaded import PRELOADED
from stepcast.pipeline import layout
from stepcast.pipeline.run import fingerprint

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
PATIENCE = 180  # seconds until a run counts as lost; a watchdog, not a measure


@dataclass
class Stack:
    """The deployed stack and what tests do with it."""

    aws: LocalAws
    outputs: Mapping[str, str]
    resources: Mapping[str, str]

    @property
    def bucket(self) -> str:
        return self.outputs["BucketName"]

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    @property
    def s3(self) -> Any:
        return self.client("s3")

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def delete(self, prefix: str) -> None:
        for key in self.keys(prefix):
            self.s3.delete_object(Bucket=self.bucket, Key=key)

    def keys(self, prefix: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [row["Key"] for page in pages for row in page.get("Contents", [])]

    def text(self, key: str) -> str:
        return str(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode())

    def vintages(self, root: str = layout.FORECAST) -> set[str]:
        return {key.split("/")[1] for key in self.keys(root)}

    def drop(self, files: Mapping[str, bytes]) -> dict[str, Any]:
        """Upload, then wait until the run for the bucket's present input has ended."""
        for key, body in files.items():
            self.put(key, body)
        return self.ended()

    def ended(self, attempt: str = "") -> dict[str, Any]:
        run = fingerprint(self.s3, self.bucket)
        arn = self.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:") + f":{run}{attempt}"
        return self.eventually(lambda: self._ended(arn))

    def _ended(self, arn: str) -> dict[str, Any] | None:
        states = self.client("stepfunctions")
        try:
            execution: dict[str, Any] = states.describe_execution(executionArn=arn)
        except states.exceptions.ExecutionDoesNotExist:
            return None
        return execution if execution["status"] != "RUNNING" else None

    def executions(self) -> list[dict[str, Any]]:
        states, machine = self.client("stepfunctions"), self.outputs["StateMachineArn"]
        return list(states.list_executions(stateMachineArn=machine)["executions"])

    def eventually(self, probe: Callable[[], T | None]) -> T:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if (found := probe()) is not None:
                return found
            time.sleep(0.05)  # between two looks, not a guess at how long something takes
        raise TimeoutError(f"nothing within {PATIENCE} s; executions: {self.executions()}")

    def report(self, execution: Mapping[str, Any]) -> dict[str, Any]:
        run = json.loads(execution["input"])["run"]
        report: dict[str, Any] = json.loads(self.text(layout.report(run, "json")))
        return report

    def sql(self, query: str) -> list[dict[str, Any]]:
        athena = self.client("athena")
        started = athena.start_query_execution(
            QueryString=query,
            QueryExecutionContext={"Database": "default"},
            WorkGroup=self.outputs["WorkGroupName"],
        )
        asked = {"QueryExecutionId": started["QueryExecutionId"]}

        def finished() -> dict[str, Any] | None:
            status: dict[str, Any] = athena.get_query_execution(**asked)["QueryExecution"]["Status"]
            return status if status["State"] in ("SUCCEEDED", "FAILED", "CANCELLED") else None

        status = self.eventually(finished)
        assert status["State"] == "SUCCEEDED", status["StateChangeReason"]
        pages = athena.get_paginator("get_query_results").paginate(**asked)
        rows = [
            [cell.get("VarCharValue") for cell in row["Data"]]
            for page in pages
            for row in page["ResultSet"]["Rows"]
        ]
        return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def deploy(state: Path | None = None, **parameters: str) -> tuple[LocalAws, Stack]:
    aws = LocalAws(port=0, state=state, preload=PRELOADED)
    aws.start()
    try:
        deployed = aws.deploy(ROOT / "template.yaml", "stepcast", {"SettleSeconds": "0", **parameters})
    except BaseException:
        aws.stop()
        raise
    return aws, Stack(aws, deployed.outputs, deployed.resources)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    aws, stack = deploy()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("AWS_ENDPOINT_URL", aws.endpoint),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_DEFAULT_REGION", aws.region),
        ):
            patch.setenv(name, value)
        try:
            yield stack
        finally:
            aws.stop()


def daily_sales(
    items: tuple[str, ...] = ("lamp", "desk"), days: int = 70, start: str = "2026-01-01"
) -> bytes:
    """Weekly sales with a little noise, in the schema of tests.pipeline.given."""
    noise = np.random.default_rng(7)
    first = np.datetime64(start)
    lines = [
        f"{item},{first + day},{10 + 5 * (day % 7) + noise.normal():.3f}"
        for item in items
        for day in range(days)
    ]
    return ("\n".join(lines) + "\n").encode()
