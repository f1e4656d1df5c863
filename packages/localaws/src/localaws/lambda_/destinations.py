"""Where the record of an asynchronous invocation goes when it has succeeded or failed for good.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from localaws.lambda_.invocation import Invocation
from localaws.lambda_.tags import DEAD_LETTER_TAG

__all__ = ["send_to_destination"]


def send_to_destination(
    function: Any,
    payload: bytes,
    invocation: Invocation,
    attempts: int,
    invoke_later: Callable[[str, bytes], None],
    may_send: Callable[[str], bool],
) -> None:
    """Send the record to the queue, topic or function that the function's EventInvokeConfig names, if any.

    The event itself goes to the function's dead-letter queue or topic when it has failed for good.
    ``may_send`` returns whether the function's role may send to a destination.
    """
    if (
        invocation.error is not None
        and DEAD_LETTER_TAG in function.tags
        and may_send(function.tags[DEAD_LETTER_TAG])
    ):
        _send(function.tags[DEAD_LETTER_TAG], payload.decode(), invoke_later)
    settings = function.event_invoke_config[-1].config if function.event_invoke_config else {}
    side = "OnSuccess" if invocation.error is None else "OnFailure"
    arn = settings.get("DestinationConfig", {}).get(side, {}).get("Destination")
    if not arn or not may_send(arn):
        return
    record = json.dumps(
        {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {
                "requestId": invocation.request_id,
                "functionArn": f"{function.function_arn}:$LATEST",
                "condition": "Success" if invocation.error is None else "RetriesExhausted",
                "approximateInvokeCount": attempts,
            },
            "requestPayload": _json(payload),
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": invocation.error,
            },
            "responsePayload": _json(invocation.payload),
        }
    )
    _send(arn, record, invoke_later)


def _send(arn: str, message: str, invoke_later: Callable[[str, bytes], None]) -> None:
    _, _, service, region, account, *rest = arn.split(":")
    if service == "sqs":
        from moto.sqs.models import sqs_backends

        sqs_backends[account][region].send_message(queue_name=rest[-1], message_body=message)
    elif service == "sns":
        from moto.sns.models import sns_backends

        sns_backends[account][region].publish(arn=arn, message=message)
    elif service == "lambda":
        invoke_later(arn, message.encode())
    else:
        raise ValueError(
            f"localaws does not support {service} as a destination of asynchronous invocations ({arn})"
        )


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.decode(errors="replace")
