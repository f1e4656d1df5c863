"""``stepcast down``: stop the stack of this folder, and optionally delete its state."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stepcast.cli.output import print_line
from stepcast.cli.state_folder import DEFAULT, StateFolder

if TYPE_CHECKING:
    from stepcast.cli.running import Running

__all__ = ["down"]

PATIENCE = 60  # seconds until a stopping stack counts as stuck
LOOK_SECONDS = 0.05


def down(
    state: Annotated[Path, typer.Option(metavar="DIR", help="State folder of the stack to stop.")] = DEFAULT,
    delete: Annotated[
        bool, typer.Option("--delete", help="Also remove the state folder with its contents.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove it without asking.")] = False,
) -> None:
    """Stop the stack whose state is in this folder; with --delete, also remove the state."""
    from stepcast.cli.failure import Failure

    folder = StateFolder(state)
    if delete and not folder.path.exists():
        print_line(f"{folder} does not exist: no stack uses it, and there is nothing to remove")
        return
    if delete and not folder.is_ours():
        raise Failure(f"{folder} was not created by stepcast up; nothing was stopped or deleted")
    if (running := folder.holder()) is not None:
        _stop(folder, running)
        print_line(f"stopped the stack{running.where}")
    else:
        print_line(f"no stack is running with the state {folder}{_others()}")
    if not delete:
        return
    if not yes:
        if not sys.stdin.isatty():
            raise Failure(f"{folder} was not removed: without a terminal, add --yes")
        typer.confirm(
            f"Remove {folder.path.resolve()} with every object, forecast and message in it?", abort=True
        )
    folder.delete()
    print_line(f"removed {folder}")


def _stop(folder: StateFolder, running: "Running") -> None:
    """Stop the process that holds the folder, and wait until it has released it."""
    from stepcast.cli.failure import Failure

    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while folder.holder() is not None:
        if time.monotonic() > deadline:
            raise Failure(
                f"the stack{running.where} did not stop within {PATIENCE} s; "
                f"`kill -9 {running.pid}` ends it immediately"
            )
        time.sleep(LOOK_SECONDS)


def _others() -> str:
    from stepcast.cli.running import living

    others = [f"{one.endpoint} ({one.state or 'ephemeral'}, pid {one.pid})" for one in living()]
    return f"; running stacks: {', '.join(others)}" if others else ""
