"""Refuse policies that cannot be evaluated, and roles that cannot be assumed, when they are created.

A condition that is not evaluated would silently allow or deny. So what is not supported is refused by name.
For AWS's own managed policies, which cannot be changed, a warning names the statements without effect.
"""

import json
import logging
from collections.abc import Iterator
from typing import Any

from moto.iam.models import iam_backends

from localaws.iam.access_keys import find_role
from localaws.iam.calls import Call
from localaws.iam.documents import compiled_policy, policy_problems
from localaws.iam.evaluation import Access, NamedPolicy, Policies, evaluate
from localaws.iam.policies import managed_document
from localaws.iam.principals import Principal
from localaws.iam.refusals import Refused

__all__ = ["check"]

log = logging.getLogger(__name__)

_OF_IDENTITIES = {
    "CreatePolicy": "PolicyDocument",
    "CreatePolicyVersion": "PolicyDocument",
    "PutGroupPolicy": "PolicyDocument",
    "PutRolePolicy": "PolicyDocument",
    "PutUserPolicy": "PolicyDocument",
}
_TRUST = {"CreateRole": "AssumeRolePolicyDocument", "UpdateAssumeRolePolicy": "PolicyDocument"}
_ATTACHING = {"AttachGroupPolicy", "AttachRolePolicy", "AttachUserPolicy"}
_FUNCTIONS = {"CreateFunction", "UpdateFunctionConfiguration"}
_MACHINES = {"CreateStateMachine", "UpdateStateMachine"}
_TARGETS = {
    "kms": {"CreateKey", "PutKeyPolicy"},
    "secretsmanager": {"PutResourcePolicy"},
    "sqs": {"CreateQueue", "SetQueueAttributes"},
    "stepfunctions": _MACHINES,
}


def check(call: Call) -> None:
    """Check the policies in a request, and the role that it gives to a function, state machine or job run.

    Raises:
        Refused: with what is not supported, by name.
    """
    if call.service == "s3":
        if call.method == "PUT" and "policy" in call.query and "/" not in call.path.strip("/"):
            _require(policy_problems(call.body.decode(), of_resource=True), "MalformedPolicy")
        return
    if not _may_bring_one(call):
        return
    for document, of_resource in _documents(call):
        if document:
            _require(policy_problems(document, of_resource=of_resource), _malformed(call.service))
    _check_role(call)


def _may_bring_one(call: Call) -> bool:
    """Whether the rest of a request is worth reading."""
    if call.service in {"iam", "sns", "sts"}:
        return True
    if call.service == "lambda":
        return call.method in {"POST", "PUT"} and call.path.rstrip("/").endswith(
            ("/functions", "/configuration")
        )
    if call.service == "emr-serverless":
        return call.method == "POST" and call.path.rstrip("/").endswith("/jobruns")
    return (call.header("X-Amz-Target") or "").rpartition(".")[2] in _TARGETS.get(call.service, ())


def _documents(call: Call) -> Iterator[tuple[str, bool]]:
    parameters, operation = call.parameters, call.operation
    if call.service == "iam":
        if operation in _OF_IDENTITIES:
            yield str(parameters.get(_OF_IDENTITIES[operation], "")), False
        if operation in _TRUST:
            yield str(parameters.get(_TRUST[operation], "")), True
        arn = parameters.get("PolicyArn") if operation in _ATTACHING else None
        if arn and str(arn).startswith("arn:aws:iam::aws:"):
            _warn(call, str(arn))
    elif call.service == "sts":
        yield str(parameters.get("Policy", "")), False
    elif call.service == "sns":
        if operation == "SetTopicAttributes" and parameters.get("AttributeName") == "Policy":
            yield str(parameters.get("AttributeValue", "")), True
        if operation == "CreateTopic":
            for name, value in parameters.items():
                if name.endswith(".key") and value == "Policy":
                    yield str(parameters.get(name.removesuffix("key") + "value", "")), True
    elif call.service == "sqs":
        yield str((parameters.get("Attributes") or {}).get("Policy", "")), True
    elif call.service == "kms":
        yield str(parameters.get("Policy") or ""), True
    elif call.service == "secretsmanager":
        yield str(parameters.get("ResourcePolicy", "")), True


def _warn(call: Call, arn: str) -> None:
    policy: Any = iam_backends[call.account]["aws"].managed_policies.get(arn)
    if policy is not None and (problems := policy_problems(managed_document(policy))):
        log.warning("%s: these statements allow nothing: %s", arn, "; ".join(problems))


def _malformed(service: str) -> str:
    return {
        "iam": "MalformedPolicyDocument",
        "sts": "MalformedPolicyDocument",
        "kms": "MalformedPolicyDocumentException",
        "secretsmanager": "MalformedPolicyDocumentException",
    }.get(service, "InvalidParameter")


def _require(problems: list[str], code: str) -> None:
    if problems:
        raise Refused(400, code, "; ".join(problems))


def _check_role(call: Call) -> None:
    if call.service == "lambda" and call.operation in _FUNCTIONS:
        role, service = call.parameters.get("Role"), "lambda.amazonaws.com"
        refused = Refused(
            400,
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        )
    elif call.service == "stepfunctions" and call.operation in _MACHINES:
        role, service = call.parameters.get("roleArn"), "states.amazonaws.com"
        refused = Refused(
            400,
            "AccessDeniedException",
            "Neither the global service principal states.amazonaws.com, nor the regional one is authorized "
            "to assume the provided role.",
        )
    elif call.service == "emr-serverless" and call.operation == "StartJobRun":
        role, service = call.parameters.get("executionRoleArn"), "emr-serverless.amazonaws.com"
        refused = Refused(
            400, "ValidationException", f"The execution role {role} cannot be assumed by EMR Serverless."
        )
    else:
        return
    if role and (found := find_role(str(role))) and not _trusts(found, service, call):
        raise refused


def _trusts(role: Any, service: str, call: Call) -> bool:
    document = role.assume_role_policy_document
    trust = NamedPolicy(
        role.arn, compiled_policy(document if isinstance(document, str) else json.dumps(document))
    )
    context = {
        "aws:sourceaccount": (call.account,),
        "aws:principalisawsservice": ("true",),
        "aws:principalservicename": (service,),
    }
    # What the service acts for exists only later: a condition on aws:SourceArn is not decided here.
    principal = Principal("Service", service, "", name=service)
    access = Access("sts:AssumeRole", role.arn)
    return evaluate(access, principal, context, Policies(resource=trust)).allowed or "aws:SourceArn" in str(
        document
    )
