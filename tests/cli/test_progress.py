"""Progress is a list on a terminal and lines in a log; both say the same."""

import io
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.live import Live

from stepcast.cli.executions import Execution
from stepcast.cli.progress import Lines, LiveList
from stepcast.console.state_history import Visit

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


def execution(*states: Visit, status: str = "RUNNING") -> Execution:
    return Execution("arn:execution", status, at(0), None, states)


IMPORTED = Visit("ImportData", at(1), at(3))
HALFWAY = Visit("TrainPredictor", at(3), None, done=1, total=2)
TRAINED = Visit("TrainPredictor", at(3), at(9), done=2, total=2)


def test_in_a_log_every_state_has_a_line_when_it_ends_and_a_map_one_for_each_step_forward() -> None:
    console = Console(file=io.StringIO(), width=80)
    lines = Lines(console)

    for states in [(IMPORTED,), (IMPORTED, HALFWAY), (IMPORTED, HALFWAY), (IMPORTED, TRAINED)]:
        lines.show(execution(*states))

    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "ImportData took 2.0 s",
        "TrainPredictor: 1 of 2 shards",
        "TrainPredictor took 6.0 s 2 of 2 shards",
    ]


def test_a_failed_state_says_so_and_the_way_out_is_not_shown() -> None:
    console = Console(file=io.StringIO(), width=80)

    Lines(console).show(execution(IMPORTED, Visit("NotifyFailure", at(3), at(4)), status="FAILED"))

    assert console.file.getvalue() == "ImportData failed after 2.0 s\n"  # type: ignore[attr-defined]


def test_a_terminal_shows_a_list_with_what_is_done_and_how_far_the_rest_is() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)

    with Live(console=console, auto_refresh=False) as live:
        LiveList(live).show(execution(IMPORTED, HALFWAY))

    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "✓" in shown
    assert "1 of 2 shards" in shown
