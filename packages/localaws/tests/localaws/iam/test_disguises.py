"""A request is decided about as what it will be done as, however it is written."""

import json
from typing import Any

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localaws import LocalAws
from tests.localaws.policies import trust

ALLOWED = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::mine", "arn:aws:s3:::mine/*"]},
        {
            "Effect": "Allow",
            "Action": ["glue:GetDatabases", "sns:ListTopics", "sqs:ListQueues"],
            "Resource": "*",
        },
    ],
}


class Attacker:
    """Signs whatever it likes as a session of a role that may do little."""

    def __init__(self, aws: LocalAws) -> None:
        self._endpoint, self._region = aws.endpoint, aws.region
        role = aws.client("iam").create_role(RoleName="small", AssumeRolePolicyDocument=trust("lambda"))[
            "Role"
        ]
        aws.client("iam").put_role_policy(
            RoleName="small", PolicyName="p", PolicyDocument=json.dumps(ALLOWED)
        )
        keys = aws._parts.guard.keys.issue(role["Arn"], "f")  # type: ignore[union-attr]
        self._keys = Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token)

    def send(
        self, service: str, method: str, path: str, data: bytes = b"", headers: dict[str, str] | None = None
    ) -> requests.Response:
        headers = dict(headers or {})
        if "Host" in headers:
            headers["Host"] += ":" + self._endpoint.rpartition(":")[2]
        signed = AWSRequest(method, self._endpoint + path, headers=headers, data=data)
        SigV4Auth(self._keys, service, self._region).add_auth(signed)
        return requests.request(
            method, self._endpoint + path, headers=dict(signed.headers), data=data, timeout=60
        )

    def fetch(self, bucket: str) -> requests.Response:
        """An object by a URL that carries the signature."""
        s3 = boto3.client(
            "s3",
            endpoint_url=self._endpoint,
            region_name=self._region,
            aws_access_key_id=self._keys.access_key,
            aws_secret_access_key=self._keys.secret_key,
            aws_session_token=self._keys.token,
        )
        wanted = {"Bucket": bucket, "Key": "mine/a"}
        return requests.get(s3.generate_presigned_url("get_object", wanted), timeout=60)


@pytest.fixture
def attacker(aws: LocalAws) -> Attacker:
    for bucket in ("mine", "theirs"):
        aws.client("s3").create_bucket(Bucket=bucket)
        aws.client("s3").put_object(Bucket=bucket, Key="mine/a", Body=b"secret")
    aws.client("glue").create_database(DatabaseInput={"Name": "d"})
    return Attacker(aws)


JSON = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSGlue.GetDatabases"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DISGUISED: dict[str, tuple[Any, ...]] = {
    "another bucket in the host": (
        "s3", "GET", "/mine/a", b"", {"Host": "theirs.s3.us-west-2.amazonaws.com"},
    ),
    "another bucket in a local host": ("s3", "GET", "/mine/a", b"", {"Host": "theirs.localhost"}),
    "a path out of the bucket": ("s3", "GET", "//theirs/mine/a"),
    "an encoded slash": ("s3", "GET", "/theirs%2Fmine/a"),
    "a copy of somebody else's object": (
        "s3", "PUT", "/mine/b", b"", {"x-amz-copy-source": "%2Ftheirs%2Fmine%2Fa"},
    ),
    "fields of a form": ("s3", "POST", "/theirs/mine/a", b"uploads=", FORM),
    "the action in a header": ("glue", "POST", "/", b"{}", {**JSON, "Action": "DeleteDatabase"}),
    "the action in the body": ("glue", "POST", "/", b'{"Name": "d", "x": "&Action=DeleteDatabase&"}', JSON),
    "the action in the query": ("glue", "POST", "/?Action=DeleteDatabase", b'{"Name": "d"}', JSON),
    "one action in the query, one in the form": (
        "sns", "POST", "/?Action=ListTopics", b"Action=CreateTopic&Name=t", FORM,
    ),
    "a form in parts": (
        "sns", "POST", "/",
        b'--x\r\nContent-Disposition: form-data; name="Action"\r\n\r\nCreateTopic\r\n--x--',
        {"Content-Type": "multipart/form-data; boundary=x"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", DISGUISED)
def test_a_disguised_request_is_refused(aws: LocalAws, attacker: Attacker, how: str) -> None:
    answer = attacker.send(*DISGUISED[how])

    assert 400 <= answer.status_code < 500, answer.text
    assert b"secret" not in answer.content
    assert aws.client("sns").list_topics()["Topics"] == []
    assert [found["Name"] for found in aws.client("glue").get_databases()["DatabaseList"]] == ["d"]
    kept = aws.client("s3").list_objects_v2(Bucket="mine")["Contents"]
    assert [found["Key"] for found in kept] == ["mine/a"]


def test_the_same_requests_undisguised_are_answered(attacker: Attacker) -> None:
    """Or the refusals above would say nothing."""
    assert attacker.send("s3", "GET", "/mine/mine/a").content == b"secret"
    assert attacker.send("s3", "GET", "/mine/a", b"", {"Host": "mine.localhost"}).content == b"secret"
    assert attacker.send("glue", "POST", "/", b"{}", JSON).ok
    assert attacker.send("sns", "POST", "/", b"Action=ListTopics", FORM).ok


def test_a_presigned_url_may_what_its_signer_may(attacker: Attacker) -> None:
    assert attacker.fetch("mine").content == b"secret"

    assert attacker.fetch("theirs").status_code == 403
