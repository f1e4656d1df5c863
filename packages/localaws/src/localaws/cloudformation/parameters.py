"""A template's parameters: defaults, types and constraints."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from localaws.cloudformation.problems import Problem

__all__ = ["parameter_values", "spelled"]

_SSM = re.compile(r"^AWS::SSM::Parameter::Value<(.+)>$")


def parameter_values(
    declared: Mapping[str, Any], given: Mapping[str, str], ssm: Callable[[str], str]
) -> tuple[dict[str, Any], list[Problem]]:
    """The value of every parameter, and what is wrong with those that are given.

    ``ssm`` reads a parameter of the Parameter Store, for types that name one; it raises KeyError when there
    is none.

    >>> declared = {"Size": {"Type": "Number", "MaxValue": 9}}
    >>> values, problems = parameter_values(declared, {"Size": "12"}, {}.__getitem__)
    >>> [str(problem) for problem in problems]
    ["parameter Size: is '12', and must be at most 9"]
    """
    values: dict[str, Any] = {}
    problems = [
        Problem(
            f"parameter {name}",
            f"is not declared under Parameters (declared: {', '.join(declared) or 'none'})",
        )
        for name in given
        if name not in declared
    ]
    for name, about in declared.items():
        if name in given:
            text = str(given[name])
        elif "Default" in about:
            text = spelled(about["Default"])
        else:
            problems.append(Problem(f"parameter {name}", "has no default and was not given"))
            continue
        where = f"parameter {name}"
        if reason := _refusal(text, about):
            problems.append(Problem(where, reason))
            continue
        kind = str(about.get("Type", "String"))
        if match := _SSM.match(kind):
            kind = match[1]
            try:
                text = ssm(text)
            except KeyError:
                problems.append(Problem(where, f"names the SSM parameter {text!r}, which does not exist"))
                continue
        lists = kind == "CommaDelimitedList" or kind.startswith("List<")
        values[name] = [part.strip() for part in text.split(",")] if lists else text
    return values, problems


def spelled(default: Any) -> str:
    """A Default or an allowed value as the text that a caller would give."""
    if isinstance(default, bool):
        return str(default).lower()
    return ",".join(map(str, default)) if isinstance(default, list) else str(default)


def _refusal(text: str, about: Mapping[str, Any]) -> str | None:
    hint = f" ({about['ConstraintDescription']})" if "ConstraintDescription" in about else ""
    allowed = about.get("AllowedValues")
    if allowed is not None and text not in [spelled(value) for value in allowed]:
        return f"is {text!r}, and must be one of {', '.join(spelled(value) for value in allowed)}{hint}"
    pattern = about.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(str(pattern), text):
        return f"is {text!r}, and must match {pattern}{hint}"
    if "MinLength" in about and len(text) < int(about["MinLength"]):
        return f"is {text!r}, and must be at least {about['MinLength']} characters long{hint}"
    if "MaxLength" in about and len(text) > int(about["MaxLength"]):
        return f"is {text!r}, and must be at most {about['MaxLength']} characters long{hint}"
    if about.get("Type") == "Number":
        try:
            number = float(text)
        except ValueError:
            return f"is {text!r}, and must be a number{hint}"
        if "MinValue" in about and number < float(about["MinValue"]):
            return f"is {text!r}, and must be at least {about['MinValue']}{hint}"
        if "MaxValue" in about and number > float(about["MaxValue"]):
            return f"is {text!r}, and must be at most {about['MaxValue']}{hint}"
    return None
