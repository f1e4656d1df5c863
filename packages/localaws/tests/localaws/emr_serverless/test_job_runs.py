"""Job runs as a state machine starts and awaits them; Spark is a script that runs the job's own."""

import io
import json
import os
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from localaws import LocalAws
from tests.localaws.policies import trust
from tests.localaws.waiting import eventually

ROLES = "arn:aws:iam::123456789012:role"
# Stands for spark-submit: shows what it was given, and runs the entry point as Spark would.
SPARK = f"""#!{sys.executable}
import os, sys
arguments = sys.argv[1:]
place = next(i for i, one in enumerate(arguments) if not one.startswith("--"))
print(arguments[:place], flush=True)
os.execv(os.environ["PYSPARK_PYTHON"], [os.environ["PYSPARK_PYTHON"], *arguments[place:]])
"""
WRITES = """
import boto3, os, sys
boto3.client("s3").put_object(Bucket="shop", Key=sys.argv[1], Body=os.environ.get("GIVEN", "").encode())
"""
FAILS = """
raise LookupError("the job's own words")
"""
WAITS = """
import boto3, os, time
boto3.client("s3").put_object(Bucket="shop", Key="out/pid", Body=str(os.getpid()).encode())
while True:
    time.sleep(0.1)  # until it is cancelled
"""
# The first time it waits for ever; once there is out/again, it ends.
WAITS_ONCE = WAITS.replace("while True", 'while "Contents" not in boto3.client("s3").list_objects_v2('
                           'Bucket="shop", Prefix="out/again")')  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    path = tmp_path_factory.mktemp("spark") / "bin/spark-submit"
    path.parent.mkdir()
    path.write_text(SPARK)
    path.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_HOME", str(path.parents[1]))
        yield


def test_a_job_that_runs_while_localaws_stops_is_run_again(tmp_path: Path) -> None:
    with LocalAws(state=tmp_path / "state") as aws:
        application = prepared(aws)
        execution = started(aws, application, WAITS_ONCE)
        pid = int(eventually(lambda: objects(aws).get("out/pid"), "the job's begin"))
    eventually(lambda: not alive(pid), "the end of the job's process")

    with LocalAws(state=tmp_path / "state") as aws:
        aws.client("s3").put_object(Bucket="shop", Key="out/again", Body=b"")
        found = ended(aws, execution)

        assert found["status"] == "SUCCEEDED", found
        assert the_run(aws, application)["jobRunId"] == json.loads(found["output"])["JobRunId"]
        assert int(objects(aws)["out/pid"]) != pid


@pytest.fixture(scope="module")
def aws(spark: None) -> Iterator[LocalAws]:
    with LocalAws() as running:
        yield running


@pytest.fixture(scope="module")
def shared_application(aws: LocalAws) -> str:
    return prepared(aws)


@pytest.fixture
def application(aws: LocalAws, shared_application: str) -> str:
    """The same one, and nothing in out/ of the bucket."""
    for key in objects(aws):
        aws.client("s3").delete_object(Bucket="shop", Key=key)
    return shared_application


def prepared(aws: LocalAws) -> str:
    """The id of an application, whose jobs may read job/ and write out/ of the bucket shop."""
    aws.client("s3").create_bucket(Bucket="shop")
    made = aws.client("emr-serverless").create_application(releaseLabel="emr-spark-8.0.0", type="SPARK")
    allowed = [("s3:GetObject", "job/*"), ("s3:PutObject", "out/*"), ("s3:ListBucket", "")]
    role(
        aws,
        "job",
        "emr-serverless",
        [(action, f"arn:aws:s3:::shop/{to}".rstrip("/")) for action, to in allowed],
    )
    mine = f"arn:aws:emr-serverless:us-east-1:123456789012:/applications/{made['applicationId']}"
    of_machine = [("emr-serverless:*", mine), ("emr-serverless:*", f"{mine}/jobruns/*")]
    role(aws, "machine", "states", [*of_machine, ("iam:PassRole", f"{ROLES}/job")])
    return str(made["applicationId"])


def role(aws: LocalAws, name: str, service: str, allowed: list[tuple[str, str]]) -> None:
    iam = aws.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(service))
    statements = [{"Effect": "Allow", "Action": action, "Resource": to} for action, to in allowed]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)


def started(
    aws: LocalAws,
    application: str,
    source: str,
    *arguments: str,
    parameters: str = "",
    state: dict[str, Any] | None = None,
) -> str:
    """An execution whose one task runs a job of that source and awaits it."""
    aws.client("s3").put_object(Bucket="shop", Key="job/job.py", Body=dedent(source).encode())
    driver = {
        "EntryPoint": "s3://shop/job/job.py",
        "EntryPointArguments": arguments,
        "SparkSubmitParameters": parameters,
    }
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::emr-serverless:startJobRun.sync",
        "Parameters": {
            "ApplicationId": application,
            "ExecutionRoleArn": f"{ROLES}/job",
            "Name": "n",
            "JobDriver": {"SparkSubmit": driver},
        },
        "End": True,
        **(state or {}),
    }
    states = aws.client("stepfunctions")
    machine = states.create_state_machine(
        name=f"m-{uuid4().hex}",
        definition=json.dumps({"StartAt": "Job", "States": {"Job": task}}),
        roleArn=f"{ROLES}/machine",
    )["stateMachineArn"]
    return str(states.start_execution(stateMachineArn=machine)["executionArn"])


def ended(aws: LocalAws, execution: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        described: dict[str, Any] = aws.client("stepfunctions").describe_execution(executionArn=execution)
        return described if described["status"] != "RUNNING" else None

    return eventually(look, "the execution's end")


def objects(aws: LocalAws) -> dict[str, str]:
    s3 = aws.client("s3")
    found = s3.list_objects_v2(Bucket="shop", Prefix="out/").get("Contents", ())
    return {one["Key"]: s3.get_object(Bucket="shop", Key=one["Key"])["Body"].read().decode() for one in found}


def the_run(aws: LocalAws, application: str) -> dict[str, Any]:
    client = aws.client("emr-serverless")
    *_, listed = client.list_job_runs(applicationId=application)["jobRuns"]
    run: dict[str, Any] = client.get_job_run(applicationId=application, jobRunId=listed["id"])["jobRun"]
    return run


def test_a_task_awaits_its_job_and_gives_its_description(aws: LocalAws, application: str) -> None:
    given = "--conf spark.executor.cores=2 --conf spark.emr-serverless.driverEnv.GIVEN=value"

    found = ended(aws, started(aws, application, WRITES, "out/a", parameters=given))

    assert found["status"] == "SUCCEEDED", found
    output = json.loads(found["output"])
    assert (output["State"], output["ApplicationId"], output["Name"]) == ("SUCCESS", application, "n")
    assert output["ReleaseLabel"] == "emr-spark-8.0.0"
    assert output["JobDriver"]["SparkSubmit"]["EntryPoint"] == "s3://shop/job/job.py"
    assert objects(aws) == {"out/a": "value"}
    (shown,) = (aws.folder / "emr-serverless" / output["JobRunId"] / "stdout").read_text().splitlines()
    assert shown.startswith("['--master=local[*]'")
    assert "'--conf=spark.executor.cores=2'" in shown
    assert "'--conf=spark.driver.bindAddress=127.0.0.1'" in shown
    assert not (aws.folder / "emr-serverless" / output["JobRunId"] / "work").exists()
    history = aws.client("stepfunctions").get_execution_history(executionArn=found["executionArn"])["events"]
    kinds = [event["type"] for event in history if event["type"].startswith("Task")]
    assert kinds == ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded",
                     "TaskStateExited"]  # fmt: skip


def test_a_job_has_the_permissions_of_its_role(aws: LocalAws, application: str) -> None:
    found = ended(aws, started(aws, application, WRITES, "elsewhere/a"))

    assert (found["status"], found["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(found["cause"])
    assert cause["State"] == "FAILED"
    assert "ExitCode: 1" in cause["StateDetails"]
    assert "AccessDenied" in cause["StateDetails"]
    assert objects(aws) == {}


def test_what_a_job_raises_is_in_the_cause(aws: LocalAws, application: str) -> None:
    found = ended(aws, started(aws, application, FAILS))

    assert "LookupError: the job's own words" in json.loads(found["cause"])["StateDetails"]


def test_the_python_of_an_archive_runs_the_job(aws: LocalAws, application: str) -> None:
    body = io.BytesIO()
    script = f'#!/bin/sh\nGIVEN=archive exec {sys.executable} "$@"\n'.encode()
    with tarfile.open(fileobj=body, mode="w:gz") as archive:
        entry = tarfile.TarInfo("bin/python")
        entry.size, entry.mode = len(script), 0o755
        archive.addfile(entry, io.BytesIO(script))
    aws.client("s3").put_object(Bucket="shop", Key="job/environment.tar.gz", Body=body.getvalue())
    given = (
        "--conf spark.archives=s3://shop/job/environment.tar.gz#environment"
        " --conf spark.emr-serverless.driverEnv.PYSPARK_PYTHON=./environment/bin/python"
    )

    found = ended(aws, started(aws, application, WRITES, "out/a", parameters=given))

    assert found["status"] == "SUCCEEDED", found
    assert objects(aws) == {"out/a": "archive"}


@pytest.mark.parametrize("by", ["stop", "timeout"])
def test_a_job_ends_with_the_task_that_awaits_it(aws: LocalAws, application: str, by: str) -> None:
    limit = {"TimeoutSeconds": 2} if by == "timeout" else {}
    execution = started(aws, application, WAITS, state=limit)
    if by == "stop":
        eventually(lambda: objects(aws).get("out/pid"), "the job's begin")
        aws.client("stepfunctions").stop_execution(executionArn=execution)

    assert ended(aws, execution)["status"] == ("ABORTED" if by == "stop" else "FAILED")
    eventually(lambda: the_run(aws, application)["state"] == "CANCELLED", "the cancelling")
    if pid := objects(aws).get("out/pid"):
        eventually(lambda: not alive(int(pid)), "the end of the job's process")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def test_without_spark_the_job_fails_with_the_remedy(
    aws: LocalAws, application: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_HOME", "/nowhere")

    found = ended(aws, started(aws, application, WRITES))

    assert "set SPARK_HOME to its folder" in json.loads(found["cause"])["StateDetails"]


def test_what_a_request_asks_for_is_not_dropped(aws: LocalAws, application: str) -> None:
    client = aws.client("emr-serverless")
    given = {
        "applicationId": application,
        "executionRoleArn": f"{ROLES}/job",
        "jobDriver": {"sparkSubmit": {"entryPoint": "s3://shop/job/job.py"}},
    }
    for more in (
        {"executionIamPolicy": {"policyArns": ["arn:aws:iam::aws:policy/A"]}},
        {"mode": "STREAMING"},
    ):
        with pytest.raises(ClientError, match="is not supported by localaws"):
            client.start_job_run(**given, **more)


def test_what_cannot_be_started_fails_with_the_services_error(aws: LocalAws, application: str) -> None:
    def error(**changed: Any) -> dict[str, Any]:
        return ended(aws, started(aws, application, WRITES, **changed))

    found = error(parameters="--master yarn")
    assert found["error"] == "EMRServerless.ValidationException"
    assert found["cause"] == "Option 'spark.master' is not supported"

    aws.client("iam").update_assume_role_policy(RoleName="job", PolicyDocument=trust("lambda"))
    found = error()
    assert found["error"] == "EMRServerless.ValidationException"
    assert "cannot be assumed by EMR Serverless" in found["cause"]

    aws.client("iam").update_assume_role_policy(RoleName="job", PolicyDocument=trust("emr-serverless"))
    aws.client("iam").delete_role_policy(RoleName="machine", PolicyName="p")
    found = error()
    assert found["error"] == "EMRServerless.AccessDeniedException"
    assert "not authorized to perform: emr-serverless:StartJobRun" in found["cause"]
