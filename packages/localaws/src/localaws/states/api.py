"""The operations on executions, answered from localaws' own (executions.py).

moto (5.2.5, stepfunctions/responses.py and parser/models.py)

- looks for an execution, a token or a map run in every execution that there is, and copies the whole state
  machine for each start; an execution disappears with its state machine;
- makes an ARN that ends in ``:None`` when no name is given, and may start two executions of one name;
- fails to describe an execution whose output holds a time; drops the error and cause of StopExecution and the
  cause of SendTaskFailure, and stops only when the task that runs is done;
- lists no children of a map run, has neither RedriveExecution nor GetActivityTask, and returns every event of
  a history whatever ``maxResults`` and ``reverseOrder`` ask for.
"""

import base64
import json
import time
import uuid
from contextlib import ExitStack
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.stepfunctions.exceptions import ActivityDoesNotExist, InvalidExecutionInput
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from localaws.patching import add, replace
from localaws.states.activities import ActivityQueues
from localaws.states.description import to_datetime
from localaws.states.execution import Execution
from localaws.states.executions import Executions
from localaws.states.map_runs import MapRuns
from localaws.states.run import history
from localaws.states.task_tokens import TaskTokens, check_output

__all__ = ["patch"]

_PAGE = 100  # AWS's default; the most is 1000


class InvalidToken(ServiceException):
    """The page token is not one that was handed out."""

    code = "InvalidToken"


def patch(
    undo: ExitStack, executions: Executions, map_runs: MapRuns, tokens: TaskTokens, queues: ActivityQueues
) -> None:
    """Replace the operations of moto, and add those that it lacks."""

    def start_execution(
        self: Any,
        state_machine_arn: str,
        name: str | None = None,
        execution_input: str | None = None,
        trace_header: Any = None,
    ) -> Execution:
        del trace_header
        if name:
            self._validate_name(name)
        machine = self.describe_state_machine(state_machine_arn)
        text = execution_input or "{}"
        try:
            json.loads(text)
        except ValueError as error:
            raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{error}'") from error
        prefix = f"arn:{self.partition}:states:{self.region_name}:{self.account_id}:execution:{machine.name}"
        return executions.start(f"{prefix}:{name or uuid.uuid4()}", machine, machine.roleArn, text)

    replace(undo, StepFunctionsParserBackend, "start_execution", start_execution)

    def start(self: Any) -> ActionResult:
        execution = self.stepfunction_backend.start_execution(
            self._get_param("stateMachineArn"), self._get_param("name"), self._get_param("input")
        )
        return ActionResult({"executionArn": execution.arn, "startDate": to_datetime(execution.started)})

    def find(self: Any) -> Execution:
        arn = self._get_param("executionArn")
        self.stepfunction_backend._validate_execution_arn(arn)
        return executions.find(arn)

    def describe(self: Any) -> ActionResult:
        return ActionResult(_described(executions, find(self)))

    def list_executions(self: Any) -> ActionResult:
        map_run, machine = self._get_param("mapRunArn"), self._get_param("stateMachineArn")
        if map_run:
            map_runs.kept(map_run)
        else:
            machine = self.stepfunction_backend.describe_state_machine(machine).arn
        status, redriven = self._get_param("statusFilter"), self._get_param("redriveFilter")
        found = [
            execution
            for execution in reversed(executions.of(map_run or machine))
            if (not status or execution.status == status)
            and (not redriven or (redriven == "REDRIVEN") == (execution.redrives > 0))
        ]
        page, token = _page(self, found)
        listed: dict[str, Any] = {"executions": [_listed(execution) for execution in page]}
        return ActionResult({**listed, "nextToken": token} if token else listed)

    def stop(self: Any) -> ActionResult:
        stopped = executions.stop(find(self), self._get_param("error"), self._get_param("cause"))
        return ActionResult({"stopDate": to_datetime(stopped)})

    def redrive(self: Any) -> ActionResult:
        redriven = executions.redrive(find(self), self._get_param("clientToken"))
        return ActionResult({"redriveDate": to_datetime(redriven)})

    def get_history(self: Any) -> ActionResult:
        events = history(executions.journal, find(self).arn)
        if self._get_param("reverseOrder"):
            events.reverse()
        page, token = _page(self, events)
        return ActionResult({"events": page, "nextToken": token} if token else {"events": page})

    def describe_machine(self: Any) -> ActionResult:
        execution = find(self)
        described = executions.describe(execution)
        answer = {
            "stateMachineArn": described.machine,
            "name": described.machine.split(":")[6],
            "definition": executions.definition(execution),
            "roleArn": described.role,
            "updateDate": to_datetime(described.started),
        }
        return ActionResult({**answer, "mapRunArn": described.map_run} if described.map_run else answer)

    def delete_machine(self: Any) -> ActionResult:
        arn = self._get_param("stateMachineArn")
        self.stepfunction_backend.delete_state_machine(arn)
        executions.forget_machine(arn)
        return EmptyResult()

    def succeed(self: Any) -> ActionResult:
        output = self._get_param("output")
        check_output(output)
        tokens.settle(self._get_param("taskToken"), {"output": output})
        return EmptyResult()

    def fail(self: Any) -> ActionResult:
        outcome = {"error": self._get_param("error"), "cause": self._get_param("cause")}
        tokens.settle(self._get_param("taskToken"), outcome)
        return EmptyResult()

    def heartbeat(self: Any) -> ActionResult:
        tokens.heartbeat(self._get_param("taskToken"))
        return EmptyResult()

    def list_map_runs(self: Any) -> ActionResult:
        return ActionResult({"mapRuns": map_runs.list(find(self).arn)})

    def describe_map_run(self: Any) -> ActionResult:
        return ActionResult(map_runs.describe(self._get_param("mapRunArn")))

    def update_map_run(self: Any) -> ActionResult:
        map_runs.live(self._get_param("mapRunArn")).update(
            max_concurrency=self._get_param("maxConcurrency"),
            tolerated_failure_count=self._get_param("toleratedFailureCount"),
            tolerated_failure_percentage=self._get_param("toleratedFailurePercentage"),
        )
        return EmptyResult()

    def get_activity_task(self: Any) -> ActionResult:
        arn = self._get_param("activityArn")
        if arn not in self.stepfunction_backend.activities:
            raise ActivityDoesNotExist(f"Activity Does Not Exist: '{arn}'")
        taken = queues.take(arn, self._get_param("workerName"))
        return ActionResult({"taskToken": taken.token, "input": taken.row["input"]} if taken else {})

    for name, method in {
        "start_execution": start,
        "describe_execution": describe,
        "list_executions": list_executions,
        "stop_execution": stop,
        "get_execution_history": get_history,
        "describe_state_machine_for_execution": describe_machine,
        "delete_state_machine": delete_machine,
        "send_task_success": succeed,
        "send_task_failure": fail,
        "send_task_heartbeat": heartbeat,
        "list_map_runs": list_map_runs,
        "describe_map_run": describe_map_run,
        "update_map_run": update_map_run,
    }.items():
        replace(undo, StepFunctionResponse, name, method)
    # For permissions: who sends an outcome needs one for the machine that waits for it.
    machine_of_token = staticmethod(tokens.machine)
    add(undo, StepFunctionsParserBackend, "localaws_machine_of_token", machine_of_token)
    add(undo, StepFunctionResponse, "redrive_execution", redrive)
    add(undo, StepFunctionResponse, "get_activity_task", get_activity_task)


def _described(executions: Executions, execution: Execution) -> dict[str, Any]:
    described = executions.describe(execution)
    execution = Execution(execution.arn, described)  # status and output of one moment
    answer = {
        **_listed(execution),
        "input": described.input,
        "inputDetails": {"included": True},
        "redriveStatus": "REDRIVABLE",
    }
    if execution.map_run:
        answer["redriveStatus"] = "REDRIVABLE_BY_MAP_RUN"
    elif reason := execution.not_redrivable(time.time()):
        answer["redriveStatus"], answer["redriveStatusReason"] = "NOT_REDRIVABLE", reason
    if execution.redriven:
        answer["redriveDate"] = to_datetime(execution.redriven)
    if described.output is not None:
        answer["output"], answer["outputDetails"] = described.output, {"included": True}
    failure = {"error": described.error, "cause": described.cause}
    return {**answer, **{name: value for name, value in failure.items() if value is not None}}


def _listed(execution: Execution) -> dict[str, Any]:
    listed = {
        "executionArn": execution.arn,
        "stateMachineArn": execution.machine,
        "name": execution.name,
        "status": execution.status,
        "startDate": to_datetime(execution.started),
        "redriveCount": execution.redrives,
    }
    if execution.stopped is not None:
        listed["stopDate"] = to_datetime(execution.stopped)
    if execution.map_run:
        listed["mapRunArn"] = execution.map_run
    if execution.redriven:
        listed["redriveDate"] = to_datetime(execution.redriven)
    return listed


def _page(self: Any, found: list[Any]) -> tuple[list[Any], str | None]:
    start = _start(self._get_param("nextToken"))
    size = int(self._get_param("maxResults") or _PAGE)
    token = base64.b64encode(str(start + size).encode()).decode() if start + size < len(found) else None
    return found[start : start + size], token


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token))
    except ValueError as error:
        raise InvalidToken(f"Invalid Token: '{token}'") from error
