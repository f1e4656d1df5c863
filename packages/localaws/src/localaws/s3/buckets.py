"""Find a bucket by name: names are global, so no account is needed."""

from typing import Any

from moto.s3.models import s3_backends

__all__ = ["find_bucket"]


def find_bucket(name: str) -> Any:
    """moto's bucket of that name, of any account; None where there is none."""
    where: Any = s3_backends.bucket_accounts.get(name)
    if where is None:
        return None
    partition, account = where
    return s3_backends[account][partition].buckets.get(name)
