"""A bucket whose objects lie in another store, which is here a localaws in a process of its own."""

import io
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from localaws import LocalAws, RemoteBucket
from tests.localaws.athena.lake import Lake
from tests.localaws.iam.test_roles import Caller, statement
from tests.localaws.policies import TO_ALL
from tests.localaws.waiting import eventually

BUCKET = "bucket"
ODD = "a b+c/é(1)=&?~'.txt"


@contextmanager
def another_store() -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Its address and its process."""
    command = [sys.executable, "-m", "localaws.cli", "up", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[1]
            while not process.stdout.readline().startswith("ready"):
                pass
            yield address, process
        finally:
            process.send_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    with another_store() as (address, _):
        yield address


def client(endpoint: str, **settings: Any) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, **settings),
    )


@pytest.fixture
def there(store: str) -> Iterator[Any]:
    """A client of the store itself, with the bucket, empty, and its versions."""
    s3 = client(store)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    yield s3
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET)
    for page in list(pages):
        for row in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            s3.delete_object(Bucket=BUCKET, Key=row["Key"], VersionId=row["VersionId"])
    s3.delete_bucket(Bucket=BUCKET)
    s3.close()


@pytest.fixture
def aws(store: str, there: Any) -> Iterator[LocalAws]:
    remote = RemoteBucket(BUCKET, store, Credentials("key", "secret"), cache_bytes=1 << 20)
    with LocalAws(remote_buckets=[remote]) as running:
        running.client("s3").create_bucket(Bucket=BUCKET)
        yield running


def body(s3: Any, key: str, **more: str) -> bytes:
    return bytes(s3.get_object(Bucket=BUCKET, Key=key, **more)["Body"].read())


def keys(s3: Any) -> list[str]:
    return [row["Key"] for row in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def test_objects_go_to_the_store_and_come_from_it_as_they_are(aws: LocalAws, there: Any) -> None:
    here = aws.client("s3")
    first = here.put_object(
        Bucket=BUCKET, Key=ODD, Body=b"hello", Metadata={"my_key": "v", "other": "w"}, ContentType="text/x"
    )
    found = there.get_object(Bucket=BUCKET, Key=ODD)
    assert (found["Body"].read(), found["Metadata"]) == (b"hello", {"my_key": "v", "other": "w"})
    assert (found["ContentType"], found["VersionId"]) == ("text/x", first["VersionId"])

    there.put_object(Bucket=BUCKET, Key=ODD, Body=b"newer")
    assert body(here, ODD) == b"newer"
    assert body(here, ODD, VersionId=first["VersionId"], Range="bytes=1-2") == b"el"
    assert [row["Size"] for row in here.list_object_versions(Bucket=BUCKET)["Versions"]] == [5, 5]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        body(here, ODD, IfMatch=first["ETag"])
    url = here.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": ODD})
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - a loopback address
        assert answer.read() == b"newer"


def test_large_uploads_copies_and_deletions_too(aws: LocalAws, there: Any) -> None:
    here, large = aws.client("s3"), bytes(range(256)) * 50_000
    parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    here.upload_fileobj(io.BytesIO(large), BUCKET, "large", Config=parts)
    here.copy_object(Bucket=BUCKET, Key="copy", CopySource={"Bucket": BUCKET, "Key": "large"})
    assert body(there, "copy") == body(here, "large") == large

    client(aws.endpoint, request_checksum_calculation="when_supported").put_object(
        Bucket=BUCKET, Key="checked", Body=b"abc" * 1000, ChecksumAlgorithm="SHA256"
    )
    assert keys(there) == keys(here) == ["checked", "copy", "large"]
    gone = [{"Key": "copy"}, {"Key": "large"}]
    here.delete_objects(Bucket=BUCKET, Delete={"Objects": gone})
    here.delete_object(Bucket=BUCKET, Key="checked")
    assert keys(there) == []
    assert "x" not in here.get_bucket_versioning(Bucket=BUCKET)["Status"]


def test_a_streamed_body_of_chunks_arrives_without_them(aws: LocalAws, there: Any) -> None:
    """As SDKs of other languages send it over plain HTTP."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    url = f"{aws.endpoint}/{BUCKET}/chunks"
    framed = b"5;chunk-signature=0\r\nhello\r\n6;chunk-signature=0\r\n world\r\n0;chunk-signature=0\r\n\r\n"
    headers = {
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": "11",
        "Content-Encoding": "aws-chunked",
    }
    request = AWSRequest("PUT", url, headers=headers, data=framed)
    SigV4Auth(Credentials("key", "secret"), "s3", "us-east-1").add_auth(request)
    sent = urllib.request.Request(url, framed, dict(request.headers.items()), method="PUT")  # noqa: S310 - as above
    with urllib.request.urlopen(sent) as answer:  # noqa: S310 - as above
        assert answer.status == 200

    assert body(there, "chunks") == b"hello world"


def test_what_is_no_matter_of_objects_stays_here(aws: LocalAws, there: Any) -> None:
    here = aws.client("s3")
    rules = {"Rules": [{"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]}
    here.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration=rules)

    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        there.get_bucket_lifecycle_configuration(Bucket=BUCKET)
    with pytest.raises(ClientError, match="delete it there"):
        client(aws.endpoint).delete_bucket(Bucket=BUCKET)
    here.create_bucket(Bucket="other")
    here.put_object(Bucket="other", Key="a", Body=b"1")
    assert keys(there) == []
    with pytest.raises(ClientError, match="download and upload it"):
        here.copy_object(Bucket=BUCKET, Key="a", CopySource={"Bucket": "other", "Key": "a"})


def test_queries_read_what_lies_in_the_store_now(aws: LocalAws, there: Any) -> None:
    there.put_object(Bucket=BUCKET, Key="table/a.csv", Body=b"1\n2\n")
    lake = Lake(aws)
    lake.ask(f"CREATE EXTERNAL TABLE numbers (n int) LOCATION 's3://{BUCKET}/table/'")
    assert lake.rows("SELECT sum(n) FROM numbers") == [["3"]]

    there.put_object(Bucket=BUCKET, Key="table/a.csv", Body=b"5\n")
    there.put_object(Bucket=BUCKET, Key="table/b.csv", Body=b"6\n")
    assert lake.rows("SELECT sum(n) FROM numbers") == [["11"]]
    there.delete_object(Bucket=BUCKET, Key="table/a.csv")
    assert lake.rows("SELECT sum(n) FROM numbers") == [["6"]]

    stored = aws.objects.put(BUCKET, "table/c.csv", b"7\n")
    assert stored.path.read_bytes() == body(there, "table/c.csv")
    assert lake.rows("SELECT sum(n) FROM numbers") == [["13"]]


def test_uploads_by_way_of_the_endpoint_send_their_events(aws: LocalAws) -> None:
    s3, sqs = aws.client("s3"), aws.client("sqs")
    queue = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": TO_ALL})
    enabled = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=enabled)  # as a template does
    wanted = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": [wanted]}
    )
    version = s3.put_object(Bucket=BUCKET, Key="train/a b.csv", Body=b"123")["VersionId"]

    def received() -> str | None:
        messages = sqs.receive_message(QueueUrl=queue).get("Messages", [])
        return next((m["Body"] for m in messages if "train/a+b.csv" in m["Body"]), None)

    told = eventually(received, "the event")
    assert version in told
    assert '"size": 3' in told


def test_roles_may_do_there_what_their_policies_say(aws: LocalAws, there: Any) -> None:
    arn = f"arn:aws:s3:::{BUCKET}"
    call = Caller(aws, statement("s3:GetObject", "s3:DeleteObject", on=f"{arn}/mine/*"))
    for key in ("mine/a", "other/a"):
        there.put_object(Bucket=BUCKET, Key=key, Body=b"1")

    assert call("s3", "get_object", Bucket=BUCKET, Key="mine/a")["answer"]["Body"] == "1"
    denied = {
        "another key": call("s3", "get_object", Bucket=BUCKET, Key="other/a"),
        "writing": call("s3", "put_object", Bucket=BUCKET, Key="mine/a", Body="2"),
        "listing": call("s3", "list_objects_v2", Bucket=BUCKET),
        # 404 is for those who may list
        "what is not there": call("s3", "get_object", Bucket=BUCKET, Key="mine/none"),
        "a version": call("s3", "get_object", Bucket=BUCKET, Key="mine/a", VersionId="x"),
        "one of two": call(
            "s3",
            "delete_objects",
            Bucket=BUCKET,
            Delete={"Objects": [{"Key": "mine/a"}, {"Key": "other/a"}]},
        ),
    }
    assert {what: answer["code"] for what, answer in denied.items()} == dict.fromkeys(denied, "AccessDenied")
    assert body(there, "mine/a") == body(there, "other/a") == b"1"


def test_a_key_leads_out_of_the_bucket_no_more_than_elsewhere(aws: LocalAws, there: Any) -> None:
    there.create_bucket(Bucket="private")
    there.put_object(Bucket="private", Key="a", Body=b"1")

    for key in ("../private/a", "x/../../private/a", "./a"):
        with pytest.raises(ClientError, match=r"InvalidURI|SignatureDoesNotMatch|NoSuchKey"):
            body(aws.client("s3"), key)


def test_without_a_signature_nothing_is_passed_on(aws: LocalAws, there: Any) -> None:
    there.put_object(Bucket=BUCKET, Key="a", Body=b"1")

    for method in ("GET", "PUT", "DELETE"):
        request = urllib.request.Request(f"{aws.endpoint}/{BUCKET}/a", method=method)  # noqa: S310 - as above
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(request)  # noqa: S310 - as above
    assert body(there, "a") == b"1"


def test_a_store_that_is_away_is_said_and_not_tried_for_ever() -> None:
    with another_store() as (address, _):
        pass  # and it is gone
    remote = RemoteBucket(BUCKET, address, Credentials("key", "secret"))
    with (
        LocalAws(remote_buckets=[remote]) as aws,
        pytest.raises(ClientError, match=f"ServiceUnavailable.*the store at {address} does not answer"),
    ):
        aws.client("s3").put_object(Bucket=BUCKET, Key="a", Body=b"1")


@pytest.mark.parametrize(
    "url", ["store:9000", "ftp://store", "http://", "http://store/path", "http://k:s@store"]
)
def test_what_is_no_address_of_a_store_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        RemoteBucket(BUCKET, url, Credentials("key", "secret"))


def test_keys_of_the_store_are_in_no_description() -> None:
    described = repr(RemoteBucket(BUCKET, "http://store:9000", Credentials("key", "secret")))

    assert "secret" not in described


def test_a_path_of_a_handler_is_answered_by_it_and_no_bucket() -> None:
    def hook(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        text = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", str(len(text)))])
        return [text]

    with LocalAws(handlers={"/_mine/hook": hook}) as aws:
        sent = urllib.request.Request(f"{aws.endpoint}/_mine/hook", b"hello")  # noqa: S310 - as above
        with urllib.request.urlopen(sent) as answer:  # noqa: S310 - as above
            assert answer.read() == b"hello"
        from_a_page = urllib.request.Request(  # noqa: S310 - as above
            f"{aws.endpoint}/_mine/hook", b"hello", {"Origin": "http://elsewhere.example"}
        )
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(from_a_page)  # noqa: S310 - as above
    with pytest.raises(ValueError, match="begin the path of a handler with /_"):
        LocalAws(handlers={"/mine": hook})
