"""Which git commit a project is at, so that a forecast can be traced to the code that made it."""

import subprocess

from stepcast.cli.project import Project

__all__ = ["commit_of"]


def commit_of(project: Project) -> str:
    """Forty digits, and ``-dirty`` where files are changed; empty where template.yaml is not git's to know.

    A package that is installed below somebody's repository has no commit of its own.
    """
    if "\n  Commit:\n" not in project.template.read_text("utf-8"):
        return ""  # an older template has no such parameter
    if not _git(project, "ls-files", "--error-unmatch", project.template.name):
        return ""
    return _git(project, "describe", "--always", "--dirty", "--exclude=*", "--abbrev=40")


def _git(project: Project, *arguments: str) -> str:
    """What git prints; empty where it refuses or is not installed."""
    command = ["git", "-C", str(project.root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - its own
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
