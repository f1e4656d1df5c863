"""An execution as the journal keeps it, and the little of it that stays in memory."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localaws.states.run import Run

__all__ = ["Description", "Execution", "definition_key", "to_datetime"]

_REDRIVABLE_SECONDS = 14 * 24 * 3600.0  # after the end


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


class Execution:
    """What is in memory of every execution; ``run`` is all the rest while it runs."""

    __slots__ = (
        "arn",
        "machine",
        "map_run",
        "orphan",
        "redriven",
        "redrives",
        "run",
        "started",
        "status",
        "stopped",
    )

    def __init__(self, arn: str, described: Description, run: "Run | None" = None) -> None:
        self.arn, self.run = arn, run
        self.update(described)

    def update(self, described: Description) -> None:
        """Take over what is told of it in lists."""
        self.machine, self.map_run, self.orphan = described.machine, described.map_run, described.orphan
        self.started, self.stopped, self.status = described.started, described.stopped, described.status
        self.redrives, self.redriven = described.redrives, described.redriven

    @property
    def name(self) -> str:
        """The last part of its ARN."""
        return self.arn.rpartition(":")[2]

    def not_redrivable(self, now: float) -> str | None:
        """Why it cannot be redriven, as AWS words it; None when it can."""
        if self.map_run:
            return "Execution is a child of a map run: redrive the execution that started the map run"
        if self.status in {"RUNNING", "SUCCEEDED"}:
            return f"Execution is {self.status} and cannot be redriven"
        if self.stopped is not None and now - self.stopped > _REDRIVABLE_SECONDS:
            return "Execution's redrivable period exceeded"
        return None


def definition_key(definition: str) -> str:
    """What a definition is kept under: executions of a machine share it."""
    return hashlib.sha256(definition.encode()).hexdigest()


def to_datetime(seconds: float) -> datetime:
    """A time as botocore wants it."""
    return datetime.fromtimestamp(seconds, UTC)
