"""The Condition block of a policy's statement.

Within one operator and between operators all must hold; of an operator's values one is enough.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
and https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from localaws.iam.condition_keys import is_supported
from localaws.iam.patterns import Context, matcher, substituted, variables_of

__all__ = ["Condition", "compiled", "condition_problems"]

Condition = Callable[[Context], bool]
_Test = Callable[
    [str, str, Context, bool], bool
]  # a value, the policy's value, the context, whether variables are substituted

_OPERATOR = re.compile(r"^(?:(?P<set>ForAllValues|ForAnyValue):)?(?P<name>\w+?)(?P<if_exists>IfExists)?$")


def _equal(value: str, wanted: str, context: Context, variables: bool) -> bool:
    return value == (substituted(wanted, context) if variables else wanted)


def _equal_ignoring_case(value: str, wanted: str, context: Context, variables: bool) -> bool:
    said = substituted(wanted, context) if variables else wanted
    return said is not None and value.lower() == said.lower()


def _like(value: str, wanted: str, context: Context, variables: bool) -> bool:
    return matcher(wanted, variables=variables)(value, context)


def _arn_like(value: str, wanted: str, context: Context, variables: bool) -> bool:
    """Every part between colons for itself; the last may hold more of them."""
    values, patterns = value.split(":", 5), _arn_parts(wanted)
    return len(values) == len(patterns) and all(
        matcher(pattern, variables=variables)(part, context)
        for part, pattern in zip(values, patterns, strict=True)
    )


def _arn_parts(pattern: str) -> list[str]:
    """An ARN's six parts, where a colon within ``${...}`` divides nothing."""
    parts = re.split(r":(?![^{]*\})", pattern, maxsplit=5)
    return parts if len(parts) == 6 else ["*"] * 6 if pattern == "*" else parts


def _compared(read: Callable[[str], Any], compare: Callable[[Any, Any], bool]) -> _Test:
    def test(value: str, wanted: str, context: Context, variables: bool) -> bool:
        said = substituted(wanted, context) if variables else wanted
        try:
            return said is not None and compare(read(value), read(said))
        except ValueError:
            return False

    return test


def _date(text: str) -> datetime:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return datetime.fromtimestamp(float(text), UTC)
    read = datetime.fromisoformat(text)  # also with Z from Python 3.11
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _in_network(value: str, wanted: str, context: Context, variables: bool) -> bool:
    del context, variables
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda a, b: a == b,
    "LessThan": lambda a, b: a < b,
    "LessThanEquals": lambda a, b: a <= b,
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanEquals": lambda a, b: a >= b,
}
_POSITIVE: dict[str, _Test] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_ignoring_case,
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _equal_ignoring_case,
    "IpAddress": _in_network,
    **{f"Numeric{name}": _compared(float, compare) for name, compare in _ORDER.items()},
    **{f"Date{name}": _compared(_date, compare) for name, compare in _ORDER.items()},
}
_NEGATED: dict[str, _Test] = {
    "StringNotEquals": _equal,
    "StringNotEqualsIgnoreCase": _equal_ignoring_case,
    "StringNotLike": _like,
    "ArnNotEquals": _arn_like,
    "ArnNotLike": _arn_like,
    "NotIpAddress": _in_network,
    "NumericNotEquals": _POSITIVE["NumericEquals"],
    "DateNotEquals": _POSITIVE["DateEquals"],
}


def condition_problems(block: Any) -> Iterator[str]:
    """What of a Condition block is wrong or not supported, by name."""
    if not isinstance(block, Mapping):
        yield "Condition must be an object"
        return
    for operator, tests in block.items():
        if _read(operator)[0] not in {*_POSITIVE, *_NEGATED, "Null"}:
            yield f"condition operator {operator} is not supported by localaws"
        if not isinstance(tests, Mapping):
            yield f"condition operator {operator} needs an object of keys and values"
            continue
        for key, values in tests.items():
            if not is_supported(key):
                yield f"condition key {key} is not supported by localaws"
            for value in _listed(values):
                for variable in variables_of(value):
                    if not is_supported(variable):
                        yield f"policy variable ${{{variable}}} is not supported by localaws"


def compiled(block: Mapping[str, Mapping[str, Any]], variables: bool) -> Condition:
    """The block as a function of a request's context. It must have no problems."""
    tests = [
        _compile(operator, key.lower(), _listed(values), variables)
        for operator, keys in block.items()
        for key, values in keys.items()
    ]
    return lambda context: all(test(context) for test in tests)


def _read(operator: str) -> tuple[str, str | None, bool]:
    """``ForAllValues:StringLikeIfExists``: name, set operator, whether a missing key holds."""
    match = _OPERATOR.match(operator)
    return (match["name"], match["set"], bool(match["if_exists"])) if match else (operator, None, False)


def _compile(operator: str, key: str, wanted: Sequence[str], variables: bool) -> Condition:
    name, over, if_exists = _read(operator)
    if name == "Null":
        absent = [value.lower() == "true" for value in wanted]
        return lambda context: (not context.get(key)) in absent
    negated = name in _NEGATED
    test = _NEGATED[name] if negated else _POSITIVE[name]

    def holds(value: str, context: Context) -> bool:
        return any(test(value, said, context, variables) for said in wanted) is not negated

    def condition(context: Context) -> bool:
        values = context.get(key, ())
        if not values:
            return if_exists or over == "ForAllValues" or (negated and over is None)
        if over == "ForAllValues" or (negated and over is None):
            return all(holds(value, context) for value in values)
        return any(holds(value, context) for value in values)

    return condition


def _listed(values: Any) -> list[str]:
    return [
        str(value).lower() if isinstance(value, bool) else str(value)
        for value in (values if isinstance(values, list) else [values])
    ]
