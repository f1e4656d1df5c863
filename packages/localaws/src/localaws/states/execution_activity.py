"""Executions and the states that they enter and leave, reported as activities."""

import time
from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField

from localaws.activity import Reporter
from localaws.patching import replace
from localaws.states.executions import Executions

__all__ = ["patch"]


def patch(undo: ExitStack, report: Reporter) -> None:
    """Watch executions; those that are children of a Map are states of their parent."""
    start: Any = Executions.start
    end: Any = Executions._end
    evaluate: Any = CommonStateField.eval

    def reporting_start(self: Any, arn: str, *args: Any) -> Any:
        existing = self._found.get(arn)
        if existing is None or existing.orphan:  # else it is only found
            report("execution", "started", where=_name(arn), outcome="RUNNING")
        return start(self, arn, *args)

    def reporting_end(self: Any, execution: Any, run: Any, *args: Any, **kwargs: Any) -> None:
        ended_before = run.closed
        end(self, execution, run, *args, **kwargs)
        if ended_before or execution.run is not None:
            return  # only the first end counts
        described = self.describe(execution)
        if described.map_run is None:
            report(
                "execution",
                "ended",
                where=_name(execution.arn),
                outcome=described.status,
                seconds=described.stopped - described.started,
                detail=": ".join(text for text in (described.error, described.cause) if text),
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

    replace(undo, Executions, "start", reporting_start)
    replace(undo, Executions, "_end", reporting_end)
    replace(undo, CommonStateField, "eval", reporting_state)


def _name(execution_arn: str) -> str:
    """MACHINE/EXECUTION."""
    return "/".join(execution_arn.split(":")[6:8])
