"""Whose access keys exist: the server's own, and those of IAM users and assumed roles."""

from collections.abc import Callable, Mapping

from moto.iam.models import iam_backends
from moto.utilities.utils import get_partition

__all__ = ["known_secrets"]


def known_secrets(own: Mapping[str, str], account: str, region: str) -> Callable[[str], str | None]:
    """A function from an access key to its secret; None where the key does not exist or is inactive."""
    partition = get_partition(region)

    def secret(access_key: str) -> str | None:
        if access_key in own:
            return own[access_key]
        iam = iam_backends[account][partition]
        key = iam.access_keys.get(access_key)
        if key is None or key.status != "Active":
            return None
        return str(key.secret_access_key)

    return secret
