"""Replace moto's execution of functions.

moto runs handlers in Docker, one container an invocation, answers FunctionError "Handled" where AWS has
"Unhandled", and runs asynchronous invocations within the request (moto 5.2.5, awslambda/models.py and
responses.py). Triggers reach a function through LambdaFunction.invoke, and Invoke through
LambdaResponse.invoke: both are replaced.
"""

import base64
import json
from contextlib import ExitStack
from typing import Any
from urllib.parse import unquote

from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends
from moto.awslambda.responses import LambdaResponse
from moto.utilities.aws_headers import amz_crc32

from localaws.deliveries import Deliveries, Delivery
from localaws.lambda_.function import NotRunnable
from localaws.lambda_.invoker import ASYNC_LIMIT, SYNC_LIMIT, Invoker, Throttled
from localaws.patching import replace

__all__ = ["patch"]

_Response = tuple[int, dict[str, Any], bytes]


def patch(undo: ExitStack, invoker: Invoker, deliveries: Deliveries) -> None:
    """Run functions with ``invoker``; what topics and logs set off runs after the request."""

    def triggered(self: Any, body: Any, _: Any, response_headers: dict[str, Any]) -> bytes:
        """A trigger of moto's (SQS batches, for one) that needs to know whether the function failed."""
        invocation = invoker.invoke(self, body.encode() if isinstance(body, str) else body)
        if invocation.error:
            response_headers["x-amz-function-error"] = invocation.error
        return invocation.payload

    replace(undo, LambdaFunction, "invoke", triggered)

    def invoke(self: Any) -> _Response:
        name = unquote(self.path.rsplit("/", 2)[-2])
        function = self.backend.get_function(name, self.querystring.get("Qualifier", [None])[0])
        return _answer(invoker, function, self.headers, self.body.encode())

    replace(undo, LambdaResponse, "invoke", amz_crc32(invoke))

    for operation in ("send_sns_message", "send_log_event"):
        _later(undo, deliveries, operation)

    update_configuration = LambdaFunction.update_configuration

    def update_with_image(self: Any, config_updates: dict[str, Any]) -> Any:
        """moto forgets ImageConfig and EphemeralStorage in an update."""
        if "ImageConfig" in config_updates:
            self.image_config = type(self.image_config)(config_updates["ImageConfig"])
        if "EphemeralStorage" in config_updates:
            self.ephemeral_storage = config_updates["EphemeralStorage"]["Size"]
        return update_configuration(self, config_updates)

    replace(undo, LambdaFunction, "update_configuration", update_with_image)


def _later(undo: ExitStack, deliveries: Deliveries, operation: str) -> None:
    original = getattr(LambdaBackend, operation)

    def deliver(delivery: Delivery) -> None:
        what = delivery.what
        backend = lambda_backends[what["account"]][what["region"]]
        original(backend, *what["args"], **what["kwargs"])

    deliveries.register(operation, deliver)

    def run(self: Any, *args: Any, **kwargs: Any) -> None:
        what = {"account": self.account_id, "region": self.region_name, "args": args, "kwargs": kwargs}
        deliveries.submit(Delivery(operation, f"{operation} to Lambda", what))

    replace(undo, LambdaBackend, operation, run)


def _answer(invoker: Invoker, function: Any, headers: Any, payload: bytes) -> _Response:
    kind = headers.get("X-Amz-Invocation-Type") or "RequestResponse"
    limit = ASYNC_LIMIT if kind == "Event" else SYNC_LIMIT
    if len(payload) > limit:
        return _refusal(
            413,
            "RequestEntityTooLargeException",
            f"{len(payload)} byte payload is too large for the {kind} invocation type (limit {limit} bytes)",
        )
    try:
        json.loads(payload or b"{}")
    except ValueError as error:
        return _refusal(
            400, "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        )
    if kind == "DryRun":
        return 204, {"status": 204}, b""
    if kind == "Event":
        invoker.invoke_later(function.function_arn, payload)
        return 202, {"status": 202}, b""
    try:
        invocation = invoker.invoke(function, payload, _client_context(headers))
    except Throttled:
        return _refusal(429, "TooManyRequestsException", "Rate Exceeded.")
    except NotRunnable as error:
        return _refusal(502, "InvalidRuntimeException", str(error))
    answered: dict[str, Any] = {
        "status": 200,
        "content-type": "application/json",
        "x-amz-executed-version": "$LATEST",
        "x-amzn-requestid": invocation.request_id,
    }
    if invocation.error:
        answered["x-amz-function-error"] = invocation.error
    if headers.get("X-Amz-Log-Type") == "Tail":
        answered["x-amz-log-result"] = base64.b64encode(invocation.log.encode()[-4096:]).decode()
    return 200, answered, invocation.payload


def _client_context(headers: Any) -> str | None:
    given = headers.get("X-Amz-Client-Context")
    return base64.b64decode(given).decode() if given else None


def _refusal(status: int, code: str, message: str) -> _Response:
    body = json.dumps({"Type": "User", "message": message}).encode()
    return status, {"status": status, "x-amzn-errortype": code, "content-type": "application/json"}, body
