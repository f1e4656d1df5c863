"""What the journal stores of an execution in addition to its history: one row."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

__all__ = ["Description", "definition_key", "to_datetime"]


@dataclass(slots=True)
class Description:
    """The row of an execution; times are seconds since 1970, ``definition`` is the key of its text."""

    machine: str
    role: str
    definition: str
    input: str
    started: float
    status: str = "RUNNING"
    stopped: float | None = None
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    redrives: int = 0
    redriven: float | None = None
    redrive_token: str | None = None  # the clientToken of the last redrive
    map_run: str | None = None  # of a child of a distributed Map
    parent: str | None = None  # and the execution that it belongs to
    orphan: bool = False  # its state machine was deleted

    def encoded(self) -> bytes:
        """The row's value."""
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None}).encode()

    @classmethod
    def decoded(cls, value: bytes) -> "Description":
        """The row of that value."""
        return cls(**json.loads(value))


def definition_key(definition: str) -> str:
    """The key of a definition: executions of a state machine share it."""
    return hashlib.sha256(definition.encode()).hexdigest()


def to_datetime(seconds: float) -> datetime:
    """A time as botocore expects it."""
    return datetime.fromtimestamp(seconds, UTC)
