"""Problems of a deployment."""

from dataclasses import dataclass

__all__ = ["DeploymentFailed", "Problem"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (a logical id, with its type, or a section), why, and what to change."""

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


class DeploymentFailed(Exception):
    """A stack could not be created or updated. The message lists every problem."""

    def __init__(self, stack: str, problems: list[Problem], done: str) -> None:
        super().__init__(stack, problems, done)
        self.stack, self.problems, self.done = stack, problems, done

    def __str__(self) -> str:
        lines = [
            f"stack {self.stack} was not deployed ({self.done}):",
            *(f"  {problem}" for problem in self.problems),
        ]
        return "\n".join(lines)
