"""The base of resource types: supported properties, and how a resource is created, updated and deleted."""

import secrets
import string
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

__all__ = ["Cloud", "Made", "ResourceType", "tag_list", "tag_map"]


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where resources are created: ``client`` returns a boto3 client of a service."""

    client: Callable[[str], Any]
    region: str
    account: str
    stack: str

    def arn(self, service: str, rest: str, *, region: bool = True, account: bool = True) -> str:
        """An ARN of this account and region."""
        return f"arn:aws:{service}:{self.region if region else ''}:{self.account if account else ''}:{rest}"


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that exists. ``Ref`` gives its physical id, ``Fn::GetAtt`` its attributes."""

    physical_id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


class ResourceType(ABC):
    """One type of resource. Subclasses call the service's public API, with properties that are resolved.

    A property that is in neither ``honoured`` nor ``harmless`` fails the deployment by its name.
    """

    name: ClassVar[str]
    honoured: ClassVar[frozenset[str]]
    harmless: ClassVar[frozenset[str]] = frozenset()  # no effect that could be seen on one machine
    required: ClassVar[frozenset[str]] = frozenset()
    replacing: ClassVar[frozenset[str]] = frozenset()  # a change of these makes a new resource
    named_by: ClassVar[str | None] = None  # the property that gives the physical name
    longest_name: ClassVar[int] = 64

    def problems(self, properties: Mapping[str, Any], made_name: str) -> list[str]:
        """What is wrong with properties that are not resolved yet (functions are still in them)."""
        found = [
            f"property {unknown} is not supported by localaws: leave it out"
            for unknown in sorted(set(properties) - self.honoured - self.harmless)
        ]
        found += [f"property {missing} is required" for missing in sorted(self.required - set(properties))]
        del made_name
        return found

    def make_name(self, cloud: Cloud, logical_id: str, properties: Mapping[str, Any]) -> str:
        """The physical name: the one that the template gives, or stack, logical id and a random word."""
        if self.named_by and properties.get(self.named_by):
            return str(properties[self.named_by])
        word = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(12))
        rest = f"-{logical_id}-{word}"
        if len(rest) >= self.longest_name:
            rest = f"-{logical_id[: self.longest_name - 14 - 4]}-{word}"
        return f"{cloud.stack[: self.longest_name - len(rest)]}{rest}"

    def must_replace(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
        """Whether a change of properties requires a replacement."""
        return any(before.get(name) != after.get(name) for name in self.replacing)

    @abstractmethod
    def create(self, cloud: Cloud, name: str, properties: Mapping[str, Any]) -> Made:
        """Create the resource. ``name`` is the result of make_name."""

    @abstractmethod
    def update(
        self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any], before: Mapping[str, Any]
    ) -> Made:
        """Update the resource to ``properties``. Never called when it must be replaced."""

    @abstractmethod
    def delete(self, cloud: Cloud, physical_id: str, properties: Mapping[str, Any]) -> None:
        """Delete the resource, if it still exists."""


def tag_map(tags: Any) -> dict[str, str]:
    """Tags as a mapping, from CloudFormation's list of Key and Value or from SAM's mapping."""
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags or ()}


def tag_list(tags: Any, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    """Tags as a list of mappings, with the keys that a service expects."""
    return [{key: name, value: text} for name, text in tag_map(tags).items()]
