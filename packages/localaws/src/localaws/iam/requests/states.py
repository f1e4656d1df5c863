"""Requests to Step Functions: their actions, machines and executions.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
"""

from typing import Any

from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from localaws.iam.calls import Call
from localaws.iam.evaluation import Access
from localaws.iam.requests.passed_roles import passing

__all__ = ["accesses"]

_ARNS = ("executionArn", "mapRunArn", "stateMachineArn", "activityArn", "resourceArn", "stateMachineAliasArn")
_MADE = {"CreateStateMachine": "stateMachine", "CreateActivity": "activity"}


def accesses(call: Call) -> list[Access]:
    """What the request needs. A task token means the state machine that waits for it."""
    parameters = call.parameters
    resource = next((str(parameters[name]) for name in _ARNS if name in parameters), "*")
    if call.operation in _MADE:
        kind = _MADE[call.operation]
        resource = f"arn:aws:states:{call.region}:{call.account}:{kind}:{parameters.get('name')}"
    elif token := parameters.get("taskToken"):
        backend: Any = stepfunctions_parser_backends[call.account][call.region]
        find = getattr(backend, "localaws_machine_of_token", None)  # states/api.py adds it
        resource = (find and find(str(token))) or "*"
    return [
        Access(f"states:{call.operation}", resource),
        *passing(parameters.get("roleArn"), "states.amazonaws.com"),
    ]
