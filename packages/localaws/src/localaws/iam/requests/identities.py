"""Requests to STS and IAM: their actions, roles, users and policies.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
and list_awsidentityandaccessmanagementiam.html beside it
"""

from localaws.iam.calls import Call
from localaws.iam.evaluation import Access

__all__ = ["iam_accesses", "sts_accesses"]

_NAMED = {
    "RoleName": "role",
    "UserName": "user",
    "GroupName": "group",
    "PolicyName": "policy",
    "InstanceProfileName": "instance-profile",
}


def sts_accesses(call: Call) -> list[Access]:
    """Of STS. Everybody may ask who he is: GetCallerIdentity needs no permission."""
    parameters = call.parameters
    if call.operation == "GetCallerIdentity":
        return []
    context = {
        f"sts:{name.lower()}": (str(parameters[name]),)
        for name in ("ExternalId", "RoleSessionName")
        if name in parameters
    }
    return [Access(f"sts:{call.operation}", str(parameters.get("RoleArn", "*")), context)]


def iam_accesses(call: Call) -> list[Access]:
    """Of IAM."""
    from moto.iam.models import iam_backends

    parameters, action = call.parameters, f"iam:{call.operation}"
    if call.operation == "CreateServiceLinkedRole":
        service = str(parameters.get("AWSServiceName", ""))
        linked = f"arn:aws:iam::{call.account}:role/aws-service-role/{service}/*"
        return [Access(action, linked, {"iam:awsservicename": (service,)})]
    for name, kind in _NAMED.items():
        if value := parameters.get(name):
            backend = iam_backends[call.account]["aws"]
            roles = [role.arn for role in list(backend.roles.values()) if role.name == value]
            if kind == "role" and roles:
                return [Access(action, str(roles[0]))]
            path = str(parameters.get("Path") or "/")
            return [Access(action, f"arn:aws:iam::{call.account}:{kind}{path}{value}")]
    return [Access(action, str(parameters.get("PolicyArn") or "*"))]
