"""Refuse state machines that cannot run, and what localaws does not support, when they are created.

moto parses a definition, but accepts a StartAt or Next that leads nowhere, and JSONata that it cannot
evaluate.

Source: https://states-language.net,
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import botocore.session
from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from localaws.patching import replace

__all__ = ["definition_problems", "patch"]

_STATE_TYPES = {"Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"}
_ENDING = {"Succeed", "Fail"}
# Integrations that moto's interpreter carries out on services that moto has, and emr_serverless_tasks.py.
_OPTIMIZED = {
    "lambda": {"invoke"},
    "sns": {"publish"},
    "sqs": {"sendmessage"},
    "events": {"putevents"},
    "dynamodb": {"getitem", "putitem", "updateitem", "deleteitem"},
    "states": {"startexecution"},
    "glue": {"startjobrun"},
    "emr-serverless": {"startjobrun"},
    "ecs": {"runtask"},
}
_PATTERNS = {"", "waitForTaskToken", "sync", "sync:2"}
_ONLY_PATTERNS = {"emr-serverless": {"", "sync"}}
_INTEGRATION = re.compile(r"^arn:[\w-]+:states:[^:]*:[^:]*:(?P<what>.+)$")
_LAMBDA = re.compile(r"^arn:[\w-]+:lambda:[\w-]+:\d{12}:function:.+$")
_ACTIVITY = re.compile(r"^arn:[\w-]+:states:[\w-]+:\d{12}:activity:.+$")


def definition_problems(definition: str | dict[str, Any]) -> list[str]:
    """What is wrong with a state machine's definition, each problem with its state; empty when nothing is.

    >>> definition_problems({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}})
    ["state 'A': Next is 'B', which is not a state here (states: A)"]
    """
    if isinstance(definition, str):
        try:
            definition = json.loads(definition)
        except ValueError as error:
            return [f"the definition is not JSON: {error}"]
    if not isinstance(definition, dict):
        return ["the definition is not a JSON object"]
    return list(_program(definition, ""))


def _program(program: dict[str, Any], within: str) -> Iterator[str]:
    where = f"{within}: " if within else ""
    if program.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield f"{where}QueryLanguage {program['QueryLanguage']} is not supported by localaws: write JSONPath"
        return
    states = program.get("States")
    if not isinstance(states, dict) or not states:
        yield f"{where}States is missing or empty"
        return
    start = program.get("StartAt")
    if start not in states:
        yield f"{where}StartAt is {start!r}, {_known(states)}"
        return
    reached = {start}
    for name, state in states.items():
        here = f"{within} / {name}" if within else name
        if not isinstance(state, dict):
            yield f"state {here!r}: is not an object"
            continue
        for field, target in _transitions(state):
            if target in states:
                if target != name:
                    reached.add(target)
            else:
                yield f"state {here!r}: {field} is {target!r}, {_known(states)}"
        yield from _state(state, here)
    for name in states:
        if name not in reached:
            yield f"state {f'{within} / {name}' if within else name!r}: no state leads to it"


def _known(states: dict[str, Any]) -> str:
    return f"which is not a state here (states: {', '.join(states)})"


def _transitions(state: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for field in ("Next", "Default"):
        if field in state:
            yield field, state[field]
    for position, choice in enumerate(state.get("Choices") or ()):
        if isinstance(choice, dict) and "Next" in choice:
            yield f"Choices[{position}].Next", choice["Next"]
    for position, catcher in enumerate(state.get("Catch") or ()):
        if isinstance(catcher, dict):
            yield f"Catch[{position}].Next", catcher.get("Next")


def _state(state: dict[str, Any], here: str) -> Iterator[str]:
    kind = state.get("Type")
    if kind not in _STATE_TYPES:
        yield f"state {here!r}: Type is {kind!r}, and must be one of {', '.join(sorted(_STATE_TYPES))}"
        return
    if state.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield f"state {here!r}: QueryLanguage {state['QueryLanguage']} is not supported: write JSONPath"
    for field in ("Output", "Arguments", "Items"):
        if field in state:
            yield f"state {here!r}: {field} belongs to JSONata, which is not supported: write JSONPath"
    if "Credentials" in state:
        yield f"state {here!r}: Credentials is not supported: let the machine's own role do it"
    if "Assign" in state:
        yield f"state {here!r}: Assign is not supported by localaws: pass the value on with ResultPath"
    if kind == "Choice":
        if not state.get("Choices"):
            yield f"state {here!r}: Choices is missing or empty"
        for position, choice in enumerate(state.get("Choices") or ()):
            if "Next" not in choice:
                yield f"state {here!r}: Choices[{position}] has no Next"
    elif kind not in _ENDING and ("Next" in state) == bool(state.get("End")):
        yield f'state {here!r}: needs either Next or "End": true'
    if kind == "Task":
        if problem := _resource_problem(state.get("Resource")):
            yield f"state {here!r}: {problem}"
    elif kind == "Parallel":
        if not state.get("Branches"):
            yield f"state {here!r}: Branches is missing or empty"
        for position, branch in enumerate(state.get("Branches") or ()):
            yield from _program(branch, f"{here}[{position}]")
    elif kind == "Map":
        processor = state.get("ItemProcessor") or state.get("Iterator")
        if not isinstance(processor, dict):
            yield f"state {here!r}: ItemProcessor is missing"
        else:
            yield from _program(processor, here)
        yield from _map(state, here)


def _map(state: dict[str, Any], here: str) -> Iterator[str]:
    if "ItemBatcher" in state:
        yield f"state {here!r}: ItemBatcher is not supported by localaws"
    reader = state.get("ItemReader")
    if reader is None:
        return
    resource = str(reader.get("Resource", "")).rpartition(":::")[2]
    kind = (reader.get("ReaderConfig") or {}).get("InputType")
    if resource not in {"s3:getObject", "s3:listObjectsV2"}:
        yield f"state {here!r}: ItemReader.Resource {reader.get('Resource')!r} is not supported by localaws"
    elif resource == "s3:getObject" and kind not in {"JSON", "CSV"}:
        yield f"state {here!r}: ItemReader.ReaderConfig.InputType {kind!r} is not supported: JSON or CSV"


def _resource_problem(resource: Any) -> str | None:
    if not isinstance(resource, str):
        return "Resource is missing"
    if _LAMBDA.match(resource) or _ACTIVITY.match(resource):
        return None
    match = _INTEGRATION.match(resource)
    if not match:
        return f"Resource {resource!r} is neither a function's ARN nor a service integration"
    what = match["what"].removeprefix("::").lstrip(":")
    service, _, action = what.partition(":")
    if service == "aws-sdk":
        api, _, operation = action.partition(":")
        return _sdk_problem(api, operation.partition(".")[0])
    operation, _, pattern = action.partition(".")
    patterns = _ONLY_PATTERNS.get(service, _PATTERNS)
    if service not in _OPTIMIZED or operation.lower() not in _OPTIMIZED[service] or pattern not in patterns:
        return f"the integration {what!r} is not supported by localaws"
    return None


def _sdk_problem(api: str, operation: str) -> str | None:
    session = botocore.session.get_session()
    name = {"sfn": "stepfunctions"}.get(api, api)
    if name not in session.get_available_services():
        return f"the integration 'aws-sdk:{api}' names no AWS service that boto3 knows"
    operations = session.get_service_model(name).operation_names
    if operation.lower() not in {known.lower() for known in operations}:
        return f"the integration 'aws-sdk:{api}:{operation}' names no operation of {api}"
    return None


def patch(undo: ExitStack) -> None:
    """Check definitions where moto parses them: when a state machine is created or updated."""
    validate = StepFunctionsParserBackend._validate_definition

    def checked(definition: str) -> None:
        if problems := definition_problems(definition):
            raise InvalidDefinition(message="Invalid State Machine Definition: " + "; ".join(problems))
        validate(definition)

    replace(undo, StepFunctionsParserBackend, "_validate_definition", staticmethod(checked))
