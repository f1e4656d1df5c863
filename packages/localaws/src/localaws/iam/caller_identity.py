"""Answer GetCallerIdentity for sessions of deployed roles.

moto knows the sessions of sts:AssumeRole and the keys of users (moto 5.2.5, sts/models.py), and calls every
other key ``user/moto``.
"""

from contextlib import ExitStack
from typing import Any

from moto.sts.models import STSBackend

from localaws.iam.access_keys import AccessKeys
from localaws.patching import replace

__all__ = ["patch"]


def patch(undo: ExitStack, keys: AccessKeys) -> None:
    """Replace STSBackend.get_caller_identity."""
    original = STSBackend.get_caller_identity

    def get_caller_identity(self: Any, access_key_id: str, region: str) -> tuple[str, str, str]:
        principal = keys.principal(access_key_id)
        if principal is None:
            return original(self, access_key_id, region)
        return principal.user_id, principal.arn, principal.account

    replace(undo, STSBackend, "get_caller_identity", get_caller_identity)
