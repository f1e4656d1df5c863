"""Executions after a restart: what ended is as it was, what ran was aborted."""

from datetime import UTC, datetime
from typing import Any

from moto.core.utils import iso_8601_datetime_with_milliseconds
from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType
from moto.stepfunctions.parser.backend.execution import Execution

__all__ = ["ABORTED", "execution_state", "restored_execution"]

ABORTED = "LocalAws.Stopped"
"""The error of an execution that ran when localaws stopped."""

_CAUSE = "localaws stopped while the execution ran"


class _MapRun:
    """A map run as it was when it was kept: what DescribeMapRun and ListMapRuns answer."""

    def __init__(self, arn: str, description: dict[str, Any], item: dict[str, Any]) -> None:
        self.arn, self.description, self.item = arn, description, item

    def describe(self) -> dict[str, Any]:
        return self.description

    def list_item(self) -> dict[str, Any]:
        return self.item


def execution_state(
    execution: Execution,
) -> tuple[type[Execution], dict[str, Any], list[Any], list[_MapRun]]:
    """What restored_execution needs: the class, the fields, the history, the map runs."""
    fields = dict(execution.__dict__)
    worker = fields.pop("exec_worker", None)
    environment = getattr(worker, "env", None)
    if environment is None:
        return type(execution), fields, [], []
    history = environment.event_manager.get_event_history()
    records = environment.map_run_record_pool_manager.get_all()
    map_runs = [
        record
        if isinstance(record, _MapRun)
        else _MapRun(record.map_run_arn, record.describe(), record.list_item())
        for record in records
    ]
    return type(execution), fields, history, map_runs


def restored_execution(
    kind: type[Execution], fields: dict[str, Any], history: list[Any], map_runs: list[_MapRun]
) -> Execution:
    """The execution, without the threads that ran it."""
    execution = kind.__new__(kind)
    execution.__dict__.update(fields)
    if execution.exec_status == ExecutionStatus.RUNNING:
        now = datetime.now(UTC)
        execution.exec_status, execution.stop_date = ExecutionStatus.ABORTED, now
        execution.error, execution.cause = ABORTED, _CAUSE
        history = [
            *history,
            {
                "id": len(history) + 1,
                "previousEventId": len(history),
                "type": HistoryEventType.ExecutionAborted,
                "timestamp": iso_8601_datetime_with_milliseconds(now),
                "executionAbortedEventDetails": {"error": ABORTED, "cause": _CAUSE},
            },
        ]
    worker: Any = _Worker(history, map_runs)
    execution.exec_worker = worker
    return execution


class _Worker:
    """What moto asks of the worker of an execution that has ended."""

    def __init__(self, history: list[Any], map_runs: list[_MapRun]) -> None:
        self.env = _Environment(history, map_runs)

    def stop(self, stop_date: Any, error: Any, cause: Any) -> None:
        """It has stopped."""


class _Environment:
    def __init__(self, history: list[Any], map_runs: list[_MapRun]) -> None:
        self._history = history
        self._map_runs = {map_run.arn: map_run for map_run in map_runs}
        self.event_manager = self
        self.callback_pool_manager = self
        self.map_run_record_pool_manager = self

    def get_event_history(self) -> list[Any]:
        return list(self._history)

    def heartbeat(self, callback_id: str) -> bool:
        del callback_id
        return False

    def notify(self, callback_id: str, outcome: Any) -> bool:
        del callback_id, outcome
        return False

    def get(self, map_run_arn: str) -> _MapRun | None:
        return self._map_runs.get(map_run_arn)

    def get_all(self) -> list[_MapRun]:
        return list(self._map_runs.values())
