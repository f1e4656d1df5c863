"""A history of events becomes the list of states that an execution went through."""

from datetime import UTC, datetime, timedelta
from typing import Any

from stepcast.cli.executions import Execution, Visit, visits

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


def entered(kind: str, name: str, second: int) -> dict[str, Any]:
    return {
        "type": f"{kind}StateEntered",
        "timestamp": at(second),
        "stateEnteredEventDetails": {"name": name},
    }


def left(kind: str, name: str, second: int) -> dict[str, Any]:
    return {"type": f"{kind}StateExited", "timestamp": at(second), "stateExitedEventDetails": {"name": name}}


def unused(map_run: str) -> tuple[int, int]:
    raise AssertionError(map_run)


def test_a_state_lasts_from_its_entry_to_its_exit() -> None:
    history = [entered("Task", "Import", 1), left("Task", "Import", 4), entered("Task", "Export", 4)]

    assert list(visits(history, unused)) == [Visit("Import", at(1), at(4)), Visit("Export", at(4))]


def test_a_state_left_by_a_catch_ends_where_the_next_begins() -> None:
    history = [entered("Task", "Import", 1), entered("Task", "NotifyFailure", 3)]

    assert [visit.left for visit in visits(history, unused)] == [at(3), None]


def test_a_distributed_map_counts_the_items_of_its_run() -> None:
    started = {
        "type": "MapRunStarted",
        "timestamp": at(1),
        "mapRunStartedEventDetails": {"mapRunArn": "arn:of:the:run"},
    }
    history = [entered("Map", "Train", 1), started]

    (visit,) = visits(history, {"arn:of:the:run": (3, 8)}.__getitem__)

    assert (visit.done, visit.total) == (3, 8)


def test_an_inline_map_counts_its_iterations_and_hides_the_states_inside() -> None:
    history = [
        entered("Map", "Train", 1),
        {"type": "MapStateStarted", "timestamp": at(1), "mapStateStartedEventDetails": {"length": 2}},
        entered("Task", "TrainShard", 1),
        left("Task", "TrainShard", 2),
        {"type": "MapIterationSucceeded", "timestamp": at(2)},
        left("Map", "Train", 3),
        entered("Task", "Forecast", 3),
    ]

    train, forecast = visits(history, unused)

    assert (train.state, train.done, train.total, train.left) == ("Train", 1, 2, at(3))
    assert forecast.state == "Forecast"


def test_a_failed_execution_failed_in_the_state_before_its_failure_was_told() -> None:
    states = (Visit("CreateDataset", at(0)), Visit("ImportData", at(1)), Visit("NotifyFailure", at(2)))
    execution = Execution("arn:aws:states:::execution:m:abc-2", "FAILED", at(0), at(3), states)

    assert execution.state == "ImportData"
    assert (execution.name, execution.run) == ("abc-2", "abc")
