"""From a request to what it needs: one function a service, which this table lists."""

from collections.abc import Callable

from localaws.iam.calls import Call
from localaws.iam.evaluation import Access
from localaws.iam.requests import (
    data,
    emr_serverless,
    identities,
    lambda_,
    messages,
    s3,
    secrets_and_keys,
    states,
    watching,
)

__all__ = ["needed"]

_SERVICES: dict[str, Callable[[Call], list[Access]]] = {
    "athena": data.athena_accesses,
    "cloudwatch": watching.cloudwatch_accesses,
    "dynamodb": data.dynamodb_accesses,
    "emr-serverless": emr_serverless.accesses,
    "events": messages.events_accesses,
    "glue": data.glue_accesses,
    "iam": identities.iam_accesses,
    "kms": secrets_and_keys.kms_accesses,
    "lambda": lambda_.accesses,
    "logs": watching.logs_accesses,
    "s3": s3.accesses,
    "secretsmanager": secrets_and_keys.secretsmanager_accesses,
    "sns": messages.sns_accesses,
    "sqs": messages.sqs_accesses,
    "ssm": secrets_and_keys.ssm_accesses,
    "stepfunctions": states.accesses,
    "sts": identities.sts_accesses,
}


def needed(call: Call) -> list[Access]:
    """What a request needs. Of a service that is not listed, ``service:Operation`` on every resource."""
    accesses = _SERVICES.get(call.service)
    return accesses(call) if accesses else [Access(f"{call.service}:{call.operation}", "*")]
