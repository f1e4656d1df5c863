"""Which policies apply: those of the principal and of the resource, as moto stores them."""

import json
from collections.abc import Iterator
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from localaws.iam.access_keys import find_role
from localaws.iam.documents import compiled_policy
from localaws.iam.evaluation import Access, NamedPolicy, Policies
from localaws.iam.principals import Principal
from localaws.s3.buckets import find_bucket

__all__ = ["bucket_policy", "find_bucket", "find_function", "managed_document", "policies_for"]

_EVERYTHING = NamedPolicy(
    "administrator",
    compiled_policy('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'),
)


def policies_for(principal: Principal, access: Access) -> Policies:
    """All of them. The account itself may do everything but what a resource's policy denies, and
    assume roles that trust it.
    """
    try:
        resource, decides = _of_resource(access)
    except KeyError:  # an ARN of a region that there is not
        resource, decides = None, False
    if principal.kind == "Account":
        trust = decides and access.action == "sts:AssumeRole"
        return Policies([_EVERYTHING], resource, resource_decides=trust)
    session = principal.session_policy
    return Policies(
        identity=list(_of_identity(principal)),
        resource=resource,
        boundary=_boundary(principal),
        session=NamedPolicy("session policy", compiled_policy(session)) if session else None,
        resource_decides=decides,
    )


def _of_identity(principal: Principal) -> Iterator[NamedPolicy]:
    if principal.kind == "AssumedRole":
        if role := find_role(principal.role_arn):
            yield from _attached(f"role/{role.name}", role)
    elif principal.kind == "User":
        backend = iam_backends[principal.account]["aws"]
        user: Any = backend.users.get(principal.name)
        if user is None:
            return
        yield from _attached(f"user/{user.name}", user)
        for group in list(backend.groups.values()):
            if user in group.users:
                yield from _attached(f"group/{group.name}", group)


def _attached(owner: str, identity: Any) -> Iterator[NamedPolicy]:
    for name, document in list(identity.policies.items()):
        yield NamedPolicy(f"{owner}: {name}", compiled_policy(document))
    for policy in list(identity.managed_policies.values()):
        yield NamedPolicy(f"{owner}: {policy.arn}", compiled_policy(managed_document(policy)))


def _boundary(principal: Principal) -> NamedPolicy | None:
    arn = None
    backend: Any = iam_backends[principal.account]["aws"] if principal.account else None
    if principal.kind == "AssumedRole" and (role := find_role(principal.role_arn)):
        arn = role.permissions_boundary_arn
    elif principal.kind == "User" and principal.name in backend.users:
        arn = getattr(backend.users[principal.name], "permissions_boundary_arn", None)
    if not arn:
        return None
    policy = backend.managed_policies.get(arn)
    document = managed_document(policy) if policy else '{"Statement": []}'  # gone: it allows nothing
    return NamedPolicy(str(arn), compiled_policy(document))


def managed_document(policy: Any) -> str:
    """The default version of moto's managed policy."""
    document = next(
        version.document for version in policy.versions if version.version_id == policy.default_version_id
    )
    return document if isinstance(document, str) else json.dumps(document)


def _of_resource(access: Access) -> tuple[NamedPolicy | None, bool]:
    """The resource's policy, and whether access requires one."""
    if access.resource.count(":") < 5:
        return None, False
    _, _, service, region, account, name = access.resource.split(":", 5)
    document, decides = None, False
    if service == "s3":
        return bucket_policy(name.partition("/")[0]), False
    if service == "sns":
        topic: Any = sns_backends[account][region].topics.get(access.resource)
        document = topic.policy if topic else None
    elif service == "sqs":
        queue: Any = sqs_backends[account][region].queues.get(name)
        document = queue.policy if queue else None
    elif service == "lambda" and name.startswith("function:"):
        document = _of_function(account, region, name.split(":")[1])
    elif service == "secretsmanager":
        secret: Any = secretsmanager_backends[account][region].secrets.get(access.resource)
        document = secret.policy if secret else None
    elif service == "kms" and name.startswith("key/"):
        key: Any = kms_backends[account][region].keys.get(name.removeprefix("key/"))
        document, decides = (key.policy if key else None), key is not None
    elif access.action == "sts:AssumeRole" and (role := find_role(access.resource)):
        document, decides = role.assume_role_policy_document, True
    if not document:
        return None, decides
    return NamedPolicy(access.resource, compiled_policy(document)), decides


def bucket_policy(bucket: str) -> NamedPolicy | None:
    """The policy of a bucket; None when it has none."""
    found = find_bucket(bucket)
    if found is None or found.policy is None:
        return None
    return NamedPolicy(f"arn:aws:s3:::{bucket}", compiled_policy(found.policy.decode()))


def find_function(account: str, region: str, name: str) -> Any:
    """moto's function of that name, as it is last; None when there is none."""
    known = lambda_backends[account][region]._lambdas._functions.get(name)
    return known["latest"] if known else None


def _of_function(account: str, region: str, name: str) -> str | None:
    function = find_function(account, region, name)
    if function is None or not function.policy or not function.policy.statements:
        return None
    return json.dumps({"Version": "2012-10-17", "Statement": function.policy.statements})
