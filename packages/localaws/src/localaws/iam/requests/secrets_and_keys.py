"""Requests to Systems Manager's parameters, Secrets Manager and KMS.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html,
list_awssecretsmanager.html and list_awskeymanagementservice.html beside it
"""

import base64
from typing import Any

from localaws.iam.calls import Call
from localaws.iam.evaluation import Access

__all__ = ["kms_accesses", "secretsmanager_accesses", "ssm_accesses"]


def ssm_accesses(call: Call) -> list[Access]:
    """Of Systems Manager."""
    parameters, action = call.parameters, f"ssm:{call.operation}"
    if "Parameter" not in call.operation or call.operation == "DescribeParameters":
        return [Access(action, "*")]
    names = parameters.get("Names") or [parameters.get("Name") or parameters.get("Path") or "*"]
    return [Access(action, _parameter(call, str(name))) for name in names]


def _parameter(call: Call, name: str) -> str:
    if name.startswith("arn:"):
        return name
    name = name.removeprefix("/").rstrip("/").partition(":")[0]
    return f"arn:aws:ssm:{call.region}:{call.account}:parameter/{name}"


def secretsmanager_accesses(call: Call) -> list[Access]:
    """Of Secrets Manager: a secret's ARN ends in six letters that only the service knows."""
    from moto.secretsmanager.models import secretsmanager_backends

    parameters, action = call.parameters, f"secretsmanager:{call.operation}"
    named = parameters.get("SecretId") or parameters.get("Name")
    if not named:
        return [Access(action, "*")]
    name = str(named)
    store: Any = secretsmanager_backends[call.account][call.region].secrets
    secret = store.get(name)
    if secret is not None:
        return [Access(action, str(secret.arn))]
    if not name.startswith("arn:"):
        name = f"arn:aws:secretsmanager:{call.region}:{call.account}:secret:{name}"
    return [Access(action, name)]


def kms_accesses(call: Call) -> list[Access]:
    """Of KMS: an alias means its key."""
    from moto.kms.models import kms_backends

    parameters, action = call.parameters, f"kms:{call.operation}"
    backend: Any = kms_backends[call.account][call.region]

    def key(named: Any) -> str:
        found = backend.get_key_id(str(named))
        if "alias/" in str(named):
            found = backend.get_key_id_from_alias(backend.get_alias_name(str(named))) or found
        return f"arn:aws:kms:{call.region}:{call.account}:key/{found}"

    if call.operation == "ReEncrypt":
        return [
            Access("kms:ReEncryptFrom", _key_of_ciphertext(call)),
            Access("kms:ReEncryptTo", key(parameters.get("DestinationKeyId"))),
        ]
    if named := parameters.get("KeyId") or parameters.get("TargetKeyId"):
        return [Access(action, key(named))]
    return [Access(action, _key_of_ciphertext(call) if call.operation == "Decrypt" else "*")]


def _key_of_ciphertext(call: Call) -> str:
    """moto writes a key's id at the beginning of what it encrypts (moto 5.2.5, kms/utils.py)."""
    blob = str(call.parameters.get("CiphertextBlob", ""))
    try:
        key = base64.b64decode(blob)[:36].decode()
    except ValueError:
        return "*"
    return f"arn:aws:kms:{call.region}:{call.account}:key/{key}"
