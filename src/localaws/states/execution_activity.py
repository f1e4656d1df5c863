"""Executions and the states that they enter and leave, reported as activities."""

import time
from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution

from localaws.activity import Reporter
from localaws.patching import replace

__all__ = ["patch"]


def patch(undo: ExitStack, report: Reporter) -> None:
    """Watch executions; after ``states.ending``, whose way of recording an end this wraps."""
    start: Any = Execution.start
    reflect: Any = BaseExecutionWorkerCommunication._reflect_execution_status
    evaluate: Any = CommonStateField.eval

    def reporting_start(self: Any) -> None:
        report("execution", "started", where=_name(self.exec_arn), outcome="RUNNING")
        start(self)

    def reporting_end(self: Any) -> None:
        reflect(self)
        execution = self.execution
        reason = (execution.error, execution.cause)
        report(
            "execution",
            "ended",
            where=_name(execution.exec_arn),
            outcome=str(execution.status),
            seconds=(execution.stop_date - execution.start_date).total_seconds(),
            detail=": ".join(text for text in reason if text),
        )

    def reporting_state(self: Any, env: Any) -> None:
        execution = env.states.context_object.context_object_data["Execution"]["Id"]
        where, nested, began = _name(execution), env.is_frame(), time.perf_counter()
        facts = {"where": where, "state": self.name, "nested": nested}
        report("state", "entered", **facts)
        error = ""
        try:
            evaluate(self, env)
        except FailureEventException as failure:
            name = failure.failure_event.error_name
            error = (name.error_name if name else None) or "error"
            raise
        finally:
            report("state", "left", **facts, outcome=error, seconds=time.perf_counter() - began)

    replace(undo, Execution, "start", reporting_start)
    replace(undo, BaseExecutionWorkerCommunication, "_reflect_execution_status", reporting_end)
    replace(undo, CommonStateField, "eval", reporting_state)


def _name(execution_arn: str) -> str:
    """MACHINE/EXECUTION."""
    return "/".join(execution_arn.split(":")[6:8])
