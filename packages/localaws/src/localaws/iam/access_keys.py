"""Credentials of sessions of roles, and whose an access key is.

Sessions are in memory and random: workers and machines die with the server, and so do their keys.
"""

import secrets
import string
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from localaws.iam.principals import Principal

__all__ = ["AccessKeys", "Credentials", "access_key_of", "region_of"]

_LETTERS = string.ascii_uppercase + string.digits
_SESSION_NAME = 64  # characters at most


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client signs with."""

    access_key_id: str
    secret_access_key: str
    session_token: str

    def for_boto3(self) -> dict[str, str]:
        """The keyword arguments of a client."""
        return {
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "aws_session_token": self.session_token,
        }


class AccessKeys:
    """Issues sessions, and knows moto's: those of sts:AssumeRole, and the keys of IAM's users.

    ``own`` are the administrator's keys: secrets by access key.
    """

    def __init__(self, account: str, own: Mapping[str, str]) -> None:
        self._account, self._own = account, own
        self._sessions: dict[str, tuple[Credentials, str, str]] = {}  # with role ARN and session name
        self._by_role: dict[tuple[str, str], Credentials] = {}
        self._lock = threading.Lock()

    def issue(self, role_arn: str, session_name: str) -> Credentials:
        """The session of that name of the role: the same one each time."""
        name = session_name[:_SESSION_NAME]
        with self._lock:
            credentials = self._by_role.get((role_arn, name))
            if credentials is None:
                credentials = Credentials(
                    "ASIA" + "".join(secrets.choice(_LETTERS) for _ in range(16)),
                    secrets.token_urlsafe(30),
                    secrets.token_urlsafe(120),
                )
                self._by_role[role_arn, name] = credentials
                self._sessions[credentials.access_key_id] = credentials, role_arn, name
            return credentials

    def secret(self, access_key_id: str) -> str | None:
        """The secret of an access key that was handed out here and is valid; None for any other."""
        if access_key_id in self._own:
            return self._own[access_key_id]
        if access_key_id in self._sessions:
            return self._sessions[access_key_id][0].secret_access_key
        if assumed := self._assumed(access_key_id):
            return str(assumed.secret_access_key)
        if (key := self._users_key(access_key_id)) and key.status == "Active":
            return str(key.secret_access_key)
        return None

    def problem(self, access_key_id: str) -> tuple[str, str] | None:
        """AWS's code and message where a key is switched off or a session is over; else None."""
        if (assumed := self._assumed(access_key_id)) and assumed.expiration <= utcnow():
            return "ExpiredToken", "The security token included in the request is expired"
        if (key := self._users_key(access_key_id)) and key.status != "Active":
            return "InvalidClientTokenId", "The security token included in the request is invalid."
        return None

    def principal(self, access_key_id: str) -> Principal | None:
        """The session or user whose access key it is; None when it is nobody's: the administrator's."""
        if access_key_id in self._sessions:
            _, role_arn, session = self._sessions[access_key_id]
            return role_session(role_arn, session)
        if assumed := self._assumed(access_key_id):
            return role_session(assumed.role_arn, assumed.session_name, assumed.policy)
        if key := self._users_key(access_key_id):
            user = self._iam().users[key.user_name]
            return Principal(
                kind="User",
                arn=user.arn,
                account=self._account,
                user_id=user.id,
                name=user.name,
                tags=_tags(self._iam().tagger.list_tags_for_resource(user.arn)["Tags"]),
            )
        return None

    def _iam(self) -> Any:
        return iam_backends[self._account]["aws"]

    def _assumed(self, access_key_id: str) -> Any:
        if not access_key_id.startswith("ASIA"):
            return None
        return sts_backends[self._account]["aws"].get_assumed_role_from_access_key(access_key_id)

    def _users_key(self, access_key_id: str) -> Any:
        if not access_key_id.startswith("AKIA"):
            return None
        for user in list(self._iam().users.values()):
            for key in user.access_keys:
                if key.access_key_id == access_key_id:
                    return key
        return None


def role_session(role_arn: str, session_name: str, policy: str | None = None) -> Principal:
    """The principal that a session of a role is."""
    account = role_arn.split(":")[4]
    role_name = role_arn.rpartition("/")[2]
    role = find_role(role_arn)
    return Principal(
        kind="AssumedRole",
        arn=f"arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}",
        account=account,
        role_arn=role_arn,
        user_id=f"{role.id if role else 'AROA'}:{session_name}",
        session_policy=policy or None,
        tags=_tags(role.tags if role else {}),
    )


def find_role(role_arn: str) -> Any:
    """moto's role of that ARN; None when there is none."""
    if role_arn.count(":") < 5:
        return None
    name = role_arn.rpartition("/")[2]
    for role in list(iam_backends[role_arn.split(":")[4]]["aws"].roles.values()):
        if role.name == name and role.arn == role_arn:
            return role
    return None


def _tags(tags: Any) -> tuple[tuple[str, str], ...]:
    if isinstance(tags, dict):
        tags = list(tags.values())
    return tuple((tag["Key"], tag["Value"]) for tag in tags)


def access_key_of(environ: dict[str, Any], query: Callable[[str], str | None]) -> str | None:
    """The access key that a request is signed with; None when it is not signed."""
    if "localaws.access_key" in environ:  # the gate has looked
        known: str | None = environ["localaws.access_key"]
        return known
    header = environ.get("HTTP_AUTHORIZATION", "")
    if "Credential=" in header:
        return str(header.split("Credential=", 1)[1].split("/", 1)[0].strip())
    if header.startswith("AWS "):  # signature version 2
        return str(header[4:].split(":", 1)[0].strip())
    if credential := query("X-Amz-Credential"):
        return credential.split("/", 1)[0]
    return query("AWSAccessKeyId")


def region_of(environ: Mapping[str, Any]) -> str:
    """The region that a request is signed for; empty where its header names none."""
    parts = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/", 3)
    return str(parts[2]) if len(parts) > 2 else ""
