"""With auth, only what is signed by a key that exists is served, and every client's way to sign is right."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localaws import LocalAws
from tests.localaws.functions import invoke, make_function
from tests.localaws.signing import send, send_signed, signed_headers


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(auth=True) as running:
        running.client("s3").create_bucket(Bucket="bucket")
        running.client("s3").create_bucket(Bucket="a.bucket")
        yield running


def keys_of(aws: LocalAws) -> tuple[str, str]:
    assert aws.credentials is not None
    return aws.credentials.access_key, aws.credentials.secret


def client(aws: LocalAws, service: str, keys: tuple[str, str] | None = None, **config: Any) -> Any:
    access_key, secret = keys or keys_of(aws)
    return boto3.client(
        service,
        endpoint_url=aws.endpoint,
        region_name=aws.region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret,
        config=Config(proxies={}, retries={"total_max_attempts": 1}, **config),
    )


AWKWARD = [
    "k",
    "with space",
    "a+b",
    "é/ü",
    "tilde~",
    "per%25cent",
    "a=b&c?d#e",
    "//slashes//",
    "a/../b",
    "(paren)*'!",
]


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("key", AWKWARD)
def test_objects_of_any_name_are_reached_with_both_signatures(aws: LocalAws, version: str, key: str) -> None:
    s3 = client(aws, "s3", signature_version=version)

    s3.put_object(
        Bucket="bucket", Key=key, Body=b"x" * 100, Metadata={"note": "two  spaces", "under_score": "1"}
    )

    assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == b"x" * 100
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="bucket", Prefix=key)["Contents"]] == [key]
    s3.delete_object(Bucket="bucket", Key=key)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("key", AWKWARD)
def test_presigned_urls_of_both_versions_are_right(aws: LocalAws, version: str, key: str) -> None:
    s3 = client(aws, "s3", signature_version=version)
    where = {"Bucket": "bucket", "Key": key}

    put = urlsplit(s3.generate_presigned_url("put_object", where))
    get = urlsplit(s3.generate_presigned_url("get_object", {**where, "ResponseContentType": "text/plain"}))

    assert send(aws, "PUT", f"{put.path}?{put.query}", b"body")[0] == 200
    assert send(aws, "GET", f"{get.path}?{get.query}") == (200, b"body")
    assert send(aws, "GET", f"{get.path}x?{get.query}")[0] == 403


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("bucket", ["bucket", "a.bucket"])
@pytest.mark.parametrize("domain", ["localhost", "s3.localhost"])
def test_a_bucket_in_the_host_is_the_bucket(aws: LocalAws, version: str, bucket: str, domain: str) -> None:
    """Sent to the address, as a client does whose resolver knows *.localhost."""
    port = urlsplit(aws.endpoint).port
    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://{domain}:{port}",
        region_name=aws.region,
        aws_access_key_id=keys_of(aws)[0],
        aws_secret_access_key=keys_of(aws)[1],
        config=Config(signature_version=version, s3={"addressing_style": "virtual"}),
    )

    for operation, body in (("put_object", f"of {bucket}".encode()), ("get_object", b"")):
        url = urlsplit(s3.generate_presigned_url(operation, {"Bucket": bucket, "Key": "a/b c"}))
        assert url.netloc == f"{bucket}.{domain}:{port}"
        method = "PUT" if body else "GET"
        status, answer = send(aws, method, f"{url.path}?{url.query}", body, {"Host": url.netloc})
        assert status == 200, answer

    assert answer == f"of {bucket}".encode()
    assert aws.objects.resolve(bucket, "a/b c") is not None


CALLS: list[tuple[str, Callable[[Any], Any]]] = [
    ("s3", lambda s3: s3.list_buckets()),
    ("s3", lambda s3: s3.put_object(Bucket="bucket", Key="k", Body=b"x")),
    ("sns", lambda sns: sns.list_topics()),  # query
    ("iam", lambda iam: iam.list_users()),
    ("sqs", lambda sqs: sqs.list_queues()),  # JSON
    ("stepfunctions", lambda states: states.list_state_machines()),
    ("lambda", lambda functions: functions.list_functions()),  # REST with JSON
    ("athena", lambda athena: athena.list_work_groups()),
]


@pytest.mark.parametrize(
    ("service", "call"), CALLS, ids=lambda given: given if isinstance(given, str) else ""
)
def test_every_protocol_takes_the_right_secret_and_says_what_is_wrong(
    aws: LocalAws, service: str, call: Callable[[Any], Any]
) -> None:
    call(client(aws, service))

    for keys, codes in (
        (("test", "test"), {"InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"}),
        ((keys_of(aws)[0], "wrong"), {"SignatureDoesNotMatch", "InvalidSignatureException"}),
    ):
        with pytest.raises(ClientError) as refused:
            call(client(aws, service, keys))
        assert refused.value.response["Error"]["Code"] in codes
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in {400, 403}


def test_a_users_key_is_good_while_it_is_active(aws: LocalAws) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    theirs = client(aws, "sqs", (key["AccessKeyId"], key["SecretAccessKey"]))
    theirs.list_queues()

    iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        theirs.list_queues()
    iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Active")
    theirs.list_queues()
    iam.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        theirs.list_queues()


def test_a_deployed_function_signs_its_calls_with_keys_that_exist(aws: LocalAws) -> None:
    make_function(
        aws,
        "calls",
        """
        import boto3
        def handler(event, context):
            return sorted(bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"])
        """,
    )

    answer = invoke(aws, "calls")

    assert answer.payload == ["a.bucket", "bucket"], answer.payload


def altered(aws: LocalAws, **changes: Any) -> tuple[int, bytes]:
    """A signed PutObject that is changed on its way."""
    method, target, body = "PUT", "/bucket/altered", b"as signed"
    headers = signed_headers(
        aws, method, target, body, {"x-amz-meta-a": "1", "Content-Type": "text/plain"}, keys=keys_of(aws)
    )
    headers |= changes.get("headers", {})
    return send(
        aws, changes.get("method", method), changes.get("target", target), changes.get("body", body), headers
    )


def test_what_is_signed_cannot_be_changed_on_its_way(aws: LocalAws) -> None:
    assert altered(aws)[0] == 200
    aws.client("s3").delete_object(Bucket="bucket", Key="altered")
    port = urlsplit(aws.endpoint).port
    for changes, code in (
        ({"body": b"not so..."}, b"XAmzContentSHA256Mismatch"),
        ({"body": b"as signed, and more"}, b"XAmzContentSHA256Mismatch"),
        ({"body": b""}, b"XAmzContentSHA256Mismatch"),
        (
            {"body": b"not so...", "headers": {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}},
            b"SignatureDoesNotMatch",
        ),
        ({"target": "/bucket/other"}, b"SignatureDoesNotMatch"),
        ({"target": "/bucket/altered?acl"}, b"SignatureDoesNotMatch"),
        ({"method": "DELETE"}, b"SignatureDoesNotMatch"),
        ({"headers": {"x-amz-meta-a": "2"}}, b"SignatureDoesNotMatch"),
        ({"headers": {"x-amz-acl": "public-read"}}, b"There were headers present"),
        ({"headers": {"x-amz-copy-source": "/a.bucket/k"}}, b"There were headers present"),
        ({"headers": {"Host": f"localhost:{port}"}}, b"SignatureDoesNotMatch"),
    ):
        status, answer = altered(aws, **changes)

        assert status in {400, 403}, changes
        assert code in answer
        assert aws.objects.resolve("bucket", "altered") is None
        assert aws.objects.resolve("bucket", "other") is None


def test_the_body_of_an_action_is_the_signed_one(aws: LocalAws) -> None:
    body = b"Action=CreateTopic&Name=signed&Version=2010-03-31"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    headers = signed_headers(aws, "POST", "/", body, form, service="sns", keys=keys_of(aws))

    status, answer = send(aws, "POST", "/", body.replace(b"signed", b"forged"), headers)

    assert status == 403
    assert b"<Code>SignatureDoesNotMatch</Code>" in answer
    assert aws.client("sns").list_topics()["Topics"] == []
    assert send(aws, "POST", "/", body, headers)[0] == 200


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_clock_that_is_far_off_is_told(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    import botocore.auth

    moment = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda **_: moment.replace(tzinfo=None))

    for service, target, code in (
        ("s3", "/bucket", b"RequestTimeTooSkewed"),
        ("sns", "/", b"RequestExpired"),
    ):
        body = b"" if service == "s3" else b"Action=ListTopics&Version=2010-03-31"
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        status, answer = send_signed(
            aws, "POST" if body else "GET", target, body, form, service=service, keys=keys_of(aws)
        )
        assert status == 403
        assert b"<Code>%b</Code>" % code in answer


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url_ends(aws: LocalAws, version: str) -> None:
    s3 = client(aws, "s3", signature_version=version)
    s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    url = urlsplit(s3.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "k"}, ExpiresIn=1))
    time.sleep(2.1)  # its whole life, and the rounding of seconds

    status, answer = send(aws, "GET", f"{url.path}?{url.query}")

    assert status == 403
    assert b"Request has expired" in answer


def test_a_streamed_body_needs_a_right_first_signature(aws: LocalAws) -> None:
    """Java's SDK signs the chunks of a body as well: the first signature covers the headers."""
    framed = b"5;chunk-signature=" + b"0" * 64 + b"\r\nhello\r\n0;chunk-signature=" + b"0" * 64 + b"\r\n\r\n"
    streaming = {
        "Content-Encoding": "aws-chunked",
        "x-amz-decoded-content-length": "5",
        "X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    }

    for keys, expected in ((keys_of(aws), 200), ((keys_of(aws)[0], "wrong"), 403)):
        assert send_signed(aws, "PUT", "/bucket/streamed", framed, streaming, keys=keys)[0] == expected

    assert aws.client("s3").get_object(Bucket="bucket", Key="streamed")["Body"].read() == b"hello"


def test_a_signed_query_is_signed_whatever_order_and_spelling_it_has(aws: LocalAws) -> None:
    """curl --aws-sigv4 and SDKs of other languages send it as it comes."""
    aws.client("s3").put_object(Bucket="bucket", Key="p q", Body=b"")
    signed = signed_headers(aws, "GET", "/bucket?list-type=2&prefix=p%20q", keys=keys_of(aws))

    for query in ("list-type=2&prefix=p%20q", "prefix=p%20q&list-type=2", "list-type=2&prefix=%70%20q"):
        status, answer = send(aws, "GET", f"/bucket?{query}", b"", signed)
        assert status == 200, query
        assert b"<Key>p q</Key>" in answer


def test_the_aws_tools_read_the_profile(aws: LocalAws) -> None:
    assert aws.credentials is not None
    code = "import boto3; print(sorted(b['Name'] for b in boto3.client('s3').list_buckets()['Buckets']))"
    settings = dict(pair.split("=") for pair in aws.credentials.environment.split())

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            **settings,
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "['a.bucket', 'bucket']\n", done.stderr
