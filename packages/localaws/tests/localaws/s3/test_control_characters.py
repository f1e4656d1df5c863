"""Keys with control characters: stored, listed and deleted as they are."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws import LocalAws
from tests.localaws.signing import send_signed

KEYS = [
    "soh\x01",
    "tab\t",
    "line\nfeed",
    "end\n",
    "return\rhere",
    "escape\x1b[31m",
    "delete\x7f",
    "next\x85",
    "not\uffff",
    "plus+per%25cent",
]


@pytest.fixture
def s3(aws: LocalAws) -> Any:
    client = aws.client("s3")
    client.create_bucket(Bucket="bucket")
    return client


@pytest.mark.parametrize("key", KEYS)
def test_an_object_is_found_under_the_key_that_it_was_put_under(aws: LocalAws, s3: Any, key: str) -> None:
    s3.put_object(Bucket="bucket", Key=key, Body=key.encode())

    assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == key.encode()
    assert [found["Key"] for found in s3.list_objects_v2(Bucket="bucket")["Contents"]] == [key]
    assert [found["Key"] for found in s3.list_object_versions(Bucket="bucket")["Versions"]] == [key]
    s3.delete_object(Bucket="bucket", Key=key)
    assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 0


def test_every_field_of_a_list_is_encoded_where_the_list_says_so(s3: Any) -> None:
    """boto3 decodes them all: a prefix with a percent sign came back as another."""
    s3.put_object(Bucket="bucket", Key="a%41\x01/b", Body=b"")

    for operation in ("list_objects", "list_objects_v2", "list_object_versions"):
        listed = getattr(s3, operation)(Bucket="bucket", Prefix="a%41", Delimiter="/")

        if operation != "list_objects":  # whose Prefix boto3 leaves encoded
            assert listed["Prefix"] == "a%41"
        assert [one["Prefix"] for one in listed["CommonPrefixes"]] == ["a%41\x01/"]


def test_without_url_encoding_a_list_has_character_references_as_s3_writes_them(
    aws: LocalAws, s3: Any
) -> None:
    s3.put_object(Bucket="bucket", Key="a\x01b\rc", Body=b"")

    status, body = send_signed(aws, "GET", "/bucket?list-type=2")

    assert status == 200
    assert b"<Key>a&#x1;b&#xd;c</Key>" in body


def test_an_error_about_such_a_key_is_readable(aws: LocalAws, s3: Any) -> None:
    with pytest.raises(ClientError) as missing:
        s3.get_object(Bucket="bucket", Key="a\rb")

    assert missing.value.response["Error"]["Code"] == "NoSuchKey"
    assert missing.value.response["Error"]["Key"] == "a\rb"


def test_a_carriage_return_survives_a_multiple_delete(aws: LocalAws, s3: Any) -> None:
    """boto3 writes it as a reference; what XML cannot hold is MalformedXML, as on AWS."""
    s3.put_object(Bucket="bucket", Key="a\rb", Body=b"")
    s3.put_object(Bucket="bucket", Key="a\x01b", Body=b"")

    deleted = s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "a\rb"}]})["Deleted"]
    with pytest.raises(ClientError, match="MalformedXML"):
        s3.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "a\x01b"}]})

    assert [one["Key"] for one in deleted] == ["a\rb"]
    assert [found["Key"] for found in s3.list_objects_v2(Bucket="bucket")["Contents"]] == ["a\x01b"]
