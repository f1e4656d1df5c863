"""Requests over plain HTTP, signed by botocore: what a client sends, byte by byte."""

import http.client
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localaws import LocalAws

__all__ = ["send", "send_signed", "signed_headers"]


def signed_headers(
    aws: LocalAws,
    method: str,
    target: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    *,
    service: str = "s3",
    keys: tuple[str, str] = ("test", "test"),
    host: str | None = None,
) -> dict[str, str]:
    """``headers`` with a signature of ``keys``; the request is for ``host``, or for the endpoint's."""
    host = host or urlsplit(aws.endpoint).netloc
    request = AWSRequest(method, f"http://{host}{target}", {**(headers or {}), "Host": host}, body)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials(*keys), service, aws.region).add_auth(request)
    return dict(request.headers.items())


def send(
    aws: LocalAws, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """The answer to a request as it is."""
    address = urlsplit(aws.endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    try:
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def send_signed(
    aws: LocalAws,
    method: str,
    target: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
    **how: Any,
) -> tuple[int, bytes]:
    """The answer to a request that is signed first."""
    return send(aws, method, target, body, signed_headers(aws, method, target, body, headers, **how))
