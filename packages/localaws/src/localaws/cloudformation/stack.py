"""One stack: a template's resources, made in the order of their dependencies, changed and removed.

Nothing is made while anything is known to be wrong: types, properties, parameters, conditions, references and
the definitions of state machines are checked first, and all problems are reported at once.
"""

import copy
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.cloudformation.image_sources import revise, with_sources
from localaws.cloudformation.intrinsics import NO_VALUE, IntrinsicError, Resolver, references
from localaws.cloudformation.parameters import parameter_values
from localaws.cloudformation.problems import DeploymentFailed, Problem
from localaws.cloudformation.resource import Cloud
from localaws.cloudformation.resources import RESOURCE_TYPES
from localaws.cloudformation.transform import NotTransformed, transformed

__all__ = ["Event", "Plan", "Record", "StackResources"]

log = logging.getLogger(__name__)

_SECTIONS = {
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
}
_RESOURCE_FIELDS = {
    "Condition",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
}


@dataclass(slots=True)
class Record:
    """A created resource: its properties, and what other resources can refer to."""

    logical_id: str
    kind: str
    physical_id: str
    properties: dict[str, Any]
    attributes: dict[str, Any]
    status: str
    retained: bool = False
    changed: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a resource, as DescribeStackEvents returns it."""

    logical_id: str
    kind: str
    physical_id: str
    status: str
    reason: str = ""


class StackResources:
    """The resources of one stack. ``exports`` gives another stack's export, or raises KeyError."""

    def __init__(
        self,
        name: str,
        stack_id: str,
        cloud: Cloud,
        exports: Callable[[str], Any],
        record: Callable[[Event], None],
    ) -> None:
        self.name, self.stack_id = name, stack_id
        self.parameters: dict[str, Any] = {}
        self.records: dict[str, Record] = {}
        self.outputs: dict[str, dict[str, Any]] = {}
        self._cloud, self._exports, self._record_event = cloud, exports, record

    def check(self, template: dict[str, Any], given: Mapping[str, str]) -> "Plan":
        """The plan of deploying ``template``.

        Raises:
            DeploymentFailed: something is wrong, and nothing was touched.
        """
        values, problems = parameter_values(template.get("Parameters") or {}, given, self._ssm)
        if problems:
            raise DeploymentFailed(self.name, problems, "nothing was created")
        try:
            plain = transformed(template, values, self._cloud.region)
        except NotTransformed as error:
            raise DeploymentFailed(self.name, error.problems, "nothing was created") from error
        plan = Plan(with_sources(plain, Path.cwd()), values)
        problems = plan.problems(self._resolver(plan))
        if problems:
            raise DeploymentFailed(self.name, problems, "nothing was created")
        return plan

    def wanted(self, plan: "Plan") -> list[str]:
        """The logical ids of the resources whose conditions hold, in the order in which they are made."""
        resolver = self._resolver(plan)
        return [logical_id for logical_id in plan.order() if plan.is_wanted(logical_id, resolver)]

    def deploy(self, plan: "Plan") -> None:
        """Carry out ``plan``: create, change and replace resources, then remove those that are left over.

        Raises:
            DeploymentFailed: a resource could not be made. A new stack is removed again; one that was there
                is left as it is, and the next deployment continues from there.
        """
        new = not self.records
        self.parameters = plan.parameters
        revise(plan.resources)
        resolver = self._resolver(plan)
        superseded: list[Record] = []
        try:
            wanted = self.wanted(plan)
            for logical_id in wanted:
                self._make(logical_id, plan.resources[logical_id], resolver, superseded)
            gone = [known for known in reversed(self.records) if known not in wanted]
            superseded.extend(self.records.pop(logical_id) for logical_id in gone)
            self.outputs = _outputs(plan, resolver)
        except _Failed as failure:
            if new:
                self._roll_back()
            done = (
                "the resources that had been created were removed"
                if new
                else "the stack is left as it is; deploy again to continue"
            )
            raise DeploymentFailed(self.name, [failure.problem], done) from failure
        self._remove(superseded)

    def delete(self) -> None:
        """Delete every resource, in reverse order of creation.

        Raises:
            DeploymentFailed: some could not be removed; they are still in the stack.
        """
        problems: list[Problem] = []
        for logical_id in list(reversed(self.records)):
            record = self.records[logical_id]
            if not record.retained:
                try:
                    RESOURCE_TYPES[record.kind].delete(self._cloud, record.physical_id, record.properties)
                except (ClientError, BotoCoreError) as error:
                    problems.append(Problem(_where(logical_id, record.kind), _reason(error)))
                    continue
                self._record_event(Event(logical_id, record.kind, record.physical_id, "DELETE_COMPLETE"))
            del self.records[logical_id]
        if problems:
            raise DeploymentFailed(self.name, problems, "all resources that could be removed were removed")

    def _make(
        self, logical_id: str, resource: Mapping[str, Any], resolver: Resolver, superseded: list[Record]
    ) -> None:
        kind = resource["Type"]
        handler, before = RESOURCE_TYPES[kind], self.records.get(logical_id)
        try:
            properties = resolver.resolve(resource.get("Properties") or {})
            retained = resource.get("DeletionPolicy") in {"Retain", "RetainExceptOnCreate"}
            if before is not None and before.kind == kind and before.properties == properties:
                before.retained = retained
                self._keep_order(logical_id)
                return
            if before is None or before.kind != kind or handler.must_replace(before.properties, properties):
                name = handler.make_name(self._cloud, logical_id, properties)
                self._record_event(Event(logical_id, kind, name, "CREATE_IN_PROGRESS"))
                made = handler.create(self._cloud, name, copy.deepcopy(properties))
                if before is not None and before.physical_id != made.physical_id:
                    superseded.append(before)
                status = "CREATE_COMPLETE"
            else:
                self._record_event(Event(logical_id, kind, before.physical_id, "UPDATE_IN_PROGRESS"))
                made = handler.update(
                    self._cloud, before.physical_id, copy.deepcopy(properties), before.properties
                )
                status = "UPDATE_COMPLETE"
        except (ClientError, BotoCoreError, IntrinsicError, KeyError, TypeError, ValueError) as error:
            reason = _reason(error)
            log.debug("%s failed", _where(logical_id, kind), exc_info=True)
            self._record_event(
                Event(logical_id, kind, before.physical_id if before else "", "CREATE_FAILED", reason)
            )
            raise _Failed(Problem(_where(logical_id, kind), reason)) from error
        self.records[logical_id] = Record(
            logical_id, kind, made.physical_id, properties, dict(made.attributes), status, retained
        )
        self._keep_order(logical_id)
        self._record_event(Event(logical_id, kind, made.physical_id, status))

    def _keep_order(self, logical_id: str) -> None:
        """Records are in the order of their dependencies: what is created later is removed earlier."""
        self.records[logical_id] = self.records.pop(logical_id)

    def _roll_back(self) -> None:
        try:
            self.delete()
        except DeploymentFailed as error:
            log.warning("after a failed creation: %s", error)
            self.records.clear()

    def _remove(self, records: list[Record]) -> None:
        for record in records:
            if record.retained:
                continue
            try:
                RESOURCE_TYPES[record.kind].delete(self._cloud, record.physical_id, record.properties)
            except (ClientError, BotoCoreError) as error:
                # AWS also continues when it cannot clean up after an update.
                log.warning("%s was not removed: %s", _where(record.logical_id, record.kind), _reason(error))
                self._record_event(
                    Event(record.logical_id, record.kind, record.physical_id, "DELETE_FAILED", _reason(error))
                )
            else:
                self._record_event(
                    Event(record.logical_id, record.kind, record.physical_id, "DELETE_COMPLETE")
                )

    def _resolver(self, plan: "Plan") -> Resolver:
        pseudo = {
            "AWS::AccountId": self._cloud.account,
            "AWS::NotificationARNs": [],
            "AWS::Partition": "aws",
            "AWS::Region": self._cloud.region,
            "AWS::StackId": self.stack_id,
            "AWS::StackName": self.name,
            "AWS::URLSuffix": "amazonaws.com",
        }

        def ref(name: str) -> Any:
            if name in plan.parameters:
                return plan.parameters[name]
            if name in pseudo:
                return pseudo[name]
            if name in self.records:
                return self.records[name].physical_id
            raise IntrinsicError(f"Ref: there is no {name!r}")

        def attribute(logical_id: str, name: str) -> Any:
            record = self.records.get(logical_id)
            if record is None:
                raise IntrinsicError(f"Fn::GetAtt: there is no resource {logical_id!r}")
            if name not in record.attributes:
                has = ", ".join(sorted(record.attributes)) or "none"
                raise IntrinsicError(
                    f"Fn::GetAtt: {record.kind} has no attribute {name!r} in localaws (available: {has})"
                )
            return record.attributes[name]

        def exported(name: str) -> Any:
            try:
                return self._exports(name)
            except KeyError:
                raise IntrinsicError(f"Fn::ImportValue: no stack exports {name!r}") from None

        return Resolver(plan.template, ref, attribute, exported, self._cloud.region)

    def _ssm(self, name: str) -> str:
        ssm = self._cloud.client("ssm")
        try:
            return str(ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
        except ssm.exceptions.ParameterNotFound:
            raise KeyError(name) from None


class Plan:
    """A template without SAM in it, and the values of its parameters."""

    def __init__(self, template: dict[str, Any], parameters: dict[str, Any]) -> None:
        self.template, self.parameters = template, parameters
        self.resources: dict[str, dict[str, Any]] = template.get("Resources") or {}

    def problems(self, resolver: Resolver) -> list[Problem]:
        """All problems that can be found before a resource is created."""
        problems = [
            Problem(section, "is not a section of a template")
            for section in self.template
            if section not in _SECTIONS
        ]
        if not self.resources:
            problems.append(Problem("Resources", "is missing or empty"))
        for logical_id, resource in self.resources.items():
            problems += self._resource_problems(logical_id, resource, resolver)
        for condition in self.template.get("Conditions") or {}:
            problems += _tried(f"condition {condition}", resolver.holds, condition)
        for name, output in (self.template.get("Outputs") or {}).items():
            known = {"Condition", "Description", "Export", "Value"}
            problems += [
                Problem(f"output {name}", f"has the unknown field {extra}") for extra in set(output) - known
            ]
            problems += self._reference_problems(f"output {name}", output)
        if not problems:
            problems += self._cycles()
        return problems

    def is_wanted(self, logical_id: str, resolver: Resolver) -> bool:
        """Whether the resource's condition, if it has one, holds."""
        condition = self.resources[logical_id].get("Condition")
        return condition is None or resolver.holds(condition)

    def order(self) -> list[str]:
        """Logical ids so that each comes after those it depends on; else as in the template."""
        done: dict[str, None] = {}
        waiting = dict.fromkeys(self.resources)
        while waiting:
            ready = [
                logical_id for logical_id in waiting if all(need in done for need in self._needs(logical_id))
            ]
            if not ready:
                raise ValueError(f"circular dependency between {', '.join(waiting)}")
            for logical_id in ready:
                done[logical_id] = None
                del waiting[logical_id]
        return list(done)

    def _needs(self, logical_id: str) -> set[str]:
        resource = self.resources[logical_id]
        explicit = resource.get("DependsOn") or []
        named = {explicit} if isinstance(explicit, str) else set(explicit)
        return (named | set(references(resource.get("Properties")))) & self.resources.keys() - {logical_id}

    def _is_never_made(self, resource: Mapping[str, Any], resolver: Resolver) -> bool:
        """Whether its condition is known, and does not hold: what it asks for need not be supported."""
        condition = resource.get("Condition")
        if not isinstance(condition, str) or condition not in (self.template.get("Conditions") or {}):
            return False
        try:
            return not resolver.holds(condition)
        except IntrinsicError:
            return False

    def _resource_problems(self, logical_id: str, resource: Any, resolver: Resolver) -> Iterator[Problem]:
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            yield Problem(f"resource {logical_id}", "has no Type")
            return
        kind = resource["Type"]
        where = _where(logical_id, kind)
        properties = resource.get("Properties") or {}
        if self._is_never_made(resource, resolver):
            yield from self._reference_problems(where, properties)
            return
        if kind not in RESOURCE_TYPES:
            yield Problem(
                where, f"is not supported by localaws: remove it, or put it under a Condition{_near(kind)}"
            )
            return
        for unknown in sorted(set(resource) - _RESOURCE_FIELDS):
            yield Problem(where, f"{unknown} is not supported by localaws")
        for reason in RESOURCE_TYPES[kind].problems(properties, logical_id):
            yield Problem(where, reason)
        yield from self._reference_problems(where, properties)
        condition = resource.get("Condition")
        if condition is not None and condition not in (self.template.get("Conditions") or {}):
            yield Problem(where, f"there is no condition {condition!r} under Conditions")
        explicit = resource.get("DependsOn") or []
        for need in [explicit] if isinstance(explicit, str) else explicit:
            if need not in self.resources:
                yield Problem(where, f"DependsOn names {need!r}, which is not a resource of this template")

    def _reference_problems(self, where: str, value: Any) -> Iterator[Problem]:
        for name in sorted(set(references(value))):
            if name not in self.resources and name not in self.parameters and not name.startswith("AWS::"):
                yield Problem(where, f"refers to {name!r}, which is neither a parameter nor a resource")

    def _cycles(self) -> list[Problem]:
        try:
            self.order()
        except ValueError as error:
            return [Problem("Resources", str(error))]
        return []


class _Failed(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def _outputs(plan: Plan, resolver: Resolver) -> dict[str, dict[str, Any]]:
    made = {}
    for name, output in (plan.template.get("Outputs") or {}).items():
        condition = output.get("Condition")
        try:
            if condition is not None and not resolver.holds(condition):
                continue
            value = resolver.resolve(output.get("Value"))
            export = resolver.resolve((output.get("Export") or {}).get("Name"))
        except IntrinsicError as error:
            raise _Failed(Problem(f"output {name}", str(error))) from error
        if value is not NO_VALUE:
            made[name] = {"Value": value, "Description": output.get("Description"), "Export": export}
    return made


def _tried(where: str, act: Callable[[Any], Any], argument: Any) -> list[Problem]:
    try:
        act(argument)
    except IntrinsicError as error:
        return [Problem(where, str(error))]
    return []


def _where(logical_id: str, kind: str) -> str:
    return f"{kind} (logical id {logical_id})"


def _near(kind: str) -> str:
    service = kind.rpartition("::")[0]
    near = sorted(known for known in RESOURCE_TYPES if known.startswith(f"{service}::"))
    return f" (supported for {service}: {', '.join(near)})" if near else ""


def _reason(error: Exception) -> str:
    if isinstance(error, ClientError):
        answer = error.response.get("Error", {})
        return f"{error.operation_name}: {answer.get('Code')}: {answer.get('Message')}"
    if isinstance(error, KeyError):
        return f"{error} is missing from its properties"
    return str(error)
