"""Evaluate a template's intrinsic functions.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["NO_VALUE", "IntrinsicError", "Resolver", "references"]

NO_VALUE = object()
"""What ``Ref: AWS::NoValue`` means: leave the property out."""

_VARIABLE = re.compile(r"\$\{(!?)([^}!]+)\}")


class IntrinsicError(ValueError):
    """A function that cannot be evaluated. The message names the function and what is wrong."""


class Resolver:
    """Evaluates values of one template.

    ``ref`` gives the value of a parameter, pseudo parameter or resource, ``attribute`` an attribute of a
    resource, ``exported`` another stack's export; each raises IntrinsicError for what it does not know.
    """

    def __init__(
        self,
        template: Mapping[str, Any],
        ref: Callable[[str], Any],
        attribute: Callable[[str, str], Any],
        exported: Callable[[str], Any],
        region: str,
    ) -> None:
        self._mappings: Mapping[str, Any] = template.get("Mappings") or {}
        self._conditions: Mapping[str, Any] = template.get("Conditions") or {}
        self._ref, self._attribute, self._exported, self._region = ref, attribute, exported, region
        self._holds: dict[str, bool] = {}

    def resolve(self, value: Any) -> Any:
        """``value`` with every function in it evaluated; NO_VALUE where it vanishes."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return NO_VALUE if argument == "AWS::NoValue" else self._ref(argument)
            if name == "Condition" and isinstance(argument, str):
                return self.holds(argument)
            if isinstance(name, str) and name.startswith("Fn::"):
                function = _FUNCTIONS.get(name)
                if function is None:
                    raise IntrinsicError(f"{name} is not supported by localaws")
                try:
                    return function(self, argument)
                except IntrinsicError:
                    raise
                except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
                    raise IntrinsicError(
                        f"{name}: {error!r} in {json.dumps(argument, default=str)}"
                    ) from error
        resolved = {name: self.resolve(item) for name, item in value.items()}
        return {name: item for name, item in resolved.items() if item is not NO_VALUE}

    def holds(self, condition: str) -> bool:
        """Whether the template's condition of that name is true."""
        if condition not in self._holds:
            if condition not in self._conditions:
                raise IntrinsicError(f"there is no condition {condition!r} under Conditions")
            self._holds[condition] = bool(self._truth(self._conditions[condition]))
        return self._holds[condition]

    def _truth(self, value: Any) -> bool:
        if isinstance(value, dict) and set(value) == {"Condition"}:
            return self.holds(value["Condition"])
        return bool(self.resolve(value))

    def _equals(self, arguments: list[Any]) -> bool:
        left, right = (self.resolve(argument) for argument in arguments)
        return str(left) == str(right)

    def _and(self, arguments: list[Any]) -> bool:
        return all(self._truth(argument) for argument in arguments)

    def _or(self, arguments: list[Any]) -> bool:
        return any(self._truth(argument) for argument in arguments)

    def _not(self, arguments: list[Any]) -> bool:
        (argument,) = arguments
        return not self._truth(argument)

    def _if(self, arguments: list[Any]) -> Any:
        condition, yes, no = arguments
        return self.resolve(yes if self.holds(condition) else no)

    def _get_att(self, argument: Any) -> Any:
        if isinstance(argument, str):
            argument = argument.split(".", 1)
        logical_id, *attribute = argument
        return self._attribute(logical_id, ".".join(str(self.resolve(part)) for part in attribute))

    def _sub(self, argument: Any) -> str:
        text, given = argument if isinstance(argument, list) else (argument, {})
        variables = {name: self.resolve(value) for name, value in given.items()}

        def value(match: re.Match[str]) -> str:
            literal, name = match[1], match[2].strip()
            if literal:
                return "${" + match[2] + "}"
            if name in variables:
                return _text(variables[name])
            if "." in name:
                return _text(self._attribute(*name.split(".", 1)))
            return _text(self._ref(name))

        return _VARIABLE.sub(value, text)

    def _join(self, arguments: list[Any]) -> str:
        delimiter, items = arguments
        return str(delimiter).join(_text(item) for item in self.resolve(items))

    def _split(self, arguments: list[Any]) -> list[str]:
        delimiter, text = arguments
        return str(self.resolve(text)).split(str(delimiter))

    def _select(self, arguments: list[Any]) -> Any:
        index, items = arguments
        chosen = self.resolve(items)
        if isinstance(chosen, str):
            chosen = chosen.split(",")
        return chosen[int(self.resolve(index))]

    def _find_in_map(self, arguments: list[Any]) -> Any:
        name, first, second, *default = (self.resolve(argument) for argument in arguments)
        try:
            return self.resolve(self._mappings[name][first][second])
        except KeyError as error:
            if default and isinstance(default[0], dict) and "DefaultValue" in default[0]:
                return default[0]["DefaultValue"]
            raise IntrinsicError(f"Fn::FindInMap: Mappings has no {name}.{first}.{second}") from error

    def _base64(self, argument: Any) -> str:
        return base64.b64encode(_text(self.resolve(argument)).encode()).decode()

    def _import_value(self, argument: Any) -> Any:
        return self._exported(self.resolve(argument))

    def _get_azs(self, argument: Any) -> list[str]:
        region = self.resolve(argument) or self._region
        return [f"{region}{zone}" for zone in "abc"]

    def _to_json_string(self, argument: Any) -> str:
        return json.dumps(self.resolve(argument))

    def _length(self, argument: Any) -> int:
        return len(self.resolve(argument))

    def _cidr(self, arguments: list[Any]) -> list[str]:
        block, count, *bits = (self.resolve(argument) for argument in arguments)
        size = 32 - int(bits[0]) if bits else 27
        subnets = ipaddress.ip_network(block).subnets(new_prefix=size)
        return [str(next(subnets)) for _ in range(int(count))]


_FUNCTIONS: dict[str, Callable[[Resolver, Any], Any]] = {
    "Fn::And": Resolver._and,
    "Fn::Base64": Resolver._base64,
    "Fn::Cidr": Resolver._cidr,
    "Fn::Equals": Resolver._equals,
    "Fn::FindInMap": Resolver._find_in_map,
    "Fn::GetAZs": Resolver._get_azs,
    "Fn::GetAtt": Resolver._get_att,
    "Fn::If": Resolver._if,
    "Fn::ImportValue": Resolver._import_value,
    "Fn::Join": Resolver._join,
    "Fn::Length": Resolver._length,
    "Fn::Not": Resolver._not,
    "Fn::Or": Resolver._or,
    "Fn::Select": Resolver._select,
    "Fn::Split": Resolver._split,
    "Fn::Sub": Resolver._sub,
    "Fn::ToJsonString": Resolver._to_json_string,
}


def references(value: Any) -> Iterator[str]:
    """The logical ids, parameters among them, that ``value`` refers to.

    >>> sorted(references({"A": {"Ref": "X"}, "B": {"Fn::Sub": "${Y.Arn}/${Z}/${!W}"}}))
    ['X', 'Y', 'Z']
    """
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for name, argument in value.items():
            if name == "Ref" and isinstance(argument, str):
                yield argument
            elif name == "Fn::GetAtt":
                yield (argument.split(".", 1) if isinstance(argument, str) else argument)[0]
            elif name == "Fn::Sub":
                text, given = argument if isinstance(argument, list) else (argument, {})
                for literal, variable in _VARIABLE.findall(text):
                    if not literal and variable.strip() not in given:
                        yield variable.strip().split(".", 1)[0]
                yield from references(given)
            else:
                yield from references(argument)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(_text, value))
    if isinstance(value, dict):
        raise IntrinsicError(f"expected text, got {json.dumps(value, default=str)}")
    return str(value)
