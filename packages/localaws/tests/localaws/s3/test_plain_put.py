"""What is stored without moto's web application is what moto would store, and is announced as it would be."""

import json
from typing import Any

import pytest

from localaws import LocalAws
from localaws.s3 import plain_put
from tests.localaws.policies import TO_ALL
from tests.localaws.waiting import eventually

OF_ONE_REQUEST = {"date", "x-amzn-requestid", "last-modified", "x-amz-version-id", "content-type", "server"}
KINDS: dict[str, dict[str, Any]] = {
    "plain": {"Body": b"body"},
    "empty": {"Body": b""},
    "large": {"Body": b"x" * 3_000_000},
    "typed": {"Body": b"a,b", "ContentType": "text/csv"},
    "sha256": {"Body": b"body", "ChecksumAlgorithm": "SHA256"},
    "sha1": {"Body": b"body", "ChecksumAlgorithm": "SHA1"},
}


def stored(s3: Any, key: str, **settings: Any) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """The headers of the answer, those of the object, and its body."""
    put = s3.put_object(Bucket="bucket", Key=key, **settings)["ResponseMetadata"]["HTTPHeaders"]
    got = s3.get_object(Bucket="bucket", Key=key, ChecksumMode="ENABLED")
    headers = got["ResponseMetadata"]["HTTPHeaders"]
    kept = OF_ONE_REQUEST - {"content-type"}
    return (
        {name: value for name, value in put.items() if name not in OF_ONE_REQUEST},
        {name: value for name, value in headers.items() if name not in kept},
        got["Body"].read(),
    )


@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_object_is_moto_s(
    aws: LocalAws, kind: str, versioned: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    if versioned:
        s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    looked: list[Any] = []
    addressed = plain_put.addressed

    def noted(environ: Any) -> Any:
        looked.append(addressed(environ))
        return looked[-1]

    monkeypatch.setattr(plain_put, "addressed", noted)

    plain = stored(s3, "a b/ü", **KINDS[kind])
    assert len(looked) == 1
    of_moto = stored(s3, "a b/ü", StorageClass="STANDARD", **KINDS[kind])

    assert len(looked) == 1
    assert plain == of_moto
    assert s3.get_object_acl(Bucket="bucket", Key="a b/ü")["Grants"]
    tags = s3.get_object_tagging(Bucket="bucket", Key="a b/ü")["TagSet"]
    assert tags == []


def test_it_takes_the_place_and_the_tags_of_what_was_there(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="k", Body=b"old", Tagging="a=b")

    s3.put_object(Bucket="bucket", Key="k", Body=b"new")

    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"new"
    assert s3.get_object_tagging(Bucket="bucket", Key="k")["TagSet"] == []


def test_a_bucket_s_encryption_and_events_count(aws: LocalAws) -> None:
    s3, sqs = aws.client("s3"), aws.client("sqs")
    queue = sqs.create_queue(QueueName="q", Attributes={"Policy": TO_ALL})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    s3.create_bucket(Bucket="bucket")
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket="bucket", ServerSideEncryptionConfiguration={"Rules": [rule]})
    told = [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectTagging:*"]}]
    s3.put_bucket_notification_configuration(
        Bucket="bucket", NotificationConfiguration={"QueueConfigurations": told}
    )
    sqs.purge_queue(QueueUrl=queue)

    assert s3.put_object(Bucket="bucket", Key="k", Body=b"x")["ServerSideEncryption"] == "AES256"

    got = eventually(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"), "the event")
    (record,) = json.loads(got[0]["Body"])["Records"]
    assert (record["eventName"], record["s3"]["object"]["size"]) == ("ObjectCreated:Put", 1)
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
