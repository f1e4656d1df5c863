"""Requests that an attacker sends, from attacks.json, and what they are after."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import S3SigV4QueryAuth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localaws import LocalAws
from localaws.aws_session import INTERNAL
from tests.localaws.signing import signed_headers

__all__ = ["CASES", "SECRET", "exchange", "furnish", "state"]

CASES = json.loads(Path(__file__).with_name("attacks.json").read_text())
SECRET = b"nobody reads this"


def furnish(aws: LocalAws) -> None:
    """Something of everything that attacks are after."""
    s3 = aws.client("s3")
    for bucket, origin, methods in (
        ("private", None, []),
        ("empty", None, []),
        ("shared", "https://friend.example", ["GET"]),
        ("wide", "*", ["GET", "PUT"]),
    ):
        s3.create_bucket(Bucket=bucket)
        if bucket != "empty":
            s3.put_object(Bucket=bucket, Key="plan", Body=SECRET)
        if origin:
            rule = {
                "AllowedOrigins": [origin],
                "AllowedMethods": methods,
                "AllowedHeaders": ["authorization"],
            }
            s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    aws.client("sqs").create_queue(QueueName="kept")


def state(aws: LocalAws) -> dict[str, Any]:
    """What attacks could have changed."""
    s3 = aws.client("s3")
    found: dict[str, Any] = {}
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        found[name] = [
            (key["Key"], key["ETag"]) for key in s3.list_objects_v2(Bucket=name).get("Contents", [])
        ]
        try:
            found[f"{name}'s policy"] = s3.get_bucket_policy(Bucket=name)["Policy"]
        except s3.exceptions.ClientError:
            found[f"{name}'s policy"] = None
    found["queues"] = aws.client("sqs").list_queues().get("QueueUrls", [])
    found["users"] = [user["UserName"] for user in aws.client("iam").list_users()["Users"]]
    found["stacks"] = [
        (one["StackName"], one["StackStatus"])
        for one in aws.client("cloudformation").describe_stacks()["Stacks"]
    ]
    found["parameters"] = [one["Name"] for one in aws.client("ssm").describe_parameters()["Parameters"]]
    return found


def exchange(aws: LocalAws, case: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Send the case's request byte by byte, and read the answer: status, headers, body."""
    address = urlsplit(aws.endpoint)

    def filled(text: str) -> str:
        return text.replace("{port}", str(address.port))

    base = {
        **CASES["requests"][case["request"]],
        **{k: case[k] for k in ("method", "target", "body") if k in case},
    }
    method, target, body = base["method"], base["target"], base.get("body", "").encode()
    service, host = base.get("service", "s3"), filled(case.get("host", address.netloc))
    if case.get("presigned"):
        target, headers = presigned(aws, case, method, target, service), {"Host": host}
    else:
        headers = signed_headers(aws, method, target, body, base.get("headers"), service=service, host=host)
    headers = {**headers, "Connection": "close", **{k: filled(v) for k, v in case.get("set", {}).items()}}
    if body or method in {"PUT", "POST"}:
        headers.setdefault("Content-Length", str(len(body)))
    pairs = [(name, value) for name, value in headers.items() if name not in case.get("drop", ())]
    pairs += [(name, filled(value)) for name, value in case.get("add", ())]
    lines = [f"{method} {filled(case.get('raw_target', target))} HTTP/1.1"]
    for name, value in pairs:
        lines += ["no colon"] if name == case.get("junk_before") else []
        lines.append(f"{name}: {value}")
    with socket.create_connection((str(address.hostname), address.port), timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        response = http.client.HTTPResponse(connection, method=method)
        response.begin()
        return response.status, dict(response.getheaders()), response.read()


def presigned(aws: LocalAws, case: dict[str, Any], method: str, target: str, service: str) -> str:
    keys = {
        "known": INTERNAL,
        "known key, wrong secret": (INTERNAL.access_key, "wrong"),
    }.get(case.get("keys", ""), ("test", "test"))
    signer = S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth
    request = AWSRequest(
        case.get("presigned_method", method), aws.endpoint + case.get("presigned_for", target)
    )
    signer(Credentials(*keys), service, aws.region, expires=600).add_auth(request)
    url = urlsplit(request.url)
    query = url.query.replace("X-Amz-Date=20", "X-Amz-Date=19") if case.get("expired") else url.query
    return f"{target.partition('?')[0]}?{query}"
