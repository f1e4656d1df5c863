"""Policy documents, compiled once.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from localaws.iam import conditions
from localaws.iam.condition_keys import is_supported
from localaws.iam.patterns import Context, matcher, variables_of
from localaws.iam.principals import Principal

__all__ = ["Policy", "Statement", "compiled_policy", "policy_problems"]

_ELEMENTS = {
    "Action",
    "Condition",
    "Effect",
    "NotAction",
    "NotPrincipal",
    "NotResource",
    "Principal",
    "Resource",
    "Sid",
}
_MATCHERS = list[Callable[[str, Context], bool]]


class _Matches:
    """Whether a value matches one of several patterns (or, for NotAction and NotResource, none of them)."""

    def __init__(
        self, patterns: Sequence[str], *, negated: bool, variables: bool, ignore_case: bool = False
    ) -> None:
        self.patterns, self.negated = tuple(patterns), negated
        self._matchers: _MATCHERS = [
            matcher(pattern, variables=variables, ignore_case=ignore_case) for pattern in patterns
        ]

    def __call__(self, value: str, context: Context) -> bool:
        return any(match(value, context) for match in self._matchers) is not self.negated


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. ``number`` counts from 0 within its policy."""

    number: int
    allows: bool
    action: _Matches
    resource: _Matches
    principals: tuple[tuple[str, str], ...] | None  # (kind, name); None in an identity's policy
    not_principals: bool
    condition: conditions.Condition | None

    def applies(self, action: str, resource: str, context: Context) -> bool:
        """Whether it covers this action on this resource, for any principal."""
        return (
            self.action(action, context)
            and self.resource(resource, context)
            and (self.condition is None or self.condition(context))
        )

    def names(self, principal: Principal) -> bool:
        """Whether a resource's policy means this principal itself."""
        if self.principals is None:
            return True
        named = any(principal.is_named(kind, name) for kind, name in self.principals)
        return named is not self.not_principals

    def names_account(self, principal: Principal) -> bool:
        """Whether it leaves the decision to the policies of the principal's account."""
        return (
            self.principals is not None
            and not self.not_principals
            and any(kind == "AWS" and principal.belongs_to(name) for kind, name in self.principals)
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """A compiled document."""

    statements: tuple[Statement, ...]


def policy_problems(document: str | Mapping[str, Any], *, of_resource: bool = False) -> list[str]:
    """Why a document cannot be evaluated: each problem with its statement; empty when there is none.

    >>> policy_problems({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*",
    ...                                "Condition": {"Bool": {"ec2:Vpc": "x"}}}})
    ['statement 0: condition key ec2:Vpc is not supported by localaws']
    """
    try:
        read = json.loads(document) if isinstance(document, str) else document
    except ValueError as error:
        return [f"the policy is not JSON: {error}"]
    if not isinstance(read, Mapping):
        return ["the policy is not a JSON object"]
    found = []
    for number, statement in enumerate(_statements(read)):
        if not isinstance(statement, Mapping):
            found.append(f"statement {number}: is not an object")
            continue
        where = f"statement {statement.get('Sid') or number}"
        found += [f"{where}: {problem}" for problem in _problems(statement, of_resource)]
    return found


def _problems(statement: Mapping[str, Any], of_resource: bool) -> Iterator[str]:
    for unknown in sorted(set(statement) - _ELEMENTS):
        yield f"{unknown} is not an element of a policy"
    if statement.get("Effect") not in {"Allow", "Deny"}:
        yield f"Effect is {statement.get('Effect')!r}, and must be Allow or Deny"
    for element in ("Action", "Resource", "Principal"):
        given = [name for name in (element, f"Not{element}") if name in statement]
        if len(given) > 1:
            yield f"{element} and Not{element} exclude each other"
        if element == "Action" and not given:
            yield "Action is missing"
        if element == "Principal" and bool(given) is not of_resource:
            yield "Principal is missing" if of_resource else "Principal belongs in a resource's policy"
        if element == "Resource" and not given and not of_resource:
            yield "Resource is missing"
    for element in ("Resource", "NotResource"):
        for text in _listed(statement.get(element, ())):
            for variable in variables_of(text):
                if not is_supported(variable):
                    yield f"policy variable ${{{variable}}} is not supported by localaws"
    if "Condition" in statement:
        yield from conditions.condition_problems(statement["Condition"])


@lru_cache(maxsize=2048)
def compiled_policy(document: str) -> Policy:
    """The policy of that text, which has no problems."""
    read = json.loads(document)
    variables = read.get("Version") == "2012-10-17"
    return Policy(
        tuple(_statement(number, statement, variables) for number, statement in enumerate(_statements(read)))
    )


def _statements(document: Mapping[str, Any]) -> list[Any]:
    statements = document.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _statement(number: int, given: Mapping[str, Any], variables: bool) -> Statement:
    not_principals = "NotPrincipal" in given
    principals = given.get("NotPrincipal" if not_principals else "Principal")
    return Statement(
        number=number,
        allows=given.get("Effect") == "Allow",
        action=_Matches(
            _listed(given.get("Action", given.get("NotAction", ()))),
            negated="NotAction" in given,
            variables=False,
            ignore_case=True,
        ),
        # A trust policy has no Resource: it applies to its role.
        resource=_Matches(
            _listed(given.get("Resource", given.get("NotResource", "*"))),
            negated="NotResource" in given,
            variables=variables,
        ),
        principals=None if principals is None else tuple(_principals(principals)),
        not_principals=not_principals,
        condition=_condition(given, variables),
    )


def _condition(given: Mapping[str, Any], variables: bool) -> conditions.Condition | None:
    block = given.get("Condition")
    if not block:
        return None
    if any(conditions.condition_problems(block)):
        # One of AWS's own policies has it: what cannot be decided allows nothing, and denies.
        denies = given.get("Effect") == "Deny"
        return lambda _: denies
    return conditions.compiled(block, variables)


def _principals(given: Any) -> Iterator[tuple[str, str]]:
    if isinstance(given, Mapping):
        for kind, names in given.items():
            for name in _listed(names):
                yield kind, name
    else:
        for name in _listed(given):
            yield "AWS", name


def _listed(given: Any) -> list[str]:
    return [str(item) for item in given] if isinstance(given, list | tuple) else [str(given)]
