"""What stays in memory of every execution, also after it has ended."""

from localaws.states.description import Description
from localaws.states.run import Run

__all__ = ["Execution"]

_REDRIVABLE_SECONDS = 14 * 24 * 3600.0  # after the end


class Execution:
    """The part of every execution that stays in memory; ``run`` is the rest, while it runs."""

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

    def __init__(self, arn: str, described: Description, run: Run | None = None) -> None:
        self.arn, self.run = arn, run
        self.update(described)

    def update(self, described: Description) -> None:
        """Take over the attributes that lists contain."""
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
