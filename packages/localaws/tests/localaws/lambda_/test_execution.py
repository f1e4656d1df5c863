"""Handlers really run, with either runtime client, and fail as Lambda says they fail."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from botocore.exceptions import ClientError

from localaws import LocalAws
from tests.localaws.functions import ROLE, archive, invoke, make_function
from tests.localaws.policies import trust
from tests.localaws.waiting import eventually


@pytest.fixture(params=["awslambdaric", "bootstrap"])
def aws(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    """Once with AWS's runtime client, once with localaws'."""
    if request.param == "awslambdaric":
        pytest.importorskip("awslambdaric")
    monkeypatch.setenv("LOCALAWS_RUNTIME_CLIENT", request.param)
    with LocalAws() as running:
        yield running


def test_a_handler_gets_the_event_and_its_result_comes_back(aws: LocalAws) -> None:
    make_function(aws, "echo", "def handler(event, context): return {'got': event}")

    answer = invoke(aws, "echo", {"a": [1, "ü", None]})

    assert answer.payload == {"got": {"a": [1, "ü", None]}}
    assert answer.error is None
    assert answer.raw["StatusCode"] == 200
    assert answer.raw["ExecutedVersion"] == "$LATEST"


def test_the_context_knows_the_function_and_the_time_that_is_left(aws: LocalAws) -> None:
    source = """
        def handler(event, context):
            return {
                "name": context.function_name,
                "arn": context.invoked_function_arn,
                "version": context.function_version,
                "memory": context.memory_limit_in_mb,
                "group": context.log_group_name,
                "request": context.aws_request_id,
                "left": context.get_remaining_time_in_millis(),
                "custom": context.client_context.custom,
            }
    """
    arn = make_function(aws, "about", source, Timeout=30, MemorySize=512)
    custom = base64.b64encode(json.dumps({"custom": {"who": "me"}}).encode()).decode()

    told = invoke(aws, "about", ClientContext=custom).payload

    assert told["name"] == "about"
    assert told["arn"] == arn
    assert told["version"] == "$LATEST"
    assert told["memory"] == "512"
    assert told["group"] == "/aws/lambda/about"
    assert len(told["request"]) == 36
    assert 25_000 < told["left"] <= 30_000
    assert told["custom"] == {"who": "me"}


def test_the_environment_is_lambdas_with_the_functions_own_on_top(aws: LocalAws) -> None:
    source = "import os\ndef handler(event, context): return dict(os.environ)"
    make_function(
        aws, "env", source, Environment={"Variables": {"MINE": "yes", "AWS_DEFAULT_REGION": "mine-too"}}
    )

    env = invoke(aws, "env").payload

    assert env["AWS_LAMBDA_FUNCTION_NAME"] == "env"
    assert env["AWS_REGION"] == "us-east-1"
    assert env["_HANDLER"] == "app.handler"
    assert os.path.isfile(os.path.join(env["LAMBDA_TASK_ROOT"], "app.py"))  # noqa: PTH118, PTH113
    assert env["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.12"
    assert env["AWS_ENDPOINT_URL"] == aws.endpoint
    assert env["AWS_ACCESS_KEY_ID"]
    assert env["MINE"] == "yes"
    assert env["AWS_DEFAULT_REGION"] == "mine-too"
    assert "PYTEST_CURRENT_TEST" not in env  # this process's environment does not leak


def test_handlers_call_aws_without_being_told_where_it_is(aws: LocalAws) -> None:
    aws.client("s3").create_bucket(Bucket="bucket")
    source = """
        import boto3
        def handler(event, context):
            boto3.client("s3").put_object(Bucket="bucket", Key="k", Body=b"from the handler")
    """
    make_function(aws, "writer", source)

    assert invoke(aws, "writer").error is None
    assert aws.objects.resolve("bucket", "k").path.read_bytes() == b"from the handler"


def test_an_exception_is_told_with_its_type_message_and_trace(aws: LocalAws) -> None:
    source = """
        class TooFew(Exception):
            pass
        def handler(event, context):
            raise TooFew("only 2")
    """
    make_function(aws, "fails", source)

    answer = invoke(aws, "fails")

    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "TooFew"
    assert answer.payload["errorMessage"] == "only 2"
    assert "raise TooFew" in answer.payload["stackTrace"][0]
    assert len(answer.payload["stackTrace"]) == 1  # the handler's own frame, none of the runtime's
    assert invoke(aws, "fails").payload["errorType"] == "TooFew"  # the worker lives on


def test_what_takes_too_long_is_killed_and_the_next_invocation_works(aws: LocalAws) -> None:
    source = """
        import time
        def handler(event, context):
            if event == "sleep":
                time.sleep(60)
            return "awake"
    """
    make_function(aws, "sleeper", source, Timeout=1)

    late = invoke(aws, "sleeper", "sleep")

    assert late.error == "Unhandled"
    assert late.payload["errorType"] == "Sandbox.Timedout"
    assert late.payload["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert invoke(aws, "sleeper", "hello").payload == "awake"


def test_a_process_that_ends_is_told_with_its_status(aws: LocalAws) -> None:
    make_function(aws, "quits", "import os\ndef handler(event, context): os._exit(7)")

    answer = invoke(aws, "quits")

    assert answer.payload["errorType"] == "Runtime.ExitError"
    assert "exit status 7" in answer.payload["errorMessage"]


def test_a_missing_package_says_who_would_have_installed_it(aws: LocalAws) -> None:
    make_function(aws, "lacks", "import no_such_package\ndef handler(event, context): pass")

    answer = invoke(aws, "lacks")

    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Runtime.ImportModuleError"
    assert (
        "Unable to import module 'app': No module named 'no_such_package'" in answer.payload["errorMessage"]
    )
    assert "sam build" in answer.payload["errorMessage"]


@pytest.mark.parametrize(
    ("handler", "source", "error"),
    [
        ("app.missing", "x = 1", "Runtime.HandlerNotFound"),
        ("app.handler", "def handler(:", "Runtime.UserCodeSyntaxError"),
        ("nodot", "x = 1", "Runtime.MalformedHandlerName"),
        ("app.handler", "1 / 0", "ZeroDivisionError"),
    ],
)
def test_a_handler_that_cannot_be_had_is_told_by_lambdas_name(
    aws: LocalAws, handler: str, source: str, error: str
) -> None:
    make_function(aws, "f", source, Handler=handler)

    answer = invoke(aws, "f")

    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == error


def test_a_result_that_is_not_json_is_an_error(aws: LocalAws) -> None:
    make_function(aws, "odd", "def handler(event, context): return {1, 2}")

    answer = invoke(aws, "odd")

    assert answer.error == "Unhandled"
    assert answer.payload["errorType"] == "Runtime.MarshalError"


def test_all_that_is_printed_before_the_answer_is_in_the_log(aws: LocalAws) -> None:
    source = """
        import logging, sys
        logging.getLogger().setLevel("INFO")
        def handler(event, context):
            print("printed")
            logging.info("logged %s", context.aws_request_id)
            sys.stderr.write("to stderr\\n")
            print("x" * 100_000)
            return context.aws_request_id
    """
    make_function(aws, "talks", source)

    answer = invoke(aws, "talks")
    log = aws.invoke("talks", b"{}").log

    group = "/aws/lambda/talks"
    lines = [event["message"] for event in aws.client("logs").filter_log_events(logGroupName=group)["events"]]
    request = answer.payload
    assert f"START RequestId: {request} Version: $LATEST" in lines
    assert "printed" in lines
    assert "to stderr" in lines
    assert any(line.startswith("[INFO]") and f"logged {request}" in line for line in lines)
    assert any(len(line) == 100_000 for line in lines)
    assert f"END RequestId: {request}" in lines
    assert any(line.startswith(f"REPORT RequestId: {request}\tDuration: ") for line in lines)
    assert log.startswith("START RequestId: ")
    assert log.index("printed") < log.index("END RequestId: ") < log.index("REPORT RequestId: ")


def test_log_type_tail_brings_the_last_4_kb(aws: LocalAws) -> None:
    make_function(aws, "talks", "def handler(event, context): print('hello')")

    tail = base64.b64decode(invoke(aws, "talks", LogType="Tail").raw["LogResult"]).decode()

    assert "hello" in tail
    assert "LogResult" not in invoke(aws, "talks").raw


def test_layers_are_on_the_path_behind_the_code(aws: LocalAws) -> None:
    client = aws.client("lambda")
    layer = client.publish_layer_version(
        LayerName="words", Content={"ZipFile": archive(**{"python/words": "HELLO = 'from the layer'"})}
    )["LayerVersionArn"]
    source = "import words\ndef handler(event, context): return words.HELLO"
    make_function(aws, "user", source, Layers=[layer])

    assert invoke(aws, "user").payload == "from the layer"


def test_the_project_of_this_environment_can_be_imported(aws: LocalAws) -> None:
    """pip install -e, as developers do."""
    make_function(aws, "f", "import localaws\ndef handler(event, context): return localaws.__name__")

    assert invoke(aws, "f").payload == "localaws"


def test_a_worker_outlives_its_invocation_and_a_change_replaces_it(aws: LocalAws) -> None:
    source = """
        import os
        calls = []
        def handler(event, context):
            calls.append(1)
            return [os.getpid(), len(calls)]
    """
    make_function(aws, "counts", source)
    first, again = invoke(aws, "counts").payload, invoke(aws, "counts").payload
    client = aws.client("lambda")

    client.update_function_configuration(FunctionName="counts", Environment={"Variables": {"A": "1"}})
    configured = invoke(aws, "counts").payload
    client.update_function_code(
        FunctionName="counts", ZipFile=archive(app="def handler(event, context): return 'new'")
    )

    assert again == [first[0], 2]
    assert configured[1] == 1
    assert configured[0] != first[0]
    eventually(lambda: not _lives(first[0]), "the end of the old worker")
    assert invoke(aws, "counts").payload == "new"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_missing_function_is_not_found(aws: LocalAws) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        invoke(aws, "missing")
    with pytest.raises(LookupError, match="no function 'missing'"):
        aws.invoke("missing", b"{}")


def test_another_runtime_than_python_is_refused_by_name(aws: LocalAws) -> None:
    aws.client("iam").create_role(RoleName="handler", AssumeRolePolicyDocument=trust("lambda"))
    aws.client("lambda").create_function(
        FunctionName="js", Role=ROLE, Runtime="nodejs22.x", Handler="a.b", Code={"ZipFile": archive(app="")}
    )

    with pytest.raises(ClientError, match=r"js has the runtime nodejs22\.x; localaws runs Python"):
        invoke(aws, "js")


def test_deploying_changed_sources_of_an_image_replaces_its_workers(aws: LocalAws, tmp_path: Path) -> None:
    template, app = tmp_path / "template.yaml", tmp_path / "app.py"
    template.write_text(
        dedent("""
            Transform: AWS::Serverless-2016-10-31
            Resources:
              Talks:
                Type: AWS::Serverless::Function
                Metadata: {DockerContext: .}
                Properties:
                  FunctionName: talks
                  PackageType: Image
                  ImageConfig: {Command: [app.handler]}
        """)
    )
    app.write_text("def handler(event, context): return 'before'")
    aws.deploy(template, "stack")
    before = invoke(aws, "talks").payload

    app.write_text("def handler(event, context): return 'after, and longer'")
    aws.deploy(template, "stack")

    assert (before, invoke(aws, "talks").payload) == ("before", "after, and longer")
