"""Runs the command line in a separate process, and finds processes that it leaves behind."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Serving", "command", "descendants", "serving"]

PATIENCE = 120  # seconds until a process counts as stuck; a watchdog, not a measure


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", "from stepcast.cli import main; main()", *map(str, arguments)]


@dataclass(frozen=True)
class Serving:
    """A running ``stepcast up --json``: its process and the line it printed."""

    process: subprocess.Popen[str]
    facts: Mapping[str, Any]


@contextmanager
def serving(state_home: Path, *arguments: str | Path, folder: Path | None = None) -> Iterator[Serving]:
    """Start ``stepcast up --json`` on a free port; stop it in the end if the test has not.

    It runs in ``folder``, where it keeps its state: without one, nothing is kept.
    """
    kept = [] if folder is not None else ["--ephemeral"]
    environment = {**os.environ, "XDG_STATE_HOME": str(state_home)}
    with subprocess.Popen(
        command("up", "--port", "0", "--json", *kept, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment,
        start_new_session=True,  # a process group of its own, as a terminal gives it
    ) as process:
        assert process.stdout is not None
        try:
            if not (line := process.stdout.readline()):
                pytest.fail(f"stepcast up did not start: {process.communicate(timeout=PATIENCE)[1]}")
            yield Serving(process, json.loads(line))
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate(timeout=PATIENCE)


def descendants(process_id: int) -> set[tuple[int, str]]:
    """The processes that ``process_id`` started, and those that they started: id and start time of each."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc to look at processes")
    children: dict[int, list[tuple[int, str]]] = {}
    for number, (parent, started) in _processes().items():
        children.setdefault(parent, []).append((number, started))
    found: set[tuple[int, str]] = set()
    below = [process_id]
    while below:
        for child in children.get(below.pop(), ()):
            found.add(child)
            below.append(child[0])
    return found


def alive(processes: set[tuple[int, str]]) -> set[tuple[int, str]]:
    """Those that are still running, except ids that were reused by other processes."""
    now = _processes()
    return {(number, started) for number, started in processes if now.get(number, (0, ""))[1] == started}


def _processes() -> dict[int, tuple[int, str]]:
    """Parent and start time of every process that is not a zombie."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, *rest = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended at this moment
        if state != "Z":
            found[int(path.parent.name)] = (int(parent), rest[17])
    return found
