"""Policies for tests that are about something else."""

import json
from typing import Any

__all__ = ["TO_ALL", "trust"]

# A resource's policy that lets everybody, services included, do everything with it.
TO_ALL = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    }
)


def trust(service: str) -> str:
    """The trust policy of a role that a service (``lambda``) assumes."""
    principal = {"Service": f"{service}.amazonaws.com"}
    statement: dict[str, Any] = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
