"""What anybody may do without a signature: what a bucket's policy or an object's ACL makes public."""

import json
from typing import Any

import pytest

from localaws import LocalAws
from tests.localaws.gate.answers import ask


@pytest.fixture
def s3(aws: LocalAws) -> Any:
    client = aws.client("s3")
    client.create_bucket(Bucket="bucket")
    for key in ("site/index.html", "private"):
        client.put_object(Bucket="bucket", Key=key, Body=key.encode())
    return client


def statement(action: Any, resource: Any = "arn:aws:s3:::bucket/*", **changes: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource, **changes}


def allow(s3: Any, *statements: dict[str, Any]) -> None:
    s3.put_bucket_policy(
        Bucket="bucket", Policy=json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    )


def test_without_a_policy_nothing_is_public(aws: LocalAws, s3: Any) -> None:
    for method, target in (
        ("GET", "/bucket/private"),
        ("HEAD", "/bucket/private"),
        ("GET", "/bucket"),
        ("GET", "/bucket/missing"),
        ("GET", "/missing/missing"),
        ("PUT", "/bucket/new"),
        ("DELETE", "/bucket/private"),
        ("PUT", "/new"),
    ):
        assert ask(aws, method, target).status == 403

    assert b"<Code>AccessDenied</Code>" in ask(aws, "GET", "/bucket/private").body


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::1:root", "*"]}])
def test_a_policy_makes_objects_public_to_read_and_no_more(aws: LocalAws, s3: Any, principal: Any) -> None:
    allow(s3, statement("s3:GetObject", "arn:aws:s3:::bucket/site/*", Principal=principal))

    assert ask(aws, "GET", "/bucket/site/index.html").body == b"site/index.html"
    assert ask(aws, "HEAD", "/bucket/site/index.html").status == 200
    assert ask(aws, "GET", "/bucket/site/../private").status == 404  # a key like any other
    for method, target in (
        ("GET", "/bucket/private"),
        ("GET", "/bucket/site/index.html?acl"),
        ("GET", "/bucket/site/index.html?versionId=1"),
        ("GET", "/bucket?list-type=2"),
        ("GET", "/bucket?policy"),
        ("PUT", "/bucket/site/index.html"),
        ("DELETE", "/bucket/site/index.html"),
        ("POST", "/bucket?delete"),
    ):
        assert ask(aws, method, target).status == 403, target
    assert s3.get_object(Bucket="bucket", Key="site/index.html")["Body"].read() == b"site/index.html"


def test_a_policy_can_let_anybody_list_write_and_delete(aws: LocalAws, s3: Any) -> None:
    allow(s3, statement("s3:ListBucket", "arn:aws:s3:::bucket"), statement(["s3:Put*", "s3:DeleteObject"]))

    assert b"<Key>private</Key>" in ask(aws, "GET", "/bucket?list-type=2&prefix=pri").body
    assert ask(aws, "PUT", "/bucket/new", b"new").status == 200
    assert ask(aws, "DELETE", "/bucket/private").status == 204
    assert ask(aws, "PUT", "/bucket?policy", b"{}").status == 403
    assert ask(aws, "PUT", "/bucket/new?acl", b"").status == 403
    assert ask(aws, "PUT", "/bucket/copy", b"", {"x-amz-copy-source": "/bucket/new"}).status == 403
    assert ask(aws, "PUT", "/bucket/acl", b"", {"x-amz-acl": "public-read"}).status == 403
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="bucket")["Contents"]] == [
        "new",
        "site/index.html",
    ]


@pytest.mark.parametrize(
    "statements",
    [
        [statement("s3:GetObject", Principal={"AWS": "arn:aws:iam::123456789012:root"})],
        [statement("s3:GetObject", Condition={"IpAddress": {"aws:SourceIp": "127.0.0.1"}})],
        [statement("s3:GetObject"), statement("s3:*", Effect="Deny")],
        [
            statement("s3:GetObject"),
            statement("s3:*", Effect="Deny", Condition={"Null": {"aws:Referer": "true"}}),
        ],
        [statement("s3:GetObject"), {**statement("s3:*", Effect="Deny"), "Principal": {"AWS": "*"}}],
        [statement("s3:GetObject", "arn:aws:s3:::bucket/privat")],
        [statement("s3:GetObjec?Acl")],
    ],
)
def test_what_a_policy_does_not_clearly_open_to_anybody_stays_closed(
    aws: LocalAws, s3: Any, statements: list[dict[str, Any]]
) -> None:
    allow(s3, *statements)

    assert ask(aws, "GET", "/bucket/private").status == 403


def test_a_denial_of_plain_http_closes_nothing_here(aws: LocalAws, s3: Any) -> None:
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    allow(s3, statement("s3:GetObject"), statement("s3:*", Effect="Deny", Condition=insecure))

    assert ask(aws, "GET", "/bucket/private").status == 200


def test_public_access_blocks_hold(aws: LocalAws, s3: Any) -> None:
    allow(s3, statement("s3:GetObject", "arn:aws:s3:::bucket/site/*"))
    s3.put_object_acl(Bucket="bucket", Key="private", ACL="public-read")
    assert ask(aws, "GET", "/bucket/site/index.html").status == 200
    assert ask(aws, "GET", "/bucket/private").status == 200

    s3.put_public_access_block(
        Bucket="bucket",
        PublicAccessBlockConfiguration={"IgnorePublicAcls": True, "RestrictPublicBuckets": True},
    )

    assert ask(aws, "GET", "/bucket/site/index.html").status == 403
    assert ask(aws, "GET", "/bucket/private").status == 403


def test_an_object_with_a_public_acl_is_public_to_read(aws: LocalAws, s3: Any) -> None:
    s3.put_object(Bucket="bucket", Key="open", Body=b"open", ACL="public-read")

    assert ask(aws, "GET", "/bucket/open").body == b"open"
    assert ask(aws, "PUT", "/bucket/open", b"changed").status == 403
    assert ask(aws, "GET", "/bucket/private").status == 403


def test_an_address_typed_opens_what_is_public_and_presigned(aws: LocalAws, s3: Any) -> None:
    typed = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Accept": "text/html,*/*"}
    allow(s3, statement("s3:GetObject", "arn:aws:s3:::bucket/site/*"))
    presigned = s3.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "private"})

    public = ask(aws, "GET", "/bucket/site/index.html", headers=typed)

    assert public.status == 200
    assert ask(aws, "GET", presigned.removeprefix(aws.endpoint), headers=typed).status == 200
    assert ask(aws, "GET", "/bucket/private", headers=typed).status == 403
    # A page stored in a bucket must not act with the server's origin.
    assert public.headers["content-security-policy"] == "sandbox"
    assert public.headers["x-content-type-options"] == "nosniff"


def test_a_client_sees_nothing_of_that(aws: LocalAws, s3: Any) -> None:
    headers = s3.get_object(Bucket="bucket", Key="private")["ResponseMetadata"]["HTTPHeaders"]

    assert "content-security-policy" not in headers
