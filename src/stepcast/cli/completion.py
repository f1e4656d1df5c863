"""Names of functions for shell completion."""

from stepcast.cli.failure import Failure
from stepcast.cli.function_names import key, short
from stepcast.cli.project import Project

__all__ = ["complete"]


def complete(incomplete: str) -> list[str]:
    """The matching names, from the template, because no stack may be running."""
    try:
        functions = Project.find().functions()
    except (Failure, OSError):
        return []
    return [short(name) for name in functions if key(name).startswith(key(incomplete))]
