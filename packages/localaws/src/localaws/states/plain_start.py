"""StartExecution, answered without moto's web application, a third of the server's work.

As in ``s3/plain_get``: any other request, and one that is refused, goes to moto, and a test compares the two.
"""

import io
import json
import math
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.exceptions import AWSError, ServiceException
from moto.iam.models import get_account_id_from
from moto.stepfunctions.responses import get_backend

from localaws.iam.access_keys import region_of

__all__ = ["plain_start"]

Environ = dict[str, Any]

_TARGET = "AWSStepFunctions.StartExecution"
_NEEDED, _KNOWN = {"stateMachineArn"}, {"stateMachineArn", "name", "input"}


def plain_start(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes] | None:
    """Start the execution that a request asks for, or return None when moto must answer."""
    access_key = environ.get("localaws.access_key")
    if (
        environ.get("HTTP_X_AMZ_TARGET") != _TARGET
        or access_key is None
        or environ["REQUEST_METHOD"] != "POST"
        or environ.get("QUERY_STRING")
        or not environ.get("CONTENT_TYPE", "").startswith("application/x-amz-json-1.")
        or "HTTP_CONTENT_ENCODING" in environ
        or "HTTP_X_MOTO_ACCOUNT_ID" in environ
    ):
        return None
    body = environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)  # moto may have to read it again
    try:
        given = json.loads(body)
    except ValueError:
        return None
    if not isinstance(given, dict) or not _NEEDED <= given.keys() <= _KNOWN:
        return None
    if not all(isinstance(value, str) for value in given.values()):
        return None
    arn = given["stateMachineArn"]
    region, account = _region(environ), get_account_id_from(access_key)
    if not arn.startswith(f"arn:aws:states:{region}:{account}:stateMachine:"):
        return None
    try:
        backend: Any = get_backend(account, region)
        execution = backend.start_execution(arn, given.get("name"), given.get("input"))
    except (AWSError, ServiceException):  # moto answers it
        return None
    started = math.floor(execution.started * 1000) / 1000  # as moto does
    answer = json.dumps({"executionArn": execution.arn, "startDate": started}).encode()
    headers = [
        ("Content-Type", environ["CONTENT_TYPE"]),
        ("Content-Length", str(len(answer))),
        ("x-amzn-requestid", str(uuid.uuid4())),
    ]
    start_response("200 OK", headers)
    return [answer]


def _region(environ: Environ) -> str:
    """Of the signature's scope, which moto takes unless the client names itself after another."""
    if "region/" in environ.get("HTTP_USER_AGENT", ""):
        return ""
    return region_of(environ)
