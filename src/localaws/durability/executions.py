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


def execution_state(execution: Execution) -> tuple[type[Execution], dict[str, Any], list[Any]]:
    """What restored_execution needs: the class, the fields, the history."""
    fields = dict(execution.__dict__)
    worker = fields.pop("exec_worker", None)
    environment = getattr(worker, "env", None)
    history = environment.event_manager.get_event_history() if environment is not None else []
    return type(execution), fields, history


def restored_execution(kind: type[Execution], fields: dict[str, Any], history: list[Any]) -> Execution:
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
    worker: Any = _Worker(history)
    execution.exec_worker = worker
    return execution


class _Worker:
    """What moto asks of the worker of an execution that has ended."""

    def __init__(self, history: list[Any]) -> None:
        self.env = _Environment(history)

    def stop(self, stop_date: Any, error: Any, cause: Any) -> None:
        """It has stopped."""


class _Environment:
    def __init__(self, history: list[Any]) -> None:
        self._history = history
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

    def get(self, map_run_arn: str) -> None:
        """No map run is remembered."""
        del map_run_arn

    def get_all(self) -> list[Any]:
        return []
