"""Decide on bucket policies where all policies are decided.

moto enforces a bucket policy's Deny for everybody, whatever its Condition or Principal is (moto 5.2.5,
s3/models.py, get_permission). The request has been decided about before moto sees it: what moto still must
know is which keys of a DeleteObjects are denied, and that an object is public.
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from localaws.patching import replace

__all__ = ["patch"]


def patch(undo: ExitStack, decided: Callable[[str], bool | None]) -> None:
    """Replace FakeBucket.get_permission. ``decided`` knows of an ARN: allowed to all, denied, or neither."""

    def get_permission(self: Any, action: str, resource: str) -> Any:
        del self, action
        known = decided(resource)
        if known is None:
            return PermissionResult.NEUTRAL
        return PermissionResult.PERMITTED if known else PermissionResult.DENIED

    replace(undo, FakeBucket, "get_permission", get_permission)
