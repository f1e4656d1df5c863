"""The server: starts, stops, starts again, and fails as AWS fails."""

import os
import socket
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from localaws import AlreadyRunning, LocalAws, PortTaken
from tests.localaws.functions import invoke, make_function
from tests.localaws.signing import signed_headers


def test_one_after_another_in_a_process_and_nothing_is_left_of_the_first() -> None:
    with LocalAws() as first:
        first.client("s3").create_bucket(Bucket="remembered")
        first.client("sns").create_topic(Name="remembered")

    with LocalAws() as second:
        assert second.client("s3").list_buckets()["Buckets"] == []
        assert second.client("sns").list_topics()["Topics"] == []
        second.client("s3").create_bucket(Bucket="remembered")  # the global name is free again


def test_two_at_once_in_a_process_are_refused(aws: LocalAws) -> None:
    with pytest.raises(AlreadyRunning, match="stop it first"):
        LocalAws().start()

    assert aws.client("s3").list_buckets()["Buckets"] == []  # the first goes on


def test_a_taken_port_is_named_and_the_next_start_works() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} .* choose another"):
            LocalAws(port=port).start()

    with LocalAws(port=port) as aws:
        assert aws.endpoint == f"http://127.0.0.1:{port}"


def test_before_the_start_and_after_the_stop_nothing_can_be_asked() -> None:
    aws = LocalAws()
    with pytest.raises(RuntimeError, match="not running"):
        _ = aws.endpoint
    with aws:
        assert aws.endpoint.startswith("http://127.0.0.1:")

    with pytest.raises(RuntimeError, match="not running"):
        aws.client("s3")


def test_stopping_ends_every_worker_process() -> None:
    with LocalAws() as aws:
        make_function(aws, "pid", "import os\ndef handler(event, context): return os.getpid()")
        pid = invoke(aws, "pid").payload
        os.kill(pid, 0)  # it lives

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_stopping_removes_the_temporary_folder() -> None:
    with LocalAws() as aws:
        folder = aws.folder
        assert folder.is_dir()

    assert not folder.exists()


def test_an_operation_that_moto_lacks_answers_501_in_the_protocol_of_its_service(aws: LocalAws) -> None:
    for service, operation, arguments in (
        ("stepfunctions", "validate_state_machine_definition", {"definition": "{}"}),  # JSON
        ("sns", "list_origination_numbers", {}),  # query
        ("lambda", "list_code_signing_configs", {}),  # REST with JSON
    ):
        with pytest.raises(ClientError) as refused:
            getattr(aws.client(service), operation)(**arguments)

        assert refused.value.response["Error"]["Code"] == "NotImplemented"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_a_failure_within_moto_is_told_and_the_server_goes_on(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    with pytest.raises(ClientError) as failed:  # moto raises AssertionError for it
        s3.create_bucket(Bucket="bucket", ACL="unheard-of")

    assert failed.value.response["Error"]["Code"] == "InternalFailure"
    assert "Unknown canned acl: unheard-of" in failed.value.response["Error"]["Message"]
    assert s3.list_buckets()["Buckets"] is not None


def test_a_connection_serves_one_request_after_another(aws: LocalAws) -> None:
    host, port = aws.endpoint.removeprefix("http://").split(":")
    headers = "".join(f"{name}: {value}\r\n" for name, value in signed_headers(aws, "GET", "/").items())
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        for _ in range(3):
            connection.sendall(f"GET / HTTP/1.1\r\n{headers}\r\n".encode())
            answer = b""
            while b"ListAllMyBucketsResult>" not in answer:
                answer += connection.recv(65536)

            assert answer.startswith(b"HTTP/1.1 200")


def test_another_region_is_another_region(tmp_path: Path) -> None:
    with LocalAws(region="eu-central-1", state=tmp_path / "state") as aws:
        arn = make_function(
            aws, "f", "import os\ndef handler(event, context): return os.environ['AWS_REGION']"
        )

        assert ":eu-central-1:" in arn
        assert invoke(aws, "f").payload == "eu-central-1"


class Extra:
    """An extra backend as ``backends`` names it."""

    seen: LocalAws | None = None

    def __init__(self, aws: LocalAws) -> None:
        type(self).seen = aws


def test_an_extra_backend_is_called_with_the_running_local_aws() -> None:
    with LocalAws(backends=["tests.localaws.test_server:Extra"]) as aws:
        from tests.localaws import test_server

        assert test_server.Extra.seen is aws
