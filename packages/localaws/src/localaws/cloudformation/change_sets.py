"""Change sets: how ``sam deploy`` and ``aws cloudformation deploy`` make and change a stack.

moto (5.2.5, cloudformation/models.py) finds a change set by its name alone, although SAM gives one name to
those of different stacks, makes a second stack when a first change set is made again, executes what cannot be
executed, and answers 500 when a resource fails. Here what is wrong with a template makes a FAILED change set
whose reason lists every problem; what goes wrong while it is executed is in the stack's status and events.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
"""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any

import moto.cloudformation.models as models
from moto.cloudformation.exceptions import AlreadyExistsException, CloudFormationError, ValidationError
from moto.cloudformation.models import Change, ChangeSet, CloudFormationBackend
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_changeset_id, generate_stack_id, validate_create_change_set
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow

from localaws.cloudformation.backend import LocalStack
from localaws.cloudformation.intrinsics import references
from localaws.cloudformation.parameters import spelled
from localaws.cloudformation.problems import DeploymentFailed
from localaws.cloudformation.stack import Plan
from localaws.patching import replace

__all__ = ["patch"]

# SAM and the aws command know it by these words.
_NO_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)


class _ChangeSetNotFound(CloudFormationError):
    code = "ChangeSetNotFoundException"


class _InvalidChangeSetStatus(CloudFormationError):
    code = "InvalidChangeSetStatusException"


class _LocalChangeSet(ChangeSet):
    """A change set; moto's responses read its attributes."""

    def __init__(
        self,
        stack: LocalStack,
        kind: str,
        name: str,
        template: str,
        parameters: dict[str, str],
        tags: dict[str, str] | None,
        role_arn: str | None,
        description: str | None,
    ) -> None:
        self.stack, self.stack_id, self.stack_name = stack, stack.stack_id, stack.name
        self.change_set_type, self.change_set_name = kind, name
        self.change_set_id = generate_changeset_id(name, stack.region_name, stack.account_id)
        self.template, self.parameters = template, parameters
        self.template_dict = stack.parse_template(template)
        self.stack_tags = tags
        self.tags: Any = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        self.role_arn, self.notification_arns = role_arn, stack.notification_arns
        self.description: Any = description
        self.creation_time = utcnow()
        self.status: str | None = "CREATE_COMPLETE"
        self.execution_status: str | None = "AVAILABLE"
        self.status_reason: str | None = None
        self.changes = []
        try:
            after = stack.resource_map.plan(self.template_dict, parameters)
        except DeploymentFailed as failure:
            self._fail(str(failure))
            return
        before = _present(stack) if kind == "UPDATE" else None
        if before is not None and self._changes_nothing(before, after):
            self._fail(_NO_CHANGES)
        else:
            self.changes = [*_changes(stack, before, after)]

    def execute(self) -> None:
        """Carry out the change set. Failures are in its status and events."""
        stack: Any = self.stack
        self.execution_status = "EXECUTE_IN_PROGRESS"
        if self.change_set_type == "CREATE":
            stack.create_from(self.template, self.parameters, self.stack_tags)
        else:
            stack.try_update(self.template, self.role_arn, self.parameters, self.stack_tags)
        self.execution_status = "EXECUTE_FAILED" if stack.failure else "EXECUTE_COMPLETE"

    def _fail(self, reason: str) -> None:
        self.status, self.execution_status, self.status_reason = "FAILED", "UNAVAILABLE", reason

    def _changes_nothing(self, before: Plan, after: Plan) -> bool:
        return (
            self.stack.status not in {"UPDATE_FAILED", "CREATE_FAILED"}  # there is something left to do
            and self.template_dict == self.stack.template_dict
            and before.parameters == after.parameters
            and (self.stack_tags is None or self.stack_tags == self.stack.tags)
        )


def _present(stack: LocalStack) -> Plan | None:
    try:
        plan: Plan = stack.resource_map.plan(stack.template_dict, stack.parameters)
    except DeploymentFailed:
        return None  # what it refers to is gone: everything may change
    return plan


def _changes(stack: LocalStack, before: Plan | None, after: Plan) -> Iterable[Change]:
    records = stack.resource_map.resources.records
    was = before.resources if before else {}
    values = before.parameters if before else {}
    moved = {name for name, value in after.parameters.items() if values.get(name) != value}
    wanted = stack.resource_map.resources.wanted(after)
    for logical_id in wanted:
        resource = after.resources[logical_id]
        if logical_id not in records:
            yield Change("Add", logical_id, resource["Type"])
        elif resource != was.get(logical_id) or moved & set(references(resource)):
            yield Change("Modify", logical_id, resource["Type"])
    for logical_id, record in records.items():
        if logical_id not in wanted:
            yield Change("Remove", logical_id, record.kind)


def _create(self: Any) -> ActionResult:
    backend: CloudFormationBackend = self.cloudformation_backend
    stack_name, name = self._get_param("StackName"), self._get_param("ChangeSetName")
    kind = self._get_param("ChangeSetType", "UPDATE")
    validate_create_change_set(name)
    stack = _stack(backend, stack_name)
    tags = self._get_param("Tags")
    tags = {item["Key"]: item["Value"] for item in tags} if tags else None
    if kind == "UPDATE":
        if stack is None or stack.status == "REVIEW_IN_PROGRESS":
            raise ValidationError(message=f"Stack [{stack_name}] does not exist")
        self._validate_status(stack)
    elif kind != "CREATE":
        raise ValidationError(
            message=f"ChangeSetType {kind} is not supported by localaws: CREATE and UPDATE are"
        )
    elif stack is not None and stack.status != "REVIEW_IN_PROGRESS":
        raise ValidationError(
            message=f"Stack [{stack_name}] already exists and cannot be created again with the changeSet "
            f"[{name}]"
        )
    template = _template(self, stack if kind == "UPDATE" else None)
    LocalStack.parse_template(template)  # text that is no template is refused before a stack is made of it
    if stack is None:
        stack = _reviewed(backend, stack_name, tags, self._get_param("NotificationARNs", []))
    elif any(known.change_set_name == name for known in _of(backend, stack)):
        raise AlreadyExistsException(f"ChangeSet {name} already exists for stack {stack_name}")
    made = _LocalChangeSet(
        stack,
        kind,
        name,
        template,
        _parameters(self._get_param("Parameters", []), stack if kind == "UPDATE" else None),
        tags,
        self._get_param("RoleARN"),
        self._get_param("Description"),
    )
    backend.change_sets[made.change_set_id] = made
    return ActionResult({"Id": made.change_set_id, "StackId": stack.stack_id})


def _template(self: Any, stack: LocalStack | None) -> str:
    body, url = self._get_param("TemplateBody"), self._get_param("TemplateURL")
    previous = self._get_bool_param("UsePreviousTemplate", False)
    if (body or url) and previous:
        raise ValidationError(
            message="You cannot specify both usePreviousTemplate and Template Body/Template URL."
        )
    if stack is not None and previous:
        return str(stack.template)
    if url:
        return str(self._get_stack_from_s3_url(url))
    if body:
        return str(body)
    raise ValidationError(message="Either Template URL or Template Body must be specified.")


def _parameters(given: Iterable[Mapping[str, Any]], stack: LocalStack | None) -> dict[str, str]:
    """The given values, previous values where requested, and defaults."""
    declared = (stack.template_dict.get("Parameters") or {}) if stack else {}
    previous = {name: spelled(about["Default"]) for name, about in declared.items() if "Default" in about}
    previous |= stack.parameters if stack else {}
    values = {}
    for parameter in given:
        name = parameter["ParameterKey"]
        if not parameter.get("UsePreviousValue"):
            values[name] = str(parameter.get("ParameterValue", ""))
        elif name in previous:
            values[name] = previous[name]
    return values


def _reviewed(
    backend: CloudFormationBackend, name: str, tags: dict[str, str] | None, notification_arns: list[str]
) -> Any:
    """The stack that a first change set creates: it exists, but has no resources yet."""
    local_stack: Any = models.Stack  # backend.py has replaced it
    stack = local_stack(
        stack_id=generate_stack_id(name, backend.region_name, backend.account_id),
        name=name,
        template={},
        parameters={},
        account_id=backend.account_id,
        region_name=backend.region_name,
        notification_arns=notification_arns,
        tags=tags,
    )
    backend.stacks[stack.stack_id] = stack
    stack.status = "REVIEW_IN_PROGRESS"
    stack._add_stack_event("REVIEW_IN_PROGRESS", resource_status_reason="User Initiated")
    return stack


def _stack(backend: CloudFormationBackend, name_or_id: str) -> Any:
    """The stack of that name or id, unless it is deleted."""
    return next(
        (known for known in backend.stacks.values() if name_or_id in {known.name, known.stack_id}), None
    )


def _of(backend: CloudFormationBackend, stack: LocalStack) -> list[Any]:
    return [known for known in backend.change_sets.values() if known.stack_id == stack.stack_id]


def _asked_for(self: Any) -> Any:
    """The change set that a request names, by its ARN or by its name and its stack's."""
    backend, name = self.cloudformation_backend, self._get_param("ChangeSetName")
    stack_name = self._get_param("StackName")
    for known in backend.change_sets.values():
        if name == known.change_set_id:
            return known
        if name == known.change_set_name and stack_name in {known.stack_name, known.stack_id}:
            return known
    raise _ChangeSetNotFound(f"ChangeSet [{name}] does not exist")


def _describe(self: Any) -> ActionResult:
    return ActionResult(_asked_for(self))


def _execute(self: Any) -> EmptyResult:
    change_set = _asked_for(self)
    if change_set.execution_status != "AVAILABLE":
        reason = f": {change_set.status_reason}" if change_set.status_reason else ""
        raise _InvalidChangeSetStatus(
            f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current status of "
            f"[{change_set.status}]{reason}"
        )
    backend = self.cloudformation_backend
    for other in _of(backend, change_set.stack):
        if other is not change_set:
            del backend.change_sets[other.change_set_id]  # they describe a stack that is changing
    change_set.execute()
    return EmptyResult()


def _delete(self: Any) -> EmptyResult:
    del self.cloudformation_backend.change_sets[_asked_for(self).change_set_id]
    return EmptyResult()


def _list(self: Any) -> ActionResult:
    name = self._get_param("StackName")
    stack = _stack(self.cloudformation_backend, name)
    if stack is None:
        raise ValidationError(message=f"Stack [{name}] does not exist")
    return ActionResult({"Summaries": _of(self.cloudformation_backend, stack)})


def _delete_stack(self: CloudFormationBackend, name_or_stack_id: str) -> None:
    """Delete a stack. If resources cannot be deleted it remains, as DELETE_FAILED, to be deleted again."""
    stack = _stack(self, name_or_stack_id)
    if stack is None:
        return
    exports = [export.name for export in stack.exports]
    stack.delete()
    if stack.status == "DELETE_FAILED":
        return
    del self.stacks[stack.stack_id]
    self.deleted_stacks[stack.stack_id] = stack
    for name in exports:
        self.exports.pop(name, None)
    for change_set in _of(self, stack):
        del self.change_sets[change_set.change_set_id]


def patch(undo: ExitStack) -> None:
    """Give moto's CloudFormation these change sets, and stacks that remain after a failed deletion."""
    for name, function in {
        "create_change_set": _create,
        "describe_change_set": _describe,
        "execute_change_set": _execute,
        "delete_change_set": _delete,
        "list_change_sets": _list,
    }.items():
        replace(undo, CloudFormationResponse, name, function)
    replace(undo, CloudFormationBackend, "delete_stack", _delete_stack)
