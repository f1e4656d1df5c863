"""What is in a state folder is there again after a stop, and after a kill."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from localaws import Deployment, LocalAws, StateUnusable
from tests.localaws.functions import invoke, make_function
from tests.localaws.waiting import eventually

SAMPLE = Path(__file__).parent / "sample" / "template.yaml"


def run_sample(aws: LocalAws, deployment: Deployment, key: str) -> dict[str, Any]:
    """Drop a text, and return the execution that it started, at its end."""
    states = aws.client("stepfunctions")
    aws.client("s3").put_object(Bucket=deployment.outputs["Bucket"], Key=key, Body=b"one two")

    def done() -> dict[str, Any] | None:
        for listed in states.list_executions(stateMachineArn=deployment.outputs["StateMachine"])[
            "executions"
        ]:
            found: dict[str, Any] = states.describe_execution(executionArn=listed["executionArn"])
            if json.loads(found["input"])["key"] == key and found["status"] != "RUNNING":
                return found
        return None

    return eventually(done, "the execution's end")


def test_everything_is_there_again_and_goes_on(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path) as aws:
        before = aws.deploy(SAMPLE, "sample")
        first = run_sample(aws, before, "texts/first.txt")
        events = aws.client("stepfunctions").get_execution_history(executionArn=first["executionArn"])[
            "events"
        ]

    with LocalAws(state=tmp_path) as aws:
        states, bucket = aws.client("stepfunctions"), before.outputs["Bucket"]
        again = states.describe_execution(executionArn=first["executionArn"])
        second = run_sample(aws, before, "texts/second.txt")
        after = aws.deploy(SAMPLE, "sample")

        assert aws.client("s3").get_object(Bucket=bucket, Key="texts/first.txt")["Body"].read() == b"one two"
        assert (again["status"], again["output"]) == ("SUCCEEDED", first["output"])
        assert states.get_execution_history(executionArn=first["executionArn"])["events"] == events
        assert second["status"] == "SUCCEEDED"
        assert after.resources == before.resources
        assert len(aws.mailbox.messages()) == 2
        (stack,) = aws.client("cloudformation").describe_stacks()["Stacks"]
        assert stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def test_every_kind_of_thing_is_kept(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path) as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="bucket")
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
        old = s3.put_object(Bucket="bucket", Key="k", Body=b"old", Metadata={"a": "b"})["VersionId"]
        s3.put_object(Bucket="bucket", Key="k", Body=b"new")
        upload = s3.create_multipart_upload(Bucket="bucket", Key="parts")["UploadId"]
        part = s3.upload_part(Bucket="bucket", Key="parts", UploadId=upload, PartNumber=1, Body=b"part")[
            "ETag"
        ]
        make_function(aws, "f", "def handler(event, context): return 'alive'")
        aws.client("lambda").publish_version(FunctionName="f")
        aws.client("lambda").create_alias(FunctionName="f", Name="live", FunctionVersion="1")
        queue = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        aws.client("sqs").send_message(QueueUrl=queue, MessageBody="waiting")
        aws.client("ssm").put_parameter(Name="p", Type="String", Value="v")
        aws.client("glue").create_database(DatabaseInput={"Name": "d"})
        aws.client("cloudwatch").put_metric_data(
            Namespace="N", MetricData=[{"MetricName": "m", "Value": 1.0}]
        )
        aws.client("events").put_rule(Name="r", EventPattern='{"source": ["s"]}')
        invoke(aws, "f")

    with LocalAws(state=tmp_path) as aws:
        s3 = aws.client("s3")
        assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"new"
        got = s3.get_object(Bucket="bucket", Key="k", VersionId=old)
        assert (got["Body"].read(), got["Metadata"]) == (b"old", {"a": "b"})
        s3.complete_multipart_upload(
            Bucket="bucket",
            Key="parts",
            UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part}]},
        )
        assert s3.get_object(Bucket="bucket", Key="parts")["Body"].read() == b"part"
        assert invoke(aws, "f", Qualifier="live").payload == "alive"
        logs = aws.client("logs").filter_log_events(logGroupName="/aws/lambda/f")["events"]
        assert any(event["message"].startswith("START") for event in logs)
        (message,) = aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        assert message["Body"] == "waiting"
        assert aws.client("ssm").get_parameter(Name="p")["Parameter"]["Value"] == "v"
        assert aws.client("glue").get_database(Name="d")["Database"]["Name"] == "d"
        assert aws.client("cloudwatch").list_metrics(Namespace="N")["Metrics"][0]["MetricName"] == "m"
        assert aws.client("events").list_rules()["Rules"][0]["Name"] == "r"


KILLED = """
import sys, time
from pathlib import Path
from localaws import LocalAws
with LocalAws(state=Path(sys.argv[1])) as aws:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="k", Body=b"first")
    print("put", flush=True)
    sys.stdin.readline()
    s3.put_object(Bucket="bucket", Key="k", Body=b"second")
    print("overwritten", flush=True)
    time.sleep(600)
"""


def test_after_a_kill_the_state_is_that_of_the_last_snapshot_or_newer(tmp_path: Path) -> None:
    """An object that was overwritten a moment before the kill is there in one form or the other."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "put\n"
        eventually((tmp_path / "snapshot").exists, "the snapshot")
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "overwritten\n"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()

    with LocalAws(state=tmp_path) as aws:
        body = aws.client("s3").get_object(Bucket="bucket", Key="k")["Body"].read()
        assert body in {b"first", b"second"}
        assert len([path for path in (tmp_path / "objects").rglob("*") if path.is_file()]) == 1


def test_a_damaged_snapshot_is_named_with_the_way_out(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path) as aws:
        aws.client("s3").create_bucket(Bucket="bucket")
    snapshot = tmp_path / "snapshot"
    content = bytearray(snapshot.read_bytes())
    content[-10] ^= 1
    snapshot.write_bytes(content)

    with pytest.raises(StateUnusable, match=re.escape(str(snapshot)) + ".*damaged.*Move the file away"):
        LocalAws(state=tmp_path).start()

    snapshot.unlink()
    with LocalAws(state=tmp_path) as aws:
        assert aws.client("s3").list_buckets()["Buckets"] == []


def test_a_snapshot_of_another_version_is_refused(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path):
        pass
    snapshot = tmp_path / "snapshot"
    snapshot.write_bytes(snapshot.read_bytes().replace(b'"format": 1', b'"format": 0', 1))

    with pytest.raises(StateUnusable, match="written with format 0, and this is format 1"):
        LocalAws(state=tmp_path).start()


def test_a_failed_start_leaves_the_port_and_the_process_free(tmp_path: Path) -> None:
    (tmp_path / "snapshot").write_bytes(b"something else")
    with pytest.raises(StateUnusable, match="not a snapshot of localaws"):
        LocalAws(state=tmp_path).start()

    with LocalAws() as aws:
        assert aws.client("s3").list_buckets()["Buckets"] == []
