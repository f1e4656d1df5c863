"""Parameters and responses of service integrations, spelled and typed as each side expects them.

Step Functions writes ``StateMachineArn`` where the API has ``stateMachineArn``, turns objects into JSON text
where text is wanted, and gives answers as plain JSON. moto left that out (moto 5.2.5, state_task_service.py:
both methods do nothing), so that nested executions fail and objects of S3 arrive as open streams. And errors
of aws-sdk integrations begin with the service's name as the SDK for Java spells it, where moto uses ``ssm``.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

import base64
import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape
from botocore.response import StreamingBody
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)

from localaws.patching import replace

__all__ = ["java_service_name", "patch"]

_WORD = re.compile(r"[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*|[0-9]+")


@cache
def _operation(service: str, action: str) -> OperationModel | None:
    """The API's model of an operation; ``action`` is boto3's name of it."""
    session = botocore.session.get_session()
    if service not in session.get_available_services():
        return None
    model = session.get_service_model(service)
    return next(
        (model.operation_model(name) for name in model.operation_names if xform_name(name) == action), None
    )


def _to_api(value: Any, shape: Shape) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        spelling = {name.lower(): name for name in shape.members}
        made = {}
        for name, item in value.items():
            known = spelling.get(name.lower())
            made[known or name] = _to_api(item, shape.members[known]) if known else item
        return made
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_to_api(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {name: _to_api(item, shape.value) for name, item in value.items()}
    if isinstance(shape, StringShape) and isinstance(value, Mapping | list):
        return json.dumps(value, separators=(",", ":"))
    if shape.type_name == "blob" and not isinstance(value, bytes):
        return (value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))).encode()
    return value


def _from_api(value: Any, shape: Shape | None) -> Any:
    if isinstance(value, StreamingBody):
        return value.read().decode(errors="replace")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        members = shape.members if isinstance(shape, StructureShape) else {}
        return {
            name[:1].upper() + name[1:] if name in members else name: _from_api(item, members.get(name))
            for name, item in value.items()
        }
    if isinstance(value, list):
        member = shape.member if isinstance(shape, ListShape) else None
        return [_from_api(item, member) for item in value]
    return value


def java_service_name(service_id: str) -> str:
    """A service's name as the SDK for Java spells it, from the id in its API model.

    >>> [java_service_name(given) for given in ("SSM", "S3", "DynamoDB", "Secrets Manager", "SFN")]
    ['Ssm', 'S3', 'DynamoDb', 'SecretsManager', 'Sfn']
    """
    return "".join(word[:1].upper() + word[1:].lower() for word in _WORD.findall(service_id))


def patch(undo: ExitStack) -> None:
    """Put the two conversions and the names in their places."""

    def normalise_parameters(
        self: Any,
        parameters: dict[str, Any],
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        operation = _operation(
            self._get_boto_service_name(boto_service_name), self._get_boto_service_action(service_action_name)
        )
        if operation is not None and operation.input_shape is not None:
            made = _to_api(dict(parameters), operation.input_shape)
            parameters.clear()
            parameters.update(made)

    def normalise_response(
        self: Any,
        response: Any,
        boto_service_name: str | None = None,
        service_action_name: str | None = None,
    ) -> None:
        operation = _operation(
            self._get_boto_service_name(boto_service_name), self._get_boto_service_action(service_action_name)
        )
        if isinstance(response, dict):
            made = _from_api(response, operation.output_shape if operation else None)
            response.clear()
            response.update(made)

    replace(undo, StateTaskService, "_normalise_parameters", normalise_parameters)
    replace(undo, StateTaskService, "_normalise_response", normalise_response)

    def service_error_name(service_name: str) -> str:
        name = {"sfn": "stepfunctions"}.get(service_name, service_name)
        session = botocore.session.get_session()
        if name not in session.get_available_services():
            return service_name
        return java_service_name(str(session.get_service_model(name).service_id))

    replace(undo, StateTaskServiceAwsSdk, "_normalise_service_error_name", staticmethod(service_error_name))
