"""The scheduled function, deployed with the real template, pulls from a real Prometheus into the bucket."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws
from stepcast.connect.prometheus.client import Client
from stepcast.connect.prometheus.connection import connection
from stepcast.connect.prometheus.remote_write import Samples, write
from tests.connect.prometheus.guarded import PASSWORD, USER, guarded
from tests.connect.prometheus.test_pull import DAY, STEP, wave
from tests.services import Server

ROOT = Path(__file__).parents[3]
FUNCTION = "stepcast-PullPrometheus"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with guarded(tmp_path_factory.mktemp("guarded"), tls=False) as running:
        yield running


@pytest.fixture(scope="module")
def aws(server: Server) -> Iterator[LocalAws]:
    with LocalAws() as aws:
        secret = aws.client("secretsmanager").create_secret(
            Name="prometheus", SecretString=json.dumps({"user": USER, "password": PASSWORD})
        )
        parameters = {
            "PrometheusUrl": server.url,
            "PrometheusQuery": "scheduled",
            "PrometheusHistory": "1d",
            "PrometheusSecret": secret["ARN"],
            "SettleSeconds": "3600",  # what is pulled starts a run, which nobody waits for
        }
        aws.deploy(ROOT / "template.yaml", "stepcast", parameters)
        yield aws


def invoke(aws: LocalAws) -> dict[str, Any]:
    event = json.loads((ROOT / "events/pull_prometheus.json").read_text())
    answer = aws.client("lambda").invoke(FunctionName=FUNCTION, Payload=json.dumps(event))
    said: dict[str, Any] = json.load(answer["Payload"])
    assert "errorType" not in said, said
    return said


def test_the_function_appends_what_is_new_and_runs_as_often_as_it_likes(
    aws: LocalAws, server: Server
) -> None:
    now = int(time.time()) // STEP * STEP - STEP
    client = Client(connection(server.url, user=USER, password=PASSWORD))
    write(client, [Samples({"__name__": "scheduled", "instance": "a:1"}, wave(now - 2 * DAY, now))])
    s3 = aws.client("s3")
    (bucket,) = (row["Name"] for row in s3.list_buckets()["Buckets"] if row["Name"].startswith("stepcast-"))

    first = invoke(aws)
    content = s3.get_object(Bucket=bucket, Key="train/prometheus.csv")["Body"].read()
    again = invoke(aws)
    kept = s3.get_object(Bucket=bucket, Key="train/prometheus.csv")["Body"].read()

    assert first["rows"] in (287, 288)
    assert content.count(b"\n") == first["rows"] + 1
    assert content.startswith(b"item_id,timestamp,target_value\ninstance=a:1,")
    assert again["rows"] == 0
    assert kept == content


def test_it_has_a_schedule(aws: LocalAws) -> None:
    events = aws.client("events")
    (rule,) = events.list_rules()["Rules"]
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]

    assert rule["ScheduleExpression"] == "rate(1 hour)"
    assert target["Arn"].endswith(f":function:{FUNCTION}")
