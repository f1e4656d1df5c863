"""A state folder that an earlier version wrote is read, and a pickle that somebody made runs nothing.

``old_states/format_1.tar.gz`` was written by commit 7794e68. In it are a versioned bucket ``bucket`` with
two versions of ``k`` (tagged) and an upload ``parts``, a function ``f`` with a version and an alias, a queue
``q`` with a message, a parameter ``p``, a database ``d``, a metric, a rule ``r``, a role with a managed
policy, an execution ``done`` and one that ``waits``, a query, the stack ``sample`` and a message to a topic.
"""

import hashlib
import json
import pickle
import tarfile
from pathlib import Path
from typing import Any

import pytest

from localaws import LocalAws, StateUnusable
from tests.localaws.functions import invoke

OLD = Path(__file__).parent / "old_states"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    with tarfile.open(OLD / "format_1.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    tmp_path.chmod(0o700)
    return tmp_path


def check(aws: LocalAws) -> None:
    s3, queues = aws.client("s3"), aws.client("sqs")
    versions = s3.list_object_versions(Bucket="bucket", Prefix="k")["Versions"]
    bodies = {
        s3.get_object(Bucket="bucket", Key="k", VersionId=version["VersionId"])["Body"].read()
        for version in versions
    }
    assert bodies == {b"old", b"new"}
    assert s3.get_object_tagging(Bucket="bucket", Key="k")["TagSet"] == [{"Key": "t", "Value": "v"}]
    (upload,) = s3.list_multipart_uploads(Bucket="bucket")["Uploads"]
    assert upload["Key"] == "parts"
    assert invoke(aws, "f", Qualifier="live").payload == "alive"
    queue = queues.get_queue_url(QueueName="q")["QueueUrl"]
    counted = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    assert counted["Attributes"]["ApproximateNumberOfMessages"] == "1"
    assert aws.client("ssm").get_parameter(Name="p")["Parameter"]["Value"] == "v"
    assert aws.client("glue").get_database(Name="d")["Database"]["Name"] == "d"
    assert aws.client("cloudwatch").list_metrics(Namespace="N")["Metrics"][0]["MetricName"] == "m"
    assert aws.client("events").list_rules()["Rules"][0]["Name"] == "r"
    (attached,) = aws.client("iam").list_attached_role_policies(RoleName="role")["AttachedPolicies"]
    assert attached["PolicyName"] == "AmazonS3ReadOnlyAccess"
    athena = aws.client("athena")
    (query,) = athena.list_query_executions()["QueryExecutionIds"]
    rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    assert rows[1]["Data"] == [{"VarCharValue": "1"}]
    (stack,) = aws.client("cloudformation").describe_stacks()["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert [message.body for message in aws.mailbox.messages()] == ["told"]
    states = aws.client("stepfunctions")
    listed = [
        execution
        for machine in states.list_state_machines()["stateMachines"]
        for execution in states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    ]
    statuses = {execution["name"]: execution["status"] for execution in listed}
    assert (statuses["done"], statuses["waits"]) == ("SUCCEEDED", "ABORTED")
    for execution in listed:
        arn = execution["executionArn"]
        last = states.get_execution_history(executionArn=arn)["events"][-1]["type"]
        assert last in {"ExecutionSucceeded", "WaitStateEntered"}
        assert ("output" in states.describe_execution(executionArn=arn)) == (last == "ExecutionSucceeded")


def test_an_execution_of_the_first_format_is_redriven_from_its_start(old: Path) -> None:
    with LocalAws(state=old) as aws:
        states = aws.client("stepfunctions")
        (arn,) = (
            execution["executionArn"]
            for machine in states.list_state_machines()["stateMachines"]
            for execution in states.list_executions(
                stateMachineArn=machine["stateMachineArn"], statusFilter="ABORTED"
            )["executions"]
        )

        states.redrive_execution(executionArn=arn)

        assert states.describe_execution(executionArn=arn)["status"] == "RUNNING"


def test_the_first_format_is_read_once_and_kept_in_the_new_one(old: Path) -> None:
    with LocalAws(state=old) as aws:
        check(aws)
    assert not (old / "snapshot").exists()
    assert (old / "snapshot.migrated").exists()

    with LocalAws(state=old) as aws:
        check(aws)


def test_a_migration_that_was_killed_begins_again(old: Path) -> None:
    (old / "journal.sqlite").write_bytes(b"half of it")

    with LocalAws(state=old) as aws:
        check(aws)


class _Evil:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


class _EvilByState:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return list, (), None, iter([eval]), None


@pytest.mark.parametrize("evil", [_Evil, _EvilByState])
@pytest.mark.parametrize("inner", [True, False])
def test_a_snapshot_of_somebody_else_runs_nothing(tmp_path: Path, evil: Any, inner: bool) -> None:
    hurt = tmp_path / "hurt"
    thing = pickle.dumps({"x": evil(hurt)})
    backends = {("moto.sqs.models", "SQSBackend", "123456789012", "us-east-1"): thing}
    body = pickle.dumps({"backends": backends}) if inner else thing
    about = {"format": 1, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "snapshot").write_bytes(b"localaws snapshot\n" + json.dumps(about).encode() + b"\n" + body)

    with pytest.raises(StateUnusable, match=r"is not allowed|does not call"):
        LocalAws(state=state).start()

    assert not hurt.exists()
    assert (state / "snapshot").exists()
