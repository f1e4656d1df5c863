"""What is answered without moto's web application is what moto would answer."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws import LocalAws
from localaws.s3 import plain_get

OF_ONE_ANSWER = {"date", "x-amzn-requestid"}
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "empty": {"Body": b""},
    "large": {"Body": b"x" * 3_000_000},
    "described": {
        "ContentType": "text/csv",
        "CacheControl": "no-store",
        "ContentEncoding": "gzip",
        "ContentDisposition": "attachment",
        "ContentLanguage": "de",
        "Metadata": {"a_b": "c", "D": "E f"},
    },
    "tagged": {"Tagging": "a=b&c=d"},
    "another checksum": {"ChecksumAlgorithm": "SHA256"},
    "encrypted": {"ServerSideEncryption": "AES256"},
    "infrequent": {"StorageClass": "STANDARD_IA"},
    "redirecting": {"WebsiteRedirectLocation": "/elsewhere"},
}


def asked(s3: Any, **settings: Any) -> tuple[dict[str, str], bytes]:
    got = s3.get_object(Bucket="bucket", **settings)
    headers = got["ResponseMetadata"]["HTTPHeaders"]
    return {name: value for name, value in headers.items() if name not in OF_ONE_ANSWER}, got["Body"].read()


@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["k", "a/b c+é%2F~.txt"])
def test_the_answer_is_moto_s(
    aws: LocalAws, kind: str, key: str, versioned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    if versioned:
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(**{"Bucket": "bucket", "Key": key, "Body": b"body", **KINDS[kind]})

    answered = []
    find = plain_get.addressed

    def found(environ: Any) -> Any:
        answered.append(find(environ))
        return answered[-1]

    monkeypatch.setattr(plain_get, "addressed", found)

    plain = asked(s3, Key=key)
    assert answered[0][1] == key
    of_moto = asked(s3, Key=key, IfUnmodifiedSince=datetime(2999, 1, 1, tzinfo=UTC))

    assert len(answered) == 1
    assert plain == of_moto


def test_what_asks_for_more_is_moto_s(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="k", Body=b"0123456789")
    s3.put_object(Bucket="bucket", Key="cold", Body=b"x", StorageClass="GLACIER")

    assert asked(s3, Key="k", Range="bytes=2-4")[1] == b"234"
    assert asked(s3, Key="k", ResponseContentType="text/plain")[0]["content-type"] == "text/plain"
    for settings, code in (
        ({"Key": "missing"}, "NoSuchKey"),
        ({"Key": "k", "IfMatch": '"other"'}, "PreconditionFailed"),
        ({"Key": "cold"}, "InvalidObjectState"),
    ):
        with pytest.raises(ClientError, match=code):
            s3.get_object(Bucket="bucket", **settings)


def test_a_deleted_version_is_gone(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    s3.delete_object(Bucket="bucket", Key="k")

    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="bucket", Key="k")
