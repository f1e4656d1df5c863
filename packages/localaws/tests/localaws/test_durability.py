"""What is in a state folder is there again after a stop, and after a kill."""

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws import Deployment, LocalAws, StateUnusable
from tests.localaws.functions import invoke, make_function
from tests.localaws.policies import TO_ALL
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
exec(sys.argv[2])
with LocalAws(state=Path(sys.argv[1])) as aws:
    act(aws)
    print("acknowledged", flush=True)
    time.sleep(600)
"""


def kill_after(state: Path, act: str) -> None:
    """Run ``act(aws)``, which is defined by that text, in a process that is killed when it returns."""
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(state), textwrap.dedent(act)],
        cwd=Path(__file__).parents[2],  # from where it can import tests.localaws
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "acknowledged\n"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()


def test_what_was_acknowledged_is_there_after_a_kill_at_that_moment(tmp_path: Path) -> None:
    act = """
        def act(aws):
            s3, sqs, logs = aws.client("s3"), aws.client("sqs"), aws.client("logs")
            s3.create_bucket(Bucket="bucket")
            s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
            for n in "01234":
                s3.put_object(Bucket="bucket", Key="k", Body=n.encode(), Metadata={"n": n})
            s3.put_object_tagging(Bucket="bucket", Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
            s3.put_object(Bucket="bucket", Key="gone", Body=b"x")
            s3.delete_object(Bucket="bucket", Key="gone")
            s3.copy_object(Bucket="bucket", Key="copy", CopySource="bucket/k")
            upload = s3.create_multipart_upload(Bucket="bucket", Key="parts")["UploadId"]
            s3.upload_part(Bucket="bucket", Key="parts", UploadId=upload, PartNumber=1, Body=b"part")
            queue = sqs.create_queue(QueueName="q")["QueueUrl"]
            for number in range(3):
                sqs.send_message(QueueUrl=queue, MessageBody=str(number))
            (first,) = sqs.receive_message(QueueUrl=queue)["Messages"]
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=first["ReceiptHandle"])
            logs.create_log_group(logGroupName="g")
            logs.create_log_stream(logGroupName="g", logStreamName="s")
            for number in range(2):
                line = {"timestamp": int(time.time() * 1000), "message": f"line {number}"}
                logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[line])
            data = [{"MetricName": "m", "Value": 1}]
            aws.client("cloudwatch").put_metric_data(Namespace="N", MetricData=data)
            aws.client("ssm").put_parameter(Name="p", Type="String", Value="v")
            aws.client("kms").create_key()
            topic = aws.client("sns").create_topic(Name="t")["TopicArn"]
            aws.client("sns").publish(TopicArn=topic, Message="told")
    """
    kill_after(tmp_path, act)

    with LocalAws(state=tmp_path) as aws:
        s3, sqs = aws.client("s3"), aws.client("sqs")
        versions = s3.list_object_versions(Bucket="bucket", Prefix="k")["Versions"]
        bodies = [
            s3.get_object(Bucket="bucket", Key="k", VersionId=version["VersionId"])["Body"].read()
            for version in versions
        ]
        assert sorted(bodies) == [b"0", b"1", b"2", b"3", b"4"]
        assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"4"
        assert s3.head_object(Bucket="bucket", Key="k")["Metadata"] == {"n": "4"}
        assert s3.get_object_tagging(Bucket="bucket", Key="k")["TagSet"] == [{"Key": "a", "Value": "b"}]
        keys = [row["Key"] for row in s3.list_objects_v2(Bucket="bucket")["Contents"]]
        assert keys == ["copy", "k"]
        assert s3.get_object(Bucket="bucket", Key="copy")["Body"].read() == b"4"
        (upload,) = s3.list_multipart_uploads(Bucket="bucket")["Uploads"]
        (part,) = s3.list_parts(Bucket="bucket", Key="parts", UploadId=upload["UploadId"])["Parts"]
        assert part["Size"] == 4
        queue = sqs.get_queue_url(QueueName="q")["QueueUrl"]
        left = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
        assert [message["Body"] for message in left] == ["1", "2"]
        lines = aws.client("logs").filter_log_events(logGroupName="g")["events"]
        assert [line["message"] for line in lines] == ["line 0", "line 1"]
        assert aws.client("cloudwatch").list_metrics(Namespace="N")["Metrics"][0]["MetricName"] == "m"
        assert aws.client("ssm").get_parameter(Name="p")["Parameter"]["Value"] == "v"
        assert len(aws.client("kms").list_keys()["Keys"]) == 1
        assert [message.body for message in aws.mailbox.messages()] == ["told"]


def test_a_received_message_stays_received_over_a_kill(tmp_path: Path) -> None:
    act = """
        def act(aws):
            sqs = aws.client("sqs")
            queue = sqs.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
            sqs.send_message(QueueUrl=queue, MessageBody="taken")
            (taken,) = sqs.receive_message(QueueUrl=queue)["Messages"]
            open(aws.folder / "handle", "w").write(taken["ReceiptHandle"])
    """
    kill_after(tmp_path, act)

    with LocalAws(state=tmp_path) as aws:
        sqs = aws.client("sqs")
        queue = sqs.get_queue_url(QueueName="q")["QueueUrl"]
        assert "Messages" not in sqs.receive_message(QueueUrl=queue)
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=(tmp_path / "handle").read_text())
        counted = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        assert counted["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_an_event_that_was_on_its_way_is_delivered_after_the_kill(tmp_path: Path) -> None:
    """The function blocks until the kill, so its invocation is not done; it is invoked again."""
    act = """
        def act(aws):
            from tests.localaws.functions import make_function
            source = '''
            import os, pathlib, time
            def handler(event, context):
                folder = pathlib.Path(os.environ["FOLDER"])
                (folder / f"began-{os.getpid()}").touch()
                while not (folder / "go").exists():
                    time.sleep(0.02)
                (folder / "done").write_text(event["Records"][0]["s3"]["object"]["key"])
            '''
            variables = {"Variables": {"FOLDER": str(aws.folder)}}
            arn = make_function(aws, "f", source, Timeout=60, Environment=variables)
            s3 = aws.client("s3")
            s3.create_bucket(Bucket="bucket")
            told = [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]
            s3.put_bucket_notification_configuration(
                Bucket="bucket", NotificationConfiguration={"LambdaFunctionConfigurations": told}
            )
            s3.put_object(Bucket="bucket", Key="dropped", Body=b"x")
    """
    kill_after(tmp_path, act)
    (tmp_path / "go").touch()

    with LocalAws(state=tmp_path):
        done = tmp_path / "done"
        eventually(lambda: (done.exists() and done.read_text()) or None, "the second delivery")

    assert done.read_text() == "dropped"


def test_a_delivery_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path) as aws:
        s3, sqs = aws.client("s3"), aws.client("sqs")
        queue = sqs.create_queue(QueueName="q", Attributes={"Policy": TO_ALL})["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        s3.create_bucket(Bucket="bucket")
        told = [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        s3.put_bucket_notification_configuration(
            Bucket="bucket", NotificationConfiguration={"QueueConfigurations": told}
        )
        sqs.purge_queue(QueueUrl=queue)  # the test event
        s3.put_object(Bucket="bucket", Key="k", Body=b"x")
        counted = ["ApproximateNumberOfMessages"]
        eventually(
            lambda: (
                sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=counted)["Attributes"][counted[0]]
                == "1"
                or None
            ),
            "the event",
        )

    with LocalAws(state=tmp_path) as aws:
        got = aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
        assert len(got) == 1


def test_a_start_deletes_no_body_whatever_the_journal_says(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path) as aws:
        aws.client("s3").create_bucket(Bucket="bucket")
        aws.client("s3").put_object(Bucket="bucket", Key="k", Body=b"precious")
    (body,) = [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]
    for path in tmp_path.glob("journal.sqlite*"):
        path.unlink()

    with LocalAws(state=tmp_path) as aws:
        assert aws.client("s3").list_buckets()["Buckets"] == []
        assert body.read_bytes() == b"precious"


def test_a_small_body_whose_file_did_not_reach_the_disk_is_written_again(tmp_path: Path) -> None:
    """A kill leaves what the system holds in memory; a power cut does not: the file is taken away here."""
    act = """
        def act(aws):
            aws.client("s3").create_bucket(Bucket="bucket")
            aws.client("s3").put_object(Bucket="bucket", Key="k", Body=b"precious")
    """
    kill_after(tmp_path, act)
    (body,) = [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]
    body.write_bytes(b"")

    with LocalAws(state=tmp_path) as aws:
        assert aws.client("s3").get_object(Bucket="bucket", Key="k")["Body"].read() == b"precious"
        assert body.read_bytes() == b"precious"


def test_two_servers_never_share_a_folder(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path) as aws:
        port = aws.endpoint.rpartition(":")[2]
        other = [sys.executable, "-c", KILLED, str(tmp_path), "def act(aws): pass"]
        refused = subprocess.run(other, capture_output=True, text=True, check=False)

    assert refused.returncode == 1
    assert f"process {os.getpid()} on port {port} is using it" in refused.stderr


def test_a_damaged_journal_is_named_and_no_body_is_lost(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path) as aws:
        aws.client("s3").create_bucket(Bucket="bucket")
        aws.client("s3").put_object(Bucket="bucket", Key="k", Body=b"precious")
    journal = tmp_path / "journal.sqlite"
    content = journal.read_bytes()
    damaged = content.replace(b"binary/octet-stream", b"binary/octet-strean")
    assert damaged != content
    journal.write_bytes(damaged)

    with pytest.raises(StateUnusable, match=re.escape(str(journal)) + ".*version bucket/k 0+ .*bodies"):
        LocalAws(state=tmp_path).start()

    assert any(path.read_bytes() == b"precious" for path in (tmp_path / "objects").glob("*/*"))
    journal.write_bytes(content)
    with LocalAws(state=tmp_path) as aws:
        assert aws.client("s3").get_object(Bucket="bucket", Key="k")["Body"].read() == b"precious"


def test_a_folder_of_a_later_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "format").write_text("99\n")

    with pytest.raises(StateUnusable, match="its format is '99', but this version reads 3"):
        LocalAws(state=tmp_path).start()


def test_a_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path / "state"):
        pass
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    (tmp_path / "state").chmod(0o777)

    with pytest.raises(StateUnusable, match=r"other users can write to it.*chmod 700"):
        LocalAws(state=tmp_path / "state").start()


def test_what_cannot_be_kept_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalAws(state=tmp_path) as aws:
        ssm = aws.client("ssm")
        ssm.put_parameter(Name="p", Type="String", Value="v")
        from moto.ssm.models import ssm_backends

        monkeypatch.setattr(ssm_backends[aws.account][aws.region], "strange", object(), raising=False)
        with pytest.raises(ClientError, match=r"cannot store the state of ssm.*builtins:object"):
            ssm.put_parameter(Name="q", Type="String", Value="v")
        monkeypatch.undo()

        assert ssm.get_parameter(Name="p")["Parameter"]["Value"] == "v"


def test_a_failed_start_leaves_the_port_and_the_process_free(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"something else" * 100)
    with pytest.raises(StateUnusable, match="file is not a database"):
        LocalAws(state=tmp_path).start()

    with LocalAws() as aws:
        assert aws.client("s3").list_buckets()["Buckets"] == []
