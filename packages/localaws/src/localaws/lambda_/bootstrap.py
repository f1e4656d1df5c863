"""A client of Lambda's Runtime API in the standard library alone, where awslambdaric has no wheels (macOS).

It does what awslambdaric does for a handler: event and context, JSON in and out, errors with type, message
and trace, log lines with level, time and request id.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import decimal
import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from types import SimpleNamespace, TracebackType
from typing import Any

API = "/2018-06-01/runtime"


class Fault(Exception):
    """The handler cannot be loaded; ``kind`` is the error type that Lambda reports."""

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(kind, message)
        self.kind, self.message, self.trace = kind, message, trace or []


class Context:
    """What a handler knows about its invocation."""

    def __init__(self, headers: http.client.HTTPMessage) -> None:
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.client_context = None
        if given := headers["Lambda-Runtime-Client-Context"]:
            self.client_context = SimpleNamespace(
                **{"custom": None, "env": None, "client": None, **json.loads(given)}
            )
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the invocation times out."""
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, message: object) -> None:
        """Write to the log."""
        sys.stdout.write(str(message))


class LogHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Root logger's handler, with Lambda's line format."""

    request_id = ""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        formatter = logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
        formatter.converter = time.gmtime
        self.setFormatter(formatter)

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.request_id
        return True


def find(handler: str) -> Callable[[Any, Context], Any]:
    """The function that ``package.module.function`` names.

    Raises:
        Fault: it cannot be imported; the kind is Lambda's.
    """
    module_name, dot, name = handler.rpartition(".")
    if not dot:
        raise Fault("Runtime.MalformedHandlerName", f"Bad handler '{handler}': not enough values to unpack")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault(
            "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}"
        ) from error
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise Fault(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", trace
        ) from error
    try:
        return getattr(module, name)  # type: ignore[no-any-return]
    except AttributeError:
        raise Fault(
            "Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'"
        ) from None


def plain(value: object) -> object:
    """JSON for what handlers often return."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def error_report(error: BaseException, request_id: str = "") -> dict[str, Any]:
    """An exception as Lambda reports it: the trace begins in the handler's code."""
    if isinstance(error, Fault):
        kind, message, trace = error.kind, error.message, error.trace
    else:
        kind, message = type(error).__name__, str(error)
        trace = traceback.format_list(frames(error.__traceback__))
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def frames(trace: TracebackType | None) -> list[traceback.FrameSummary]:
    """The frames of a traceback that are not this file's nor the import machinery's."""
    own = {__file__, "<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>"}
    return [
        frame
        for frame in traceback.extract_tb(trace)
        if frame.filename not in own and not frame.filename.endswith("importlib/__init__.py")
    ]


def log_error(error: dict[str, Any]) -> None:
    """One log line that holds the whole error, as Lambda writes it."""
    lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}", "Traceback (most recent call last):"]
    lines += [
        line.replace("  ", "\u00a0\u00a0") for entry in error["stackTrace"] for line in entry.splitlines()
    ]
    sys.stdout.write("\r".join(lines) + "\n")


def run(address: str, handler: str) -> None:
    """Serve invocations for as long as there is a Runtime API."""
    log_handler = LogHandler()
    logging.getLogger().addHandler(log_handler)
    api = http.client.HTTPConnection(address)

    def post(path: str, body: bytes, kind: str | None = None) -> None:
        headers = {"Content-Type": "application/json"}
        if kind:
            headers["Lambda-Runtime-Function-Error-Type"] = kind
        api.request("POST", API + path, body, headers)
        api.getresponse().read()

    try:
        function = find(handler)
    except Exception as error:
        reported = error_report(error)
        log_error(reported)
        post("/init/error", json.dumps(reported).encode(), reported["errorType"])
        sys.exit(1)

    while True:
        api.request("GET", f"{API}/invocation/next")
        response = api.getresponse()
        body = response.read()
        context = Context(response.headers)
        log_handler.request_id = context.aws_request_id
        path = f"/invocation/{context.aws_request_id}"
        try:
            result = function(json.loads(body), context)
            try:
                answer = result if isinstance(result, bytes) else json.dumps(result, default=plain).encode()
            except (TypeError, ValueError) as error:
                raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error
        except Exception as error:
            reported = error_report(error, context.aws_request_id)
            log_error(reported)
            post(f"{path}/error", json.dumps(reported).encode(), reported["errorType"])
        else:
            post(f"{path}/response", answer)


class Unbuffered:
    """Standard output whose every word reaches the log at once."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


if __name__ == "__main__":
    sys.stdout = Unbuffered(sys.stdout)
    sys.stderr = Unbuffered(sys.stderr)
    run(os.environ["AWS_LAMBDA_RUNTIME_API"], sys.argv[1])
