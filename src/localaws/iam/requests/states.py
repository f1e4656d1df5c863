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
    """What the request needs. A task token stands for the machine that waits for it."""
    parameters = call.parameters
    resource = next((str(parameters[name]) for name in _ARNS if name in parameters), "*")
    if call.operation in _MADE:
        kind = _MADE[call.operation]
        resource = f"arn:aws:states:{call.region}:{call.account}:{kind}:{parameters.get('name')}"
    elif token := parameters.get("taskToken"):
        resource = _waiting(call, str(token)) or "*"
    return [
        Access(f"states:{call.operation}", resource),
        *passing(parameters.get("roleArn"), "states.amazonaws.com"),
    ]


def _waiting(call: Call, token: str) -> str | None:
    """The machine of which an execution waits for the token."""
    backend: Any = stepfunctions_parser_backends[call.account][call.region]
    for machine in list(backend.state_machines):
        for execution in list(machine.executions):
            environment = getattr(execution.exec_worker, "env", None)
            if environment is not None and environment.callback_pool_manager.get(token) is not None:
                return str(execution.state_machine_arn)
    return None
