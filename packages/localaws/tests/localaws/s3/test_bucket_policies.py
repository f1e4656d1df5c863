"""Bucket policies, as they bind everybody: the administrator too, and who does not sign at all."""

import json

import pytest
import requests
from botocore.exceptions import ClientError

from localaws import LocalAws


def policy(**statement: object) -> str:
    always = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::bucket/*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**always, **statement}]})


def test_a_denial_of_plain_http_lets_requests_through(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_policy(Bucket="bucket", Policy=policy(Condition={"Bool": {"aws:SecureTransport": "false"}}))

    s3.put_object(Bucket="bucket", Key="k", Body=b"x")

    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"x"


def test_a_denial_without_condition_is_enforced(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_policy(Bucket="bucket", Policy=policy())

    with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
        s3.put_object(Bucket="bucket", Key="k", Body=b"x")


def test_the_owner_can_always_mend_the_policy(aws: LocalAws) -> None:
    """Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html"""
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_policy(
        Bucket="bucket", Policy=policy(Resource=["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"])
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_objects_v2(Bucket="bucket")

    s3.delete_bucket_policy(Bucket="bucket")

    assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 0


def test_a_denial_of_others_does_not_concern_the_administrator(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    other = {"AWS": "arn:aws:iam::123456789012:role/other"}
    s3.put_bucket_policy(Bucket="bucket", Policy=policy(Principal=other))

    s3.put_object(Bucket="bucket", Key="k", Body=b"x")


def test_uploads_must_be_encrypted_where_the_policy_says_so(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    wanted = {"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}}
    s3.put_bucket_policy(Bucket="bucket", Policy=policy(Action="s3:PutObject", Condition=wanted))

    s3.put_object(Bucket="bucket", Key="k", Body=b"x", ServerSideEncryption="AES256")
    with pytest.raises(ClientError, match="explicit deny"):
        s3.put_object(Bucket="bucket", Key="k", Body=b"x")


def test_what_a_policy_makes_public_is_read_without_a_signature(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    public = policy(Effect="Allow", Action="s3:GetObject", Resource="arn:aws:s3:::bucket/public/*")
    s3.put_bucket_policy(Bucket="bucket", Policy=public)
    for key in ("public/k", "private/k"):
        s3.put_object(Bucket="bucket", Key=key, Body=b"x")

    assert requests.get(f"{aws.endpoint}/bucket/public/k", timeout=60).content == b"x"
    assert requests.get(f"{aws.endpoint}/bucket/private/k", timeout=60).status_code == 403


def test_a_policy_with_a_condition_that_nobody_evaluates_is_refused(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="bucket")
    unknown = policy(Condition={"StringEquals": {"s3:DataAccessPointArn": "x"}})

    with pytest.raises(ClientError, match="condition key s3:DataAccessPointArn is not supported by localaws"):
        s3.put_bucket_policy(Bucket="bucket", Policy=unknown)
