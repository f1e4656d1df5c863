"""A refusal as AWS words it, in the protocol of the requested service."""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

__all__ = ["Refused", "Words", "shape"]

Environ = dict[str, Any]


class Words(NamedTuple):
    """One error as the protocols name it. Source: "Common Errors" in each service's API reference."""

    s3: str
    query: str
    json: str


class Refused(Exception):
    """A request that is not served. ``words`` is its code, or its code in each protocol."""

    def __init__(
        self,
        status: int,
        words: str | Words,
        message: str,
        headers: Iterable[tuple[str, str]] = (),
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, words, message)
        self.status, self.message = status, message
        self.words = words if isinstance(words, Words) else Words(words, words, words)
        self.headers, self.details = list(headers), dict(details or {})

    def __str__(self) -> str:
        return self.message

    def answer(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The response."""
        protocol = shape(environ)
        request_id = str(uuid.uuid4())
        status = self.status
        if protocol in {"json", "rest-json"}:
            code = self.words.json
            if protocol == "json" and self.words.json != self.words.s3:
                status = 400  # JSON services answer wrong credentials with 400, others with 403
            body = json.dumps({"__type": code, "message": self.message}).encode()
            content = "application/x-amz-json-1.1" if protocol == "json" else "application/json"
        else:
            code = self.words.s3 if protocol == "s3" else self.words.query
            parts = {"Code": code, "Message": self.message, **self.details}
            text = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parts.items())
            if protocol == "s3":
                text = f"<Error>{text}<RequestId>{request_id}</RequestId></Error>"
            else:
                text = f"<Error><Type>Sender</Type>{text}</Error><RequestId>{request_id}</RequestId>"
                text = f"<ErrorResponse>{text}</ErrorResponse>"
            body, content = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode(), "application/xml"
        headers = [
            ("Content-Type", content),
            ("Content-Length", str(len(body))),
            ("x-amzn-errortype", code),
            ("x-amzn-requestid", request_id),
            *self.headers,
        ]
        start_response(f"{status} {code}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def shape(environ: Environ) -> str:
    """``s3``, ``query``, ``json`` or ``rest-json``: how the client expects an answer."""
    content = environ.get("CONTENT_TYPE", "")
    if "HTTP_X_AMZ_TARGET" in environ or content.startswith("application/x-amz-json"):
        return "json"
    service = environ.get("localaws.signed_service")
    if service == "s3":
        return "s3"
    if content.startswith("application/x-www-form-urlencoded") or "Action=" in environ["QUERY_STRING"]:
        return "query"
    return "rest-json" if service else "s3"
