"""Pass requests for the objects of a remote bucket on to its store, signed with the store's keys.

The caller's signature and permissions have been looked at before. Requests about the bucket itself (policy,
notifications, lifecycle...) are answered here: what a template asks for is of this machine, and changes
nothing in somebody's store.
"""

import logging
import os
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, unquote
from xml.sax.saxutils import escape

import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY
from urllib3.exceptions import HTTPError

from localaws.aws_session import INTERNAL
from localaws.gate.sigv4 import wire_target
from localaws.iam.guard import Guard
from localaws.s3.intake import aws_chunks, is_aws_chunked
from localaws.s3.plain_put import OPERATION
from localaws.s3.remote.bucket import RemoteBucket
from localaws.s3.remote.objects import Changed

__all__ = ["Forwarder"]

log = logging.getLogger(__name__)

Environ = dict[str, Any]

_BLOCK = 1 << 18
_ABOUT_OBJECTS = {"list-type", "versions", "uploads", "delete", "location"}  # of a bucket's ?names
_OF_THE_STORE = {*_ABOUT_OBJECTS, "versioning"}
_LISTING = {
    *("prefix", "delimiter", "marker", "max-keys", "encoding-type", "continuation-token", "start-after"),
    *("fetch-owner", "key-marker", "version-id-marker", "upload-id-marker", "max-uploads", "x-id"),
}
_OF_THIS_CONNECTION = {
    *("host", "authorization", "connection", "expect", "transfer-encoding", "te", "upgrade", "keep-alive"),
    *("x-amz-date", "date", "x-amz-security-token", "x-amz-content-sha256", "content-length"),
    *("amz-sdk-invocation-id", "amz-sdk-request", "user-agent", "origin", "referer", "cookie"),
}
_OF_CHUNKS = {"x-amz-trailer", "x-amz-decoded-content-length", "x-amz-sdk-checksum-algorithm"}
_OF_ITS_SERVER = {"connection", "transfer-encoding", "keep-alive", "date", "server", "vary"}
_SIGNATURES = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders")
_PRESIGNED = {
    *_SIGNATURES,
    "X-Amz-Signature",
    "X-Amz-Security-Token",
    "AWSAccessKeyId",
    "Signature",
    "Expires",
}
_UNSIGNED = "UNSIGNED-PAYLOAD"


class _Auth(S3SigV4Auth):  # type: ignore[misc] # botocore has no types
    """botocore's signature, for a body whose hash is known, or of which the signature says nothing."""

    def payload(self, request: Any) -> str:
        return str(request.context["payload"])


class Forwarder:
    """For one bucket: called with the environ of every request to S3."""

    def __init__(self, bucket: RemoteBucket, changed: Changed, guard: Guard) -> None:
        self._bucket, self._changed, self._guard = bucket, changed, guard
        self._pool = urllib3.PoolManager(
            maxsize=32,
            retries=False,
            timeout=urllib3.Timeout(connect=10, read=300),
            ca_certs=os.environ.get("AWS_CA_BUNDLE"),  # as the AWS tools have it
        )

    def close(self) -> None:
        self._pool.clear()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes] | None:
        """The store's answer, or None where the request is to be answered here."""
        path, query = wire_target(environ)
        name, _, key = path.removeprefix("/").partition("/")
        if unquote(name) != self._bucket.name:
            return None
        asked = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True)]
        asked = [(name, value) for name, value in asked if name not in _PRESIGNED]
        names, method = {name for name, _ in asked}, environ["REQUEST_METHOD"]
        if not key and not self._is_the_stores(environ, method, names):
            if method == "POST":
                return _failure(start_response, 501, "NotImplemented", self._no_forms())
            if method == "DELETE" and not names and not _is_deployment(environ):
                return _failure(start_response, 409, "BucketNotEmpty", self._not_ours())
            return None
        source = unquote(environ.get("HTTP_X_AMZ_COPY_SOURCE", "")).lstrip("/")
        if source and source.partition("/")[0] != self._bucket.name:
            return _failure(start_response, 501, "NotImplemented", self._no_copies(source))
        if denied := self._guard.denied_keys():  # here they are deleted together, or none is
            return _failure(
                start_response, 403, "AccessDenied", f"{min(denied)} may not be deleted: none was"
            )
        key = unquote(key)
        if {".", ".."} & set(key.split("/")):  # on its way it would become another address
            return _failure(start_response, 400, "InvalidURI", f"the key {key!r} has . or .. for a folder")
        if operation := _operation(method, key, names, bool(source)):
            environ[OPERATION] = operation, {"Bucket": self._bucket.name, "Key": key}
        try:
            answer = self._send(environ, method, key, asked)
        except (HTTPError, OSError) as error:
            log.error("%s %s: %s does not answer: %s", method, path, self._bucket.endpoint, error)  # noqa: TRY400
            what = f"the store at {self._bucket.endpoint} does not answer: {type(error).__name__}"
            return _failure(start_response, 503, "ServiceUnavailable", what)
        if answer.status == 404 and method in {"GET", "HEAD"} and key:
            try:
                self._guard.check_missing(environ)
            except BaseException:
                _Streamed(answer).close()
                raise
        headers = [
            (name, value) for name, value in answer.headers.items() if name.lower() not in _OF_ITS_SERVER
        ]
        start_response(f"{answer.status} {answer.reason or 'OK'}", headers)
        if operation in _EVENTS and answer.status < 300:
            size = int(environ.get("HTTP_X_AMZ_DECODED_CONTENT_LENGTH") or environ.get("CONTENT_LENGTH") or 0)
            etag, version = answer.headers.get("ETag", ""), answer.headers.get("x-amz-version-id")
            self._changed(_EVENTS[operation], key, size, etag, version)
        return _Streamed(answer)

    def _is_the_stores(self, environ: Environ, method: str, names: set[str]) -> bool:
        """Whether a request about the bucket is one about its objects."""
        if method == "POST":
            return "delete" in names
        if method in {"GET", "HEAD"}:
            return not names - _LISTING - _OF_THE_STORE
        return method == "PUT" and names == {"versioning"} and not _is_deployment(environ)

    def _send(self, environ: Environ, method: str, key: str, query: list[tuple[str, str]]) -> Any:
        path = quote(f"/{self._bucket.name}/{key}" if key else f"/{self._bucket.name}", safe="/-_.~")
        text = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query)
        url = f"{self._bucket.endpoint}{path}" + (f"?{text}" if text else "")
        headers = dict(_headers(environ))
        body, payload = _body(environ, headers)
        request = AWSRequest(method, url, headers=headers)
        request.context["payload"] = payload
        keys = self._bucket.credentials.get_frozen_credentials()
        _Auth(keys, "s3", self._bucket.region).add_auth(request)
        return self._pool.request(
            method,
            url,
            body=body,
            headers=dict(request.headers.items()),
            preload_content=False,
            decode_content=False,
            redirect=False,
            # A connection that the store has closed meanwhile: what brings no body can be sent again.
            retries=urllib3.Retry(2, redirect=0, raise_on_redirect=False) if body is None else False,
        )

    def _no_forms(self) -> str:
        return (
            f"upload forms are not taken for {self._bucket.name}, which lies in another store: use PutObject"
        )

    def _not_ours(self) -> str:
        return f"{self._bucket.name} lies in the store at {self._bucket.endpoint}: delete it there"

    def _no_copies(self, source: str) -> str:
        name = self._bucket.name
        return f"{source} cannot be copied to {name}, which lies in another store: download and upload it"


def _is_deployment(environ: Environ) -> bool:
    """Whether a template's deployment asks: what it wants of the bucket holds on this machine."""
    return environ.get("localaws.access_key") == INTERNAL.access_key


def _operation(method: str, key: str, names: set[str], copied: bool) -> str | None:
    """What a request that changes something is called."""
    if not key:
        return {"POST": "DeleteObjects", "PUT": "PutBucketVersioning"}.get(method)
    if method == "PUT" and not names - {"x-id"}:
        return "CopyObject" if copied else "PutObject"
    if "partNumber" in names:
        return "UploadPart" if method == "PUT" else None
    if "uploadId" in names:
        return {"POST": "CompleteMultipartUpload", "DELETE": "AbortMultipartUpload"}.get(method)
    if method == "POST" and "uploads" in names:
        return "CreateMultipartUpload"
    return "DeleteObject" if method == "DELETE" else None


_EVENTS = {
    "PutObject": "s3:ObjectCreated:Put",
    "CopyObject": "s3:ObjectCreated:Copy",
    "CompleteMultipartUpload": "s3:ObjectCreated:CompleteMultipartUpload",
    "DeleteObject": "s3:ObjectRemoved:Delete",
}


def _headers(environ: Environ) -> Iterator[tuple[str, str]]:
    """The headers that say something about the object, as they were written."""
    written = environ.get(PRESERVED_HEADER_NAMES_ENVIRON_KEY, {})
    for name, value in environ.items():
        if not name.startswith("HTTP_"):
            continue
        header = written.get(name) or name[5:].lower().replace("_", "-")
        if header.lower() not in _OF_THIS_CONNECTION:
            yield header, value
    if environ.get("CONTENT_TYPE"):
        yield "Content-Type", environ["CONTENT_TYPE"]


def _body(environ: Environ, headers: dict[str, str]) -> tuple[Any, str]:
    """The body, None where there is none, and its hash; its length goes to ``headers``."""
    sent = environ.get("HTTP_X_AMZ_CONTENT_SHA256", _UNSIGNED)
    if environ["REQUEST_METHOD"] not in {"PUT", "POST"}:
        return None, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    if is_aws_chunked(environ):
        for name in _OF_CHUNKS & headers.keys():
            del headers[name]
        encodings = [part.strip() for part in headers.pop("content-encoding", "").split(",")]
        if kept := [part for part in encodings if part and part != "aws-chunked"]:
            headers["content-encoding"] = ", ".join(kept)
        headers["Content-Length"] = environ["HTTP_X_AMZ_DECODED_CONTENT_LENGTH"]
        return aws_chunks(environ["wsgi.input"], {}), _UNSIGNED
    if environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH"):
        body = environ["wsgi.input"].read()  # of a client that does not say how long it is
        headers["Content-Length"] = str(len(body))
        return body, _UNSIGNED
    length = int(environ.get("CONTENT_LENGTH") or 0)
    headers["Content-Length"] = str(length)
    return (environ["wsgi.input"] if length else b""), (sent if len(sent) == 64 else _UNSIGNED)


class _Streamed:
    """The body of the store's answer, block by block."""

    def __init__(self, answer: Any) -> None:
        self._answer, self._whole = answer, False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.stream(_BLOCK, decode_content=False)
        self._whole = True

    def close(self) -> None:
        if not self._whole:
            self._answer.close()  # what was not read would be taken for the next answer
        self._answer.release_conn()


def _failure(start_response: Callable[..., Any], status: int, code: str, message: str) -> Iterable[bytes]:
    body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>".encode()
    headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
    start_response(f"{status} {code}", [*headers, ("x-amz-request-id", uuid.uuid4().hex)])
    return [body]
