"""Uploads by a form that generate_presigned_post signed."""

import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from localaws import LocalAws
from tests.localaws.gate.answers import Answer, ask


@pytest.fixture(scope="module", params=["s3", "s3v4"])
def signed(request: pytest.FixtureRequest) -> Iterator[tuple[LocalAws, Any]]:
    """A server, and a client of a key that it knows."""
    with LocalAws(auth=True) as aws:
        assert aws.credentials is not None
        s3 = boto3.client(
            "s3",
            endpoint_url=aws.endpoint,
            region_name=aws.region,
            aws_access_key_id=aws.credentials.access_key,
            aws_secret_access_key=aws.credentials.secret,
            config=Config(signature_version=request.param),
        )
        s3.create_bucket(Bucket="bucket")
        yield aws, s3


def upload(
    aws: LocalAws, fields: dict[str, str], content: bytes = b"content", bucket: str = "bucket"
) -> Answer:
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    body = "".join(parts).encode() + head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return ask(aws, "POST", f"/{bucket}", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})


def test_a_signed_form_uploads(signed: tuple[LocalAws, Any]) -> None:
    aws, s3 = signed
    form = s3.generate_presigned_post(
        "bucket",
        "in/${filename}",
        Fields={"acl": "private"},
        Conditions=[{"acl": "private"}, ["content-length-range", 1, 100]],
    )

    answer = upload(aws, form["fields"])

    assert answer.status == 204, answer.body
    assert s3.get_object(Bucket="bucket", Key="in/f")["Body"].read() == b"content"


@pytest.mark.parametrize(
    ("changes", "content", "code"),
    [
        ({"key": "other"}, b"x", b"AccessDenied"),
        ({"acl": "public-read"}, b"x", b"AccessDenied"),
        ({"x-amz-meta-more": "1"}, b"x", b"Extra input fields"),
        ({"policy": "e30="}, b"x", b"SignatureDoesNotMatch"),
        ({"policy": "none"}, b"x", b"SignatureDoesNotMatch"),
        ({}, b"x" * 101, b"EntityTooLarge"),
        ({}, b"", b"EntityTooSmall"),
    ],
)
def test_a_form_that_is_not_the_signed_one_is_refused(
    signed: tuple[LocalAws, Any], changes: dict[str, str], content: bytes, code: bytes
) -> None:
    aws, s3 = signed
    form = s3.generate_presigned_post("bucket", "k", Conditions=[["content-length-range", 1, 100]])

    answer = upload(aws, {**form["fields"], **changes}, content)

    assert answer.status in {400, 403}
    assert code in answer.body
    assert aws.objects.resolve("bucket", "k") is None
    assert aws.objects.resolve("bucket", "other") is None


def test_another_bucket_an_end_and_a_strange_key_are_refused(signed: tuple[LocalAws, Any]) -> None:
    aws, s3 = signed
    form = s3.generate_presigned_post("bucket", "k")["fields"]
    over = s3.generate_presigned_post("bucket", "k", ExpiresIn=-1)["fields"]
    s3.create_bucket(Bucket="second")
    name = next(name for name in form if name.lower() in {"awsaccesskeyid", "x-amz-credential"})
    strange = {**form, name: form[name].replace(aws.credentials.access_key, "unknown")}  # type: ignore[union-attr]

    assert b"Policy Condition failed" in upload(aws, form, bucket="second").body
    assert b"Policy expired" in upload(aws, over).body
    assert b"InvalidAccessKeyId" in upload(aws, strange).body
    assert b"AccessDenied" in upload(aws, {"key": "k"}).body
    assert aws.objects.resolve("bucket", "k") is None
    assert aws.objects.resolve("second", "k") is None
