"""Who makes a request."""

from dataclasses import dataclass, field

__all__ = ["Principal"]


@dataclass(frozen=True, slots=True)
class Principal:
    """A role's session, a user, the account itself (its administrator), a service, or an unknown caller.

    ``arn`` is what AWS's messages call it: a session is ``arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION``.
    ``kind`` is the value of aws:PrincipalType, or ``Service``.
    """

    kind: str  # Account | AssumedRole | User | Service | Anonymous
    arn: str
    account: str
    role_arn: str = ""  # of a session
    user_id: str = ""
    name: str = ""  # of a user, or of a service: s3.amazonaws.com
    session_policy: str | None = None
    tags: tuple[tuple[str, str], ...] = field(default=())

    def is_named(self, kind: str, name: str) -> bool:
        """Whether ``{kind: name}`` in a Principal element means this very principal, or everybody."""
        if name == "*":
            return kind == "AWS"
        if self.kind == "Service":
            return kind == "Service" and name == self.name
        return kind == "AWS" and name in {self.arn, self.role_arn, self.user_id.partition(":")[0]} - {""}

    def belongs_to(self, name: str) -> bool:
        """Whether ``{"AWS": name}`` means this principal's whole account."""
        return self.kind not in {"Service", "Anonymous"} and name in {
            self.account,
            f"arn:aws:iam::{self.account}:root",
        }
