"""Requests that change something, reported as activities; those that only read are not."""

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from moto.core.model import OperationModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model, service_name_from_moto_package_name

from localaws.activity import Reporter
from localaws.s3.plain_put import OPERATION

__all__ = ["RequestReporter"]

log = logging.getLogger(__name__)

Environ = dict[str, Any]

_READING = re.compile(
    "Get|List|Describe|Filter|Head|BatchGet|Query|Scan|Search|Lookup|Validate|Test|Receive|Poll|Select|Assume|Verify"
)
# One part of many, and signs of life: what they belong to is reported.
_PARTS = {"UploadPart", "UploadPartCopy", "PutLogEvents", "SendTaskHeartbeat", "ChangeMessageVisibility"}
_NAMES = re.compile(r"(Name|Arn|Url|Id|Namespace|WorkGroup)$", re.IGNORECASE)
_CODE = re.compile(rb'<Code>([^<]+)</Code>|"(?:__type|code)":\s*"(?:[^"#]*#)?([^"]+)"')


class RequestReporter:
    """A WSGI application around ``app``."""

    def __init__(self, app: Callable[..., Iterable[bytes]], report: Reporter) -> None:
        self._app, self._report = app, report

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        began = time.perf_counter()
        request, known, status_code = None, None, 500
        # Before the intake of S3 takes the body away.
        size = environ.get("HTTP_X_AMZ_DECODED_CONTENT_LENGTH") or environ.get("CONTENT_LENGTH") or ""

        def remember(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal request, known, status_code
            known = environ.get(OPERATION)
            request = environ.get("werkzeug.request")  # Flask lets go of it before its answer is sent
            status_code = int(status[:3])
            return start_response(status, headers, exc_info)

        blocks = self._app(environ, remember)
        if (request is None and known is None) or "localaws.service" not in environ:
            return blocks
        if environ["REQUEST_METHOD"] in {"GET", "HEAD", "OPTIONS"} and status_code < 500:
            return blocks
        service, seconds = environ["localaws.service"], time.perf_counter() - began
        return _Reported(
            blocks,
            lambda start: self._report_request(service, request, known, status_code, start, size, seconds),
        )

    def _report_request(
        self,
        service: str,
        request: Any,
        known: tuple[str, dict[str, Any]] | None,
        status: int,
        start: bytes,
        size: str,
        seconds: float,
    ) -> None:
        try:
            operation, parameters = known or _operation(service, request)
        except Exception:  # a path that is no operation, or a body that is none
            log.debug("cannot describe the request %s %s", request.method, request.path, exc_info=True)
            return
        if operation in _PARTS or (_READING.match(operation) and status < 500):
            return
        self._report(
            "request",
            operation,
            where=_where(parameters),
            outcome=_code(start, status) if status >= 400 else "",
            size=int(size) if operation == "PutObject" and size.isdecimal() else None,
            seconds=seconds,
        )


class _Reported:
    """The blocks of a response; before the first leaves, ``report`` is called with it.

    The client's next request, and what this one sets off, are reported later.
    """

    def __init__(self, blocks: Iterable[bytes], report: Callable[[bytes], None]) -> None:
        self._blocks, self._report, self._reported = blocks, report, False

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self._report_once(block)
            yield block

    def close(self) -> None:
        try:
            self._report_once(b"")
        finally:
            if hasattr(self._blocks, "close"):
                self._blocks.close()

    def _report_once(self, block: bytes) -> None:
        if not self._reported:
            self._reported = True
            self._report(block)


def _operation(service: str, request: Any) -> tuple[str, dict[str, Any]]:
    """The operation's name and its parameters, found as moto finds them; of S3 only those in the path."""
    name = {"awslambda": "lambda"}.get(service) or service_name_from_moto_package_name(service)
    operation, in_path = get_service_router(name).match(request)
    if name == "s3":
        return operation.name, in_path
    model = get_service_model(name)
    parser = PROTOCOL_PARSERS[determine_request_protocol(model, request.content_type)]
    assert isinstance(operation, OperationModel)  # noqa: S101 - for the type checker
    parsed = parser(operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.data,
            "url_path": request.path,
            "url_params": in_path,
        }
    )
    return operation.name, parsed


def _where(parameters: dict[str, Any]) -> str:
    """What a request is about: names only, never a value that might be a secret."""
    if "Bucket" in parameters:
        return f"s3://{parameters['Bucket']}/{parameters.get('Key', '')}"
    flat = [*parameters.items()]
    for inner in parameters.values():
        if isinstance(inner, dict):
            flat += [(name, value) for name, value in inner.items() if name == "Name"]
    named = [value for name, value in flat if _NAMES.search(name) and isinstance(value, str)]
    return "/".join(_short(value) for value in named[:2])


def _short(name: str) -> str:
    """The last part of an ARN or URL.

    >>> _short("arn:aws:states:us-east-1:123456789012:stateMachine:forecast"), _short("forecast")
    ('forecast', 'forecast')
    """
    if name.startswith("arn:"):
        return name.split(":", 5)[5].rpartition(":")[2]
    return name.rpartition("/")[2] if "://" in name else name


def _code(start: bytes, status: int) -> str:
    found = _CODE.search(start[:4096])
    return (found[1] or found[2]).decode(errors="replace") if found else str(status)
