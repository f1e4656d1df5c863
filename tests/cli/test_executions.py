"""A history of events becomes the list of states that an execution went through."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from stepcast.cli.executions import Execution, History
from stepcast.console.state_history import Visit, visits

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


def test_a_state_lasts_from_its_entry_to_its_exit() -> None:
    history = [entered("Task", "Import", 1), left("Task", "Import", 4), entered("Task", "Export", 4)]

    assert visits(history) == [Visit("Import", at(1), at(4), status="SUCCEEDED"), Visit("Export", at(4))]


def test_a_state_left_by_a_catch_ends_where_the_next_begins() -> None:
    history = [entered("Task", "Import", 1), entered("Task", "NotifyFailure", 3)]

    assert [visit.left for visit in visits(history)] == [at(3), None]


def test_a_distributed_map_counts_the_items_of_its_run() -> None:
    started = {
        "type": "MapRunStarted",
        "timestamp": at(1),
        "mapRunStartedEventDetails": {"mapRunArn": "arn:of:the:run"},
    }
    history = [entered("Map", "Train", 1), started]

    (visit,) = visits(history, counts={"arn:of:the:run": {"succeeded": 3, "total": 8}}.__getitem__)

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

    train, forecast = visits(history)

    assert (train.state, train.done, train.total, train.left) == ("Train", 1, 2, at(3))
    assert forecast.state == "Forecast"


def test_a_failed_execution_failed_in_the_state_before_its_failure_was_told() -> None:
    states = (Visit("CreateDataset", at(0)), Visit("ImportData", at(1)), Visit("NotifyFailure", at(2)))
    execution = Execution("arn:aws:states:::execution:m:abc-2", "FAILED", at(0), at(3), states)

    assert execution.state == "ImportData"
    assert (execution.name, execution.run) == ("abc-2", "abc")


class Recorder:
    """Step Functions with one execution, whose history is ``length`` events long by now."""

    def __init__(self, length: int) -> None:
        self.length, self.sent = length, 0

    def get_paginator(self, _operation: str) -> "Recorder":
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        assert (asked["executionArn"], asked["reverseOrder"]) == ("arn", True)
        size = asked["PaginationConfig"]["PageSize"]
        for last in range(self.length, 0, -size):
            page = [{"id": number} for number in range(last, max(last - size, 0), -1)]
            self.sent += len(page)
            yield {"events": page}


def test_a_history_that_is_read_again_is_whole_and_costs_only_what_is_new() -> None:
    states = Recorder(2500)
    history = History(states, "arn")
    first = len(history.read())
    states.length, states.sent = 2590, 0

    later = history.read()

    assert first == 2500
    assert [event["id"] for event in later] == list(range(1, 2591))
    assert states.sent <= 100
    assert History(Recorder(0), "arn").read() == []
