"""Decisions about one access, each a file with its source: what AWS documents, case by case."""

import json
from pathlib import Path
from typing import Any

import pytest

from localaws.iam.documents import compiled_policy, policy_problems
from localaws.iam.evaluation import Access, NamedPolicy, Policies, evaluate
from localaws.iam.principals import Principal

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))
WORKER = Principal(
    "AssumedRole",
    "arn:aws:sts::123456789012:assumed-role/worker/job",
    "123456789012",
    role_arn="arn:aws:iam::123456789012:role/worker",
)


def named(document: dict[str, Any] | None, *, of_resource: bool = False) -> NamedPolicy | None:
    if document is None:
        return None
    assert policy_problems(document, of_resource=of_resource) == []
    return NamedPolicy("policy", compiled_policy(json.dumps(document)))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_case(path: Path) -> None:
    case = json.loads(path.read_text())
    request = case["request"]
    access = Access(request["action"], request["resource"])
    context = {key: tuple(values) for key, values in request.get("context", {}).items()}
    identity = named(case.get("identity"))
    policies = Policies(
        identity=[identity] if identity else [],
        resource=named(case.get("resource_policy"), of_resource=True),
        boundary=named(case.get("boundary")),
        session=named(case.get("session")),
        resource_decides=case.get("resource_decides", False),
    )
    principal = Principal(**case["principal"]) if "principal" in case else WORKER

    decision = evaluate(access, principal, context, policies)

    assert (decision.allowed, decision.reason) == (case["allowed"], case.get("reason", ""))


UNSUPPORTED = {
    "condition operator BinaryEquals is not supported": {
        "Condition": {"BinaryEquals": {"aws:SourceIp": "eA=="}}
    },
    "condition key ec2:InstanceType is not supported": {
        "Condition": {"StringEquals": {"ec2:InstanceType": "t3.micro"}}
    },
    "condition key aws:ResourceTag/team is not supported": {
        "Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}}
    },
    "policy variable ${saml:sub} is not supported": {"Resource": "arn:aws:s3:::shop/${saml:sub}/*"},
    "Effect is 'Permit', and must be Allow or Deny": {"Effect": "Permit"},
    "Actoin is not an element of a policy": {"Actoin": "s3:GetObject"},
    "Action and NotAction exclude each other": {"NotAction": "s3:PutObject"},
    "Principal belongs in a resource's policy": {"Principal": "*"},
}


@pytest.mark.parametrize("said", UNSUPPORTED)
def test_what_cannot_be_decided_by_is_named(said: str) -> None:
    statement = {
        "Sid": "One",
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "*",
        **UNSUPPORTED[said],
    }

    (problem,) = policy_problems({"Version": "2012-10-17", "Statement": [statement]})

    assert problem.startswith(f"statement One: {said}")
