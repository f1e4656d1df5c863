"""Whether a principal is allowed an action: a pure function of policies and a request.

An explicit Deny anywhere wins. Else an identity's policy or, within the account, the resource's policy must
allow it; a permissions boundary or a session's policy must allow it too.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from localaws.iam.documents import Policy, Statement
from localaws.iam.patterns import Context
from localaws.iam.principals import Principal

__all__ = ["Access", "Decision", "Granted", "NamedPolicy", "Policies", "evaluate"]


@dataclass(frozen=True, slots=True)
class Access:
    """One action on one resource. ``context`` has the service's own condition keys, in lower case."""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy and where it is attached, such as ``role/notify-role: notify``."""

    name: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies that apply to one access."""

    identity: Sequence[NamedPolicy] = ()
    resource: NamedPolicy | None = None
    boundary: NamedPolicy | None = None
    session: NamedPolicy | None = None
    resource_decides: bool = (
        False  # trust and key policies: without them, an identity's policy allows nothing
    )


@dataclass(frozen=True, slots=True)
class Granted:
    """The statement that allowed or denied something."""

    policy: str
    statement: int


@dataclass(frozen=True, slots=True)
class Decision:
    """``reason`` ends AWS's message of a denial: "because no identity-based policy allows the ... action"."""

    allowed: bool
    by: Granted | None = None
    reason: str = ""


def evaluate(access: Access, principal: Principal, context: Context, policies: Policies) -> Decision:
    """Decide about one access. ``context`` is the request's whole context, with that of the access.

    Of several statements that allow it, ``by`` names the first: identity's before the resource's.
    """
    kinds = (
        ("an identity-based policy", policies.identity),
        ("a resource-based policy", [policies.resource] if policies.resource else []),
        ("a permissions boundary", [policies.boundary] if policies.boundary else []),
        ("a session policy", [policies.session] if policies.session else []),
    )
    for kind, named in kinds:
        if denied := _first(named, access, principal, context, allows=False):
            return Decision(False, denied, f"with an explicit deny in {kind}")
    by_identity = _first(policies.identity, access, principal, context, allows=True)
    by_resource, delegated = None, False
    if policies.resource is not None:
        by_resource = _first([policies.resource], access, principal, context, allows=True)
        delegated = any(
            statement.names_account(principal)
            for statement in policies.resource.policy.statements
            if statement.allows and statement.applies(access.action, access.resource, context)
        )
    if policies.resource_decides and by_resource is None and not delegated:
        return Decision(False, None, _none("resource-based policy", access))
    granted = by_identity or by_resource
    if granted is None:
        return Decision(False, None, _none("identity-based policy", access))
    for kind, limit in (("permissions boundary", policies.boundary), ("session policy", policies.session)):
        if limit is not None and not _first([limit], access, principal, context, allows=True):
            return Decision(False, None, _none(kind, access))
    return Decision(True, granted)


def _first(
    policies: Iterable[NamedPolicy], access: Access, principal: Principal, context: Context, *, allows: bool
) -> Granted | None:
    for named in policies:
        for statement in named.policy.statements:
            if statement.allows is allows and _applies(statement, access, principal, context):
                return Granted(named.name, statement.number)
    return None


def _applies(statement: Statement, access: Access, principal: Principal, context: Context) -> bool:
    if not statement.applies(access.action, access.resource, context):
        return False
    # A denial of the whole account means everybody in it.
    return statement.names(principal) or (not statement.allows and statement.names_account(principal))


def _none(kind: str, access: Access) -> str:
    return f"because no {kind} allows the {access.action} action"
