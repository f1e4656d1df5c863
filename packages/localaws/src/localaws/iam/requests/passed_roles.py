"""Handing a role to a service needs iam:PassRole on it.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from typing import Any

from localaws.iam.evaluation import Access

__all__ = ["passing"]


def passing(role: Any, service: str) -> list[Access]:
    """The access that passing this role, if any, needs."""
    return [Access("iam:PassRole", str(role), {"iam:passedtoservice": (service,)})] if role else []
