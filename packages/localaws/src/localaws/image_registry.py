"""A substitute for the image repository: images pushed to it are accepted and discarded.

``sam deploy`` pushes the images from ``sam build`` before it sends the template. localaws runs the
sources that they are built from (cloudformation/image_sources.py), so it reports every layer as present
already, and discards those that Docker sends anyway, because it does not know their digests
yet. Docker uses plain HTTP for 127.0.0.1 by default.

Source: https://distribution.github.io/distribution/spec/api/
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import uuid
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse

from localaws.patching import replace

__all__ = ["ImageRegistry"]

_OBJECT = re.compile(
    r"^/v2/[a-z0-9][a-z0-9._/-]*/(?P<kind>blobs|blobs/uploads|manifests)/(?P<reference>[^/]*)$"
)
_VALID_HOURS = 12  # as ECR's tokens are
_BLOCK = 1 << 18

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class ImageRegistry:
    """Answers Docker's requests below ``/v2/``; ``app`` answers everything else."""

    def __init__(self, app: Wsgi) -> None:
        self._app = app
        self._token = secrets.token_urlsafe(24)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        authorization: str = environ.get("HTTP_AUTHORIZATION", "")
        # API Gateway's paths begin alike, and are signed. A bucket cannot be called v2: that is too short.
        if (
            not path.startswith("/v2/")
            or authorization.startswith("AWS4-")
            or "X-Amz-" in environ["QUERY_STRING"]
        ):
            return self._app(environ, start_response)
        status, headers, body = self._answer(environ, path, authorization)
        headers = {
            "Docker-Distribution-Api-Version": "registry/2.0",
            "Content-Length": str(len(body)),
            **headers,
        }
        start_response(status, list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(self, environ: Environ, path: str, authorization: str) -> tuple[str, dict[str, str], bytes]:
        if not hmac.compare_digest(authorization.encode(), f"Basic {self.login}".encode()):
            challenge = {"Www-Authenticate": 'Basic realm="localaws"'}
            return _error("401 Unauthorized", "UNAUTHORIZED", "log in with ECR's token", challenge)
        if path == "/v2/":
            return "200 OK", {}, b"{}"
        named = _OBJECT.match(path)
        match environ["REQUEST_METHOD"], named and named["kind"]:
            case "HEAD", "blobs":
                return "200 OK", {}, b""
            case "POST", "blobs/uploads":
                return "202 Accepted", {"Location": path + uuid.uuid4().hex, "Range": "0-0"}, b""
            case "PATCH", "blobs/uploads":
                size, _ = _drained(environ)
                return "202 Accepted", {"Location": path, "Range": f"0-{size - 1}"}, b""
            case "PUT", "blobs/uploads":
                _drained(environ)
                digest = parse_qs(environ["QUERY_STRING"]).get("digest", [""])[0]
                return "201 Created", {"Location": path, "Docker-Content-Digest": digest}, b""
            case "PUT", "manifests":
                _, digest = _drained(environ)
                return "201 Created", {"Location": path, "Docker-Content-Digest": digest}, b""
        return _error(
            "404 Not Found", "MANIFEST_UNKNOWN", "localaws does not store images: it runs their sources"
        )

    @property
    def login(self) -> str:
        """User and password as ECR's authorization token has them."""
        return base64.b64encode(f"AWS:{self._token}".encode()).decode()

    def patch(self, undo: ExitStack, endpoint: str) -> None:
        """Let ECR send its clients to this registry. moto's tokens are for the real one (5.2.5)."""

        def get_authorization_token(_: Any) -> ActionResult:
            expires = datetime.now(UTC) + timedelta(hours=_VALID_HOURS)
            token = {"authorizationToken": self.login, "expiresAt": expires, "proxyEndpoint": endpoint}
            return ActionResult({"authorizationData": [token]})

        replace(undo, ECRResponse, "get_authorization_token", get_authorization_token)


def _drained(environ: Environ) -> tuple[int, str]:
    """How many bytes a request's body had, and their digest."""
    size, digest = 0, hashlib.sha256()
    while block := environ["wsgi.input"].read(_BLOCK):
        size += len(block)
        digest.update(block)
    return size, f"sha256:{digest.hexdigest()}"


def _error(
    status: str, code: str, message: str, headers: dict[str, str] | None = None
) -> tuple[str, dict[str, str], bytes]:
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return status, {"Content-Type": "application/json", **(headers or {})}, body
