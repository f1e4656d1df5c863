"""Invoke Lambda tasks in process.

moto goes through HTTP to its own server (moto 5.2.5, lambda_eval_utils.py): four times slower. And a function
named as the task's Resource that is missing fails with the error ``Exception`` where AWS has
``Lambda.ResourceNotFoundException``.
"""

import json
from contextlib import ExitStack
from typing import Any

from botocore.exceptions import ClientError
from moto.awslambda.exceptions import UnknownFunctionException
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda

from localaws.iam.evaluation import Access
from localaws.iam.guard import Guard
from localaws.lambda_.function import NotRunnable
from localaws.lambda_.invoker import ASYNC_LIMIT, SYNC_LIMIT, Invoker, Throttled
from localaws.patching import replace

__all__ = ["patch"]


def patch(undo: ExitStack, invoker: Invoker, guard: Guard) -> None:
    """Run Lambda tasks with ``invoker``, as far as the machine's role may."""

    def invoke(parameters: dict[str, Any], region: str, state_credentials: Any) -> dict[str, Any]:
        name, payload = parameters["FunctionName"], parameters.get("Payload") or b"{}"
        later = parameters.get("InvocationType") == "Event"
        limit = ASYNC_LIMIT if later else SYNC_LIMIT
        if len(payload) > limit:
            raise _client_error(
                413,
                "RequestEntityTooLargeException",
                f"{len(payload)} byte payload is too large (limit {limit} bytes)",
            )
        session = guard.machine(state_credentials.role_arn)
        arn = _function_arn(name, parameters.get("Qualifier"), region, session.account)
        if problem := guard.problem(session, Access("lambda:InvokeFunction", arn)):
            raise _client_error(403, "AccessDeniedException", problem)
        try:
            function = invoker.find(name, parameters.get("Qualifier"))
            if later:
                invoker.invoke_later(function.function_arn, payload)
                return {"StatusCode": 202, "Payload": ""}
            invocation = invoker.invoke(function, payload, parameters.get("ClientContext"))
        except UnknownFunctionException as error:
            raise _client_error(404, "ResourceNotFoundException", str(error.message)) from error
        except Throttled as error:
            raise _client_error(429, "TooManyRequestsException", "Rate Exceeded.") from error
        except NotRunnable as error:
            raise _client_error(502, "InvalidRuntimeException", str(error)) from error
        answer = {
            "StatusCode": 200,
            "ExecutedVersion": "$LATEST",
            "Payload": _json(invocation.payload),
            "SdkHttpMetadata": {"HttpStatusCode": 200},
            "SdkResponseMetadata": {"RequestId": invocation.request_id},
        }
        if invocation.error:
            answer["FunctionError"] = invocation.error
        return answer

    replace(undo, lambda_eval_utils, "_invoke_lambda_function", invoke)

    from_error = StateTaskLambda._from_error

    def named(self: Any, env: Any, ex: Exception) -> Any:
        if not isinstance(ex, ClientError):
            return from_error(self, env, ex)
        error, cause = _named(ex)
        details: Any = {"lambdaFunctionFailedEventDetails": {"error": error, "cause": cause}}
        return FailureEvent(env, CustomErrorName(error), HistoryEventType.LambdaFunctionFailed, details)

    replace(undo, StateTaskLambda, "_from_error", named)
    replace(undo, StateTaskServiceLambda, "_error_cause_from_client_error", staticmethod(_named))


def _named(error: ClientError) -> tuple[str, str]:
    """Error and cause. What the SDK for Java has no exception for is an AWSLambdaException."""
    code, metadata = error.response["Error"]["Code"], error.response["ResponseMetadata"]
    name = "AWSLambdaException" if code == "AccessDeniedException" else code
    details = (
        f"Service: AWSLambda; Status Code: {metadata['HTTPStatusCode']}; Error Code: {code}; "
        f"Request ID: {metadata['RequestId']}; Proxy: null"
    )
    return f"Lambda.{name}", f"{error.response['Error']['Message']} ({details})"


def _function_arn(name: str, qualifier: str | None, region: str, account: str) -> str:
    if not name.startswith("arn:"):
        name = f"arn:aws:lambda:{region}:{account}:function:{name.rpartition('function:')[2]}"
    return f"{name}:{qualifier}" if qualifier and qualifier != "$LATEST" else name


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")


def _client_error(status: int, code: str, message: str) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "localaws",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "Invoke",
    )
