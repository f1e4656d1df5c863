"""How executions end, and how that is told.

moto (5.2.5, stepfunctions/parser/backend/execution.py and responses.py)

- sets the status before the output, so that who polls may read SUCCEEDED without an output;
- fails to describe an execution whose output holds a time (``$$.Execution.StartTime``);
- drops the error and cause of StopExecution, and stops only when the task that runs is done;
- leaves out when an execution timed out.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import (
    ExecutionStatus,
    HistoryEventType,
)
from moto.stepfunctions.parser.asl.eval.program_state import (
    ProgramEnded,
    ProgramError,
    ProgramStopped,
    ProgramTimedOut,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.responses import StepFunctionResponse

from localaws.patching import replace

__all__ = ["mend", "stop_all"]

_FINAL = {"SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}


def mend(undo: ExitStack, ended: Callable[[], None]) -> None:
    """Replace how moto records and reports the end of an execution; ``ended`` is called after each."""

    def reflect(self: Any) -> None:
        _reflect(self)
        ended()

    replace(undo, BaseExecutionWorkerCommunication, "_reflect_execution_status", reflect)
    replace(undo, StepFunctionResponse, "stop_execution", _stop_execution)
    replace(undo, StepFunctionResponse, "describe_execution", _describe_execution)


def stop_all() -> None:
    """End the threads of every execution that runs."""
    backend: Any
    for _, _, backend in stepfunctions_parser_backends.iter_backends():
        for machine in backend.state_machines:
            execution: Any
            for execution in machine.executions:
                environment = getattr(execution.exec_worker, "env", None)
                if execution.status not in _FINAL and environment is not None:
                    environment.set_stop(stop_date=datetime.now(UTC), cause=None, error=None)


def _reflect(self: Any) -> None:
    execution = self.execution
    if execution.status in _FINAL:
        return  # stopped before
    end = execution.exec_worker.env.program_state()
    if isinstance(end, ProgramEnded):
        # The output as its JSON says it: datetimes become text here.
        execution.output = json.loads(to_json_str(execution.exec_worker.env.states.get_input()))
        status = ExecutionStatus.SUCCEEDED
    elif isinstance(end, ProgramError):
        details = end.error or {}
        execution.error, execution.cause = details.get("error"), details.get("cause")
        status = ExecutionStatus.FAILED
    elif isinstance(end, ProgramTimedOut):
        status = ExecutionStatus.TIMED_OUT
    elif isinstance(end, ProgramStopped):
        execution.error, execution.cause = end.error, end.cause
        status = ExecutionStatus.ABORTED
    else:
        raise TypeError(f"an execution ended as {end!r}")
    execution.stop_date = datetime.now(UTC)
    execution.exec_status = status


def _stop_execution(self: Any) -> ActionResult:
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    error, cause = self._get_param("error"), self._get_param("cause")
    if execution.status not in _FINAL:
        execution.error, execution.cause = error, cause
        execution.stop_date = datetime.now(UTC)
        execution.exec_status = ExecutionStatus.ABORTED
        environment = execution.exec_worker.env if execution.exec_worker else None
        if environment is not None:
            told = {"error": error, "cause": cause}
            details: Any = {"executionAbortedEventDetails": {k: v for k, v in told.items() if v is not None}}
            environment.event_manager.add_event(
                context=environment.event_history_context,
                event_type=HistoryEventType.ExecutionAborted,
                event_details=details,
            )
            environment.set_stop(stop_date=execution.stop_date, cause=cause, error=error)
    return ActionResult({"stopDate": execution.stop_date})


def _describe_execution(self: Any) -> ActionResult:
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    status = execution.status
    described = {
        "executionArn": execution.execution_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": status,
        "startDate": execution.start_date,
        "input": execution.execution_input,
        "inputDetails": {"included": True},
        "redriveCount": 0,
    }
    if status in _FINAL:
        described["stopDate"] = execution.stop_date
    if status == "SUCCEEDED":
        described["output"] = json.dumps(execution.output, separators=(",", ":"))
        described["outputDetails"] = {"included": True}
    if execution.error is not None:
        described["error"] = execution.error
    if execution.cause is not None:
        described["cause"] = execution.cause
    return ActionResult(described)
