"""Task tokens that outlive a restart, and requests of tasks that are not sent twice.

A token is a row of its execution from before it is handed out until its task ends, and an outcome is in that
row before it is acknowledged. After a restart the task waits for the same token, and when its request was
sent already (the history has TaskSubmitted), it is not sent again.

moto makes one token for all attempts of a state, so that a retry ends at once as the attempt before it, and
looks for a token in every execution that ever ran (moto 5.2.5, state_task_service_callback.py, models.py).
"""

import copy
import json
import re
import threading
import uuid
from contextlib import ExitStack
from typing import Any

from botocore.exceptions import ClientError
from moto.stepfunctions.exceptions import InvalidToken
from moto.stepfunctions.parser.api import InvalidOutput, TaskTimedOut
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_callback
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
    StateTaskService,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (  # noqa: E501 - moto's path
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn import (
    StateTaskServiceSfn,
)
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackEndpoint,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
    HeartbeatTimedOut,
)

from localaws.durability.journal import NotKept
from localaws.patching import replace
from localaws.states.place import attempt_name, attempt_of, place_of
from localaws.states.run import Run

__all__ = ["TaskTokens", "Waiting", "patch"]

_TOKEN = re.compile(r"[0-9a-f]{64}")
_GONE = "Task Timed Out: 'Provided task does not exist anymore'"
_SYNC_LOOK_SECONDS = 0.1  # moto looks every half second whether what a .sync task waits for has ended


class Waiting:
    """A task that waits for the outcome of its token."""

    def __init__(self, run: Run, token: str, row: dict[str, Any], *, kept: bool = False) -> None:
        self.run, self.token, self.row = run, token, row
        self.endpoint = CallbackEndpoint(token)
        self.taken = threading.Event()  # by a worker, if it is an activity's
        self._kept = kept
        if outcome := row.get("outcome"):
            self.endpoint.notify(_outcome(token, outcome))

    def keep(self) -> None:
        """Return when its row is on disk."""
        self._kept = True
        self.run.put("token", self.token, self.row, lazy=False)
        self.run.journal.barrier()

    def forget(self) -> None:
        """Its task has ended."""
        if self._kept:
            self.run.delete("token", self.token)

    def interrupt(self) -> None:
        """Nobody waits for it any more."""
        self.taken.set()
        self.endpoint.interrupt_all()


class TaskTokens:
    """Every token that a task waits for."""

    def __init__(self) -> None:
        self._waiting: dict[str, Waiting] = {}
        self._expected: dict[str, Run] = {}  # of tasks that have not gone on yet after a restart
        self._lock = threading.Lock()

    def expect(self, run: Run) -> None:
        """Take outcomes for the tokens that tasks of ``run`` waited for when the process ended."""
        self._expected.update(dict.fromkeys(run.tokens, run))

    def open(self, env: Any, more: dict[str, Any] | None = None, *, keep: bool = True) -> Waiting:
        """The token of the attempt that ``env`` evaluates: the one that it had before a restart, or new."""
        place = place_of(env)
        run = place.run
        of_attempt = {"place": place.path, "entered": place.entered, "attempt": attempt_of(env)}
        with self._lock:
            found = next((key for key, row in run.tokens.items() if row.items() >= of_attempt.items()), None)
            if found:
                waiting = self._waiting[found] = Waiting(run, found, run.tokens.pop(found), kept=True)
                del self._expected[found]
        if not found:
            waiting = Waiting(run, uuid.uuid4().hex + uuid.uuid4().hex, {**of_attempt, **(more or {})})
            if keep:
                waiting.keep()
            with self._lock:
                self._waiting[waiting.token] = waiting
        if not env.is_running():
            waiting.interrupt()
        env.states.context_object.context_object_data["Task"] = {"Token": waiting.token}
        env.callback_pool_manager._pool[waiting.token] = waiting.endpoint
        return waiting

    def close(self, waiting: Waiting, env: Any) -> None:
        """Its task has ended."""
        with self._lock:
            self._waiting.pop(waiting.token, None)
        env.callback_pool_manager._pool.pop(waiting.token, None)
        waiting.forget()

    def find(self, token: str) -> Waiting | None:
        """What waits for a token."""
        return self._waiting.get(token)

    def machine(self, token: str) -> str | None:
        """The machine of which an execution waits for a token."""
        waiting = self._waiting.get(token)
        run = waiting.run if waiting is not None else self._expected.get(token)
        return run.described.machine if run is not None else None

    def settle(self, token: str, outcome: dict[str, Any]) -> None:
        """Give the task its outcome; it is on disk when this returns.

        Raises:
            TaskTimedOut: its task does not wait for it any more, or has an outcome.
            InvalidToken: no token looks like this.
            NotKept: it cannot be written, and does not count.
        """
        with self._lock:
            waiting = self._known(token)
            if waiting.row.get("outcome"):
                raise TaskTimedOut(_GONE)
            waiting.row["outcome"] = outcome
        try:
            waiting.keep()
        except NotKept:
            del waiting.row["outcome"]
            waiting.run.put("token", token, waiting.row)
            raise
        waiting.endpoint.notify(_outcome(token, outcome))

    def heartbeat(self, token: str) -> None:
        """The task is being worked on."""
        with self._lock:
            self._known(token).endpoint.notify_heartbeat()

    def interrupt(self, run: Run) -> None:
        """End the waiting of an execution's tasks."""
        with self._lock:
            waiting = [one for one in self._waiting.values() if one.run is run]
            for token in run.tokens:
                self._expected.pop(token, None)
        for one in waiting:
            one.interrupt()

    def _known(self, token: str) -> Waiting:
        waiting = self._waiting.get(token)
        if waiting is not None and not waiting.run.closed:
            return waiting
        run = self._expected.get(token)
        if run is not None and not run.closed:
            return Waiting(run, token, run.tokens[token])  # the row is the one that its task will find
        if _TOKEN.fullmatch(token or ""):
            raise TaskTimedOut(_GONE)
        raise InvalidToken(repr(token))


def check_output(output: str) -> None:
    """SendTaskSuccess takes JSON."""
    try:
        json.loads(output)
    except ValueError as error:
        raise InvalidOutput(f"Invalid Output: '{error}'") from error


def patch(undo: ExitStack, tokens: TaskTokens) -> None:
    """Replace how tasks of service integrations send their request, and how they wait."""

    def evaluate(self: Any, env: Any) -> None:
        self.resource.eval(env=env)
        runtime_part = env.stack.pop()
        waiting, condition = None, getattr(self.resource, "condition", None)
        if condition is not None and isinstance(self, StateTaskServiceCallback):
            check: Any = self._assert_integration_pattern_is_supported
            check()
            if ResourceCondition.WaitForTaskToken in self._supported_integration_patterns:
                waiting = tokens.open(env, keep=condition == ResourceCondition.WaitForTaskToken)
        try:
            _evaluate(self, env, runtime_part)
        finally:
            if waiting is not None:
                tokens.close(waiting, env)

    replace(undo, StateTaskService, "_eval_execution", evaluate)
    replace(undo, StateTaskServiceCallback, "_eval_body", CommonStateField._eval_body)
    replace(undo, StateTaskServiceCallback, "_wait_for_task_token_heartbeat", wait_with_heartbeat)
    replace(undo, state_task_service_callback, "_DELAY_SECONDS_SYNC_CONDITION_CHECK", _SYNC_LOOK_SECONDS)


def wait_with_heartbeat(self: Any, env: Any, callback_endpoint: Any, heartbeat_endpoint: Any) -> Any:
    """The outcome, or HeartbeatTimedOut; None when the execution was stopped."""
    del self
    while env.is_running():
        if outcome := callback_endpoint.get_outcome():
            return outcome
        if not heartbeat_endpoint.clear_and_wait() and env.is_running():
            return callback_endpoint.get_outcome() or HeartbeatTimedOut()
    return None


def _evaluate(self: Any, env: Any, runtime_part: Any) -> None:
    place = place_of(env)
    raw = self._eval_parameters(env=env)
    given = {
        "env": env,
        "resource_runtime_part": runtime_part,
        "state_credentials": self._eval_state_credentials(env=env),
    }
    sent_before, submitted = place.expects("TaskStarted"), place.expects("TaskSubmitted")
    self._before_eval_execution(raw_parameters=raw, **given)
    parameters = copy.deepcopy(raw)
    self._normalise_parameters(parameters)
    if submitted is not None:
        env.stack.append(json.loads(submitted.details["taskSubmittedEventDetails"]["output"]))
    else:
        if isinstance(self, StateTaskServiceSfn):
            parameters.setdefault("name", attempt_name(env))
        try:
            self._eval_service_task(normalised_parameters=parameters, **given)
        except ClientError as error:
            if not sent_before or error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                raise
            # It was started and has ended before this execution could record that.
            arn = parameters["stateMachineArn"].replace(":stateMachine:", ":execution:")
            env.stack.append({"executionArn": f"{arn}:{parameters['name']}"})
        self._normalise_response(env.stack[-1])
    self._after_eval_execution(normalised_parameters=parameters, **given)


def _outcome(token: str, outcome: dict[str, Any]) -> Any:
    if "output" in outcome:
        return CallbackOutcomeSuccess(callback_id=token, output=outcome["output"])
    return CallbackOutcomeFailure(callback_id=token, error=outcome["error"], cause=outcome["cause"])
