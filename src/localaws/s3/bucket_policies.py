"""Let bucket policies with conditions be what they are on AWS: conditional.

moto enforces a bucket policy's Deny for everybody, whatever its Condition says (moto 5.2.5, s3/models.py,
get_permission). So the usual "deny what does not come over TLS" would close the bucket, as nothing here comes
over TLS. Statements with a condition are left out; the others are enforced as moto does.
"""

import json
from contextlib import ExitStack
from typing import Any

from moto.s3.models import FakeBucket

from localaws.patching import replace

__all__ = ["mend"]


def mend(undo: ExitStack) -> None:
    """Replace FakeBucket.get_permission."""
    get_permission: Any = FakeBucket.get_permission

    def unconditional(self: Any, action: str, resource: str) -> Any:
        policy = self.policy
        if policy is None:
            return get_permission(self, action, resource)
        document = json.loads(policy)
        statements = document.get("Statement", [])
        statements = [statements] if isinstance(statements, dict) else statements
        document["Statement"] = [statement for statement in statements if "Condition" not in statement]
        judged = _Judged(json.dumps(document).encode() if document["Statement"] else None)
        return get_permission(judged, action, resource)

    replace(undo, FakeBucket, "get_permission", unconditional)


class _Judged:
    """As much of a bucket as moto needs to judge a policy."""

    def __init__(self, policy: bytes | None) -> None:
        self.policy = policy
