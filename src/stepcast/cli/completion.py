"""The names of functions that a shell completes."""

from stepcast.cli.failure import Failure
from stepcast.cli.function_names import key, short
from stepcast.cli.project import Project

__all__ = ["complete"]


def complete(incomplete: str) -> list[str]:
    """The names that begin like that: those of the template, because nothing may be running."""
    try:
        functions = Project.find().functions()
    except (Failure, OSError):
        return []
    return [short(name) for name in functions if key(name).startswith(key(incomplete))]
