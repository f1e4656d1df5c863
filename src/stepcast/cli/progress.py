"""Shows the progress of an execution on stderr: a live list on a terminal, otherwise plain lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table

from stepcast.cli.executions import Execution
from stepcast.cli.output import duration, plural, stderr
from stepcast.console.state_history import Visit

__all__ = ["Display", "display"]

FAILURE_PATH = ("NotifyFailure", "CleanupFailed", "Failed")
UNSHOWN = ("Settle", "Engine", "Hierarchy", "PerformDelete", "Done")  # they only wait, branch or end


class Display(Protocol):
    """Receives the current state repeatedly."""

    def say(self, text: str) -> None: ...

    def show(self, execution: Execution) -> None: ...


@contextmanager
def display(quiet: bool = False) -> Iterator[Display]:
    """The display suited to stderr; none if ``quiet``."""
    console = stderr()
    if quiet:
        yield Quiet()
    elif console.is_terminal:
        with Live(console=console, refresh_per_second=8, transient=False) as live:
            yield LiveList(live)
    else:
        yield Lines(console)


class Quiet:
    def say(self, text: str) -> None:
        """Say nothing."""

    def show(self, execution: Execution) -> None:
        """Show nothing."""


class LiveList:
    """One row for each state: a tick and its seconds, or a spinner and the seconds so far."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._spinner = Spinner("dots")

    def say(self, text: str) -> None:
        self._live.update(self._waiting(text), refresh=True)

    def show(self, execution: Execution) -> None:
        self._live.update(self._rows(execution), refresh=True)

    def _waiting(self, text: str) -> Table:
        grid = Table.grid(padding=(0, 1))
        grid.add_row(self._spinner, text)
        return grid

    def _rows(self, execution: Execution) -> Table:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=1)
        grid.add_column(min_width=16)
        grid.add_column(justify="right")
        grid.add_column()
        for visit in _shown(execution):
            if _failed(execution, visit):
                mark: Spinner | str = "[red]✗[/]"
            else:
                mark = "[green]✓[/]" if visit.left else self._spinner
            grid.add_row(mark, visit.state, duration(visit.seconds), _shards(visit))
        return grid


class Lines:
    """Prints a line when a state ends, and when a Map has finished another shard."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: set[str] = set()

    def say(self, text: str) -> None:
        self._once(text)

    def show(self, execution: Execution) -> None:
        for number, visit in enumerate(_shown(execution)):
            if visit.left:
                outcome = "failed after" if _failed(execution, visit) else "took"
                self._once(
                    f"{visit.state} {outcome} {duration(visit.seconds)} {_shards(visit)}".rstrip(), number
                )
            elif visit.note or (visit.done and visit.done != visit.total):
                self._once(f"{visit.state}: {_shards(visit)}", number)

    def _once(self, line: str, number: int = -1) -> None:
        if (key := f"{number} {line}") not in self._said:
            self._said.add(key)
            self._console.print(line, markup=False)


def _shown(execution: Execution) -> list[Visit]:
    return [visit for visit in execution.states if visit.state not in (*UNSHOWN, *FAILURE_PATH)]


def _failed(execution: Execution, visit: Visit) -> bool:
    way_out = any(other.state in FAILURE_PATH for other in execution.states)
    return way_out and visit.state == execution.state


def _shards(visit: Visit) -> str:
    """The progress of a Map: ``3 of 4 shards``; of other states what is noted of it."""
    if not visit.total:
        return visit.note
    return f"{visit.done} of {plural(visit.total, 'shard')}"
