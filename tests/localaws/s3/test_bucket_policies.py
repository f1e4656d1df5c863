"""Bucket policies: what depends on a condition does not close the bucket."""

import json

import pytest
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
