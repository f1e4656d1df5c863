"""Give moto's CloudFormation API stacks that localaws creates.

moto's backend keeps stacks, change sets, events and exports, and asks a Stack to create, update and delete
its resources. That class is replaced by one whose resources are made by StackResources (moto 5.2.5,
cloudformation/models.py).
"""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any

import moto.cloudformation.models as cloudformation_models
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import ChangeSet, Stack, cloudformation_backends
from moto.cloudformation.models import Event as MotoEvent
from moto.cloudformation.parsing import Export, Output

from localaws.cloudformation.problems import DeploymentFailed
from localaws.cloudformation.resource import Cloud
from localaws.cloudformation.stack import Event, Plan, Record, StackResources
from localaws.cloudformation.yaml_text import TemplateSyntax, read_template
from localaws.patching import replace

__all__ = ["LocalStack", "patch"]

_cloud: Callable[[str, str, str], Cloud]


class LocalStack(Stack):
    """A stack whose resources localaws creates. ``failure`` is why the last deployment failed, if it did."""

    failure: DeploymentFailed | None = None
    resource_map: Any
    output_map: Any

    def _parse_template(self) -> None:
        self.template_dict = self.parse_template(self.template)

    @staticmethod
    def parse_template(template: Any) -> dict[str, Any]:
        if isinstance(template, Mapping):
            return dict(template)
        try:
            return read_template(template)
        except TemplateSyntax as error:
            raise ValidationError(message=f"Template format error: {error}") from error

    def _create_resource_map(self) -> Any:
        return _ResourceMap(self)

    def _create_output_map(self) -> Any:
        return _OutputMap(self.resource_map.resources)

    def create_resources(self) -> None:
        self.status = "CREATE_IN_PROGRESS"
        self._deploy(self.parameters, "CREATE_COMPLETE", "ROLLBACK_COMPLETE")

    def create_from(self, template: str, parameters: dict[str, str], tags: dict[str, str] | None) -> None:
        """Create the resources of a stack that a change set described."""
        self.template, self.parameters, self.tags = template, parameters, tags or {}
        self._parse_template()
        self._add_stack_event("CREATE_IN_PROGRESS", resource_status_reason="User Initiated")
        self.create_resources()

    def try_update(self, *arguments: Any) -> None:
        """Update. A refused template changes nothing; the events contain the reason."""
        try:
            self.update(*arguments)
        except ValidationError as error:
            self._ended("UPDATE_ROLLBACK_COMPLETE", error.__cause__)

    def update(
        self,
        template: str,
        role_arn: str | None = None,
        parameters: Any = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        before = self.template, self.template_dict, self.parameters
        self.template, self.role_arn = template, role_arn
        self._parse_template()
        if parameters is not None:
            self.parameters = parameters
        if tags is not None:
            self.tags = tags
        try:
            self.resource_map.check(self.template_dict, self.parameters)
        except ValidationError:
            self.template, self.template_dict, self.parameters = before
            raise
        self._add_stack_event("UPDATE_IN_PROGRESS", resource_status_reason="User Initiated")
        self._deploy(self.parameters, "UPDATE_COMPLETE", "UPDATE_FAILED")

    def delete(self) -> None:
        self._add_stack_event("DELETE_IN_PROGRESS", resource_status_reason="User Initiated")
        try:
            self.resource_map.resources.delete()
        except DeploymentFailed as failure:
            self._ended("DELETE_FAILED", failure)
        else:
            self._ended("DELETE_COMPLETE")

    def _deploy(self, parameters: Mapping[str, str], done: str, failed: str) -> None:
        self.failure = None
        try:
            self.resource_map.deploy(self.template_dict, parameters)
        except DeploymentFailed as failure:
            self._ended(failed, failure)
            return
        self.description = self.template_dict.get("Description")
        self._export()
        self._ended(done)

    def _ended(self, status: str, failure: Any = None) -> None:
        self.status, self.failure = status, failure
        self._add_stack_event(status, resource_status_reason=str(failure) if failure else None)

    def _export(self) -> None:
        """Let other stacks import this one's exports (moto does so before they exist)."""
        exports = cloudformation_backends[self.account_id][self.region_name].exports
        for name in [name for name, export in exports.items() if export.exporting_stack_id == self.stack_id]:
            del exports[name]
        exports.update({export.name: export for export in self.exports})

    def record(self, event: Event) -> None:
        """Add what happened to a resource to the stack's events."""
        self.events.append(
            MotoEvent(
                stack_id=self.stack_id,
                stack_name=self.name,
                logical_resource_id=event.logical_id,
                physical_resource_id=event.physical_id,
                resource_type=event.kind,
                resource_status=event.status,
                resource_status_reason=event.reason or None,
                resource_properties=None,
            )
        )

    def __getstate__(self) -> dict[str, Any]:
        resources = self.resource_map.resources
        kept = {
            key: value for key, value in self.__dict__.items() if key not in {"resource_map", "output_map"}
        }
        return {**kept, "_kept": (resources.parameters, resources.records, resources.outputs)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        parameters, records, outputs = state.pop("_kept")
        self.__dict__.update(state)
        self.resource_map = _ResourceMap(self, checked=True)
        resources = self.resource_map.resources
        resources.parameters, resources.records, resources.outputs = parameters, records, outputs
        self.output_map = self._create_output_map()


class _ResourceMap:
    """What moto's stacks, change sets and responses read of a stack's resources."""

    def __init__(self, stack: LocalStack, checked: bool = False) -> None:
        self._stack = stack
        backend = cloudformation_backends[stack.account_id][stack.region_name]

        def exported(name: str) -> Any:
            return backend.exports[name].value

        cloud = _cloud(stack.account_id, stack.region_name, stack.name)
        self.resources = StackResources(stack.name, stack.stack_id, cloud, exported, stack.record)
        self.no_echo_parameter_keys: list[str] = []
        if stack.template_dict and not checked:
            self.check(stack.template_dict, stack.parameters)

    @property
    def resolved_parameters(self) -> dict[str, Any]:
        return {
            name: ",".join(value) if isinstance(value, list) else value
            for name, value in self.resources.parameters.items()
        }

    def values(self) -> "Iterable[_Described]":
        return [_Described(record) for record in self.resources.records.values()]

    def check(self, template: dict[str, Any], parameters: Mapping[str, str]) -> None:
        try:
            self.resources.check(template, parameters)
        except DeploymentFailed as failure:
            raise ValidationError(message=str(failure)) from failure

    def deploy(self, template: dict[str, Any], parameters: Mapping[str, str]) -> None:
        self.resources.deploy(self.resources.check(template, parameters))

    def plan(self, template: dict[str, Any], parameters: Mapping[str, str]) -> Plan:
        """The plan of a deployment.

        Raises:
            DeploymentFailed: something is wrong.
        """
        return self.resources.check(template, parameters)


class _OutputMap:
    """What moto's stacks read of a stack's outputs."""

    def __init__(self, resources: StackResources) -> None:
        self._resources = resources

    def values(self) -> list[Output]:
        return [
            Output(name, _text(about["Value"]), about["Description"])
            for name, about in self._resources.outputs.items()
        ]

    @property
    def exports(self) -> list[Export]:
        return [
            Export(self._resources.stack_id, about["Export"], _text(about["Value"]))
            for about in self._resources.outputs.values()
            if about["Export"]
        ]


class _Described:
    """A resource as moto's responses read it."""

    def __init__(self, record: Record) -> None:
        self.logical_resource_id = self.logical_id = record.logical_id
        self.physical_resource_id = record.physical_id
        self.type = self.cf_resource_type = record.kind
        self.status = self.resource_status = record.status


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def patch(undo: ExitStack, cloud: Callable[[str, str, str], Cloud]) -> None:
    """Make moto's stacks LocalStacks. ``cloud(account, region, stack)`` is where resources are created."""
    global _cloud
    _cloud = cloud
    replace(undo, cloudformation_models, "Stack", LocalStack)

    def parse(self: Any) -> None:
        self.template_dict = LocalStack.parse_template(self.template)

    replace(undo, ChangeSet, "_parse_template", parse)
