"""Activities: tasks that workers fetch with GetActivityTask.

moto knows activities by name, but hands out no task, and a state that uses one fails (moto 5.2.5,
responses.py and state_task_activitiy.py).

Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html
"""

import json
import threading
import time
from collections import defaultdict, deque
from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_activitiy import (
    StateTaskActivity,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackOutcomeFailureError,
    CallbackOutcomeSuccess,
    CallbackTimeoutError,
    HeartbeatTimedOut,
    HeartbeatTimeoutError,
)
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from localaws.durability.journal import NotKept
from localaws.patching import replace
from localaws.states.task_tokens import TaskTokens, Waiting, wait_with_heartbeat

__all__ = ["ActivityQueues", "patch"]

_POLL_SECONDS = 60.0  # AWS's: then GetActivityTask answers without a task


class ActivityQueues:
    """The tasks of activities that no worker has taken."""

    def __init__(self, tokens: TaskTokens) -> None:
        self._tokens = tokens
        self._queues: defaultdict[str, deque[str]] = defaultdict(deque)
        self._changed = threading.Condition()
        self._closed = False

    def offer(self, activity: str, waiting: Waiting) -> None:
        """Offer it to workers, unless one took it before a restart."""
        if "worker" in waiting.row:
            waiting.taken.set()
            return
        with self._changed:
            self._queues[activity].append(waiting.token)
            self._changed.notify_all()

    def take(self, activity: str, worker: str | None) -> Waiting | None:
        """The next task, within a minute; that it is taken is on disk when this returns."""
        end = time.monotonic() + _POLL_SECONDS
        with self._changed:
            while not self._closed:
                queue = self._queues[activity]
                while queue:
                    waiting = self._tokens.find(queue.popleft())
                    if waiting is not None and not waiting.run.closed:
                        waiting.row["worker"] = worker
                        try:
                            waiting.keep()
                        except NotKept:
                            del waiting.row["worker"]
                            queue.appendleft(waiting.token)
                            raise
                        waiting.taken.set()
                        return waiting
                if (left := end - time.monotonic()) <= 0:
                    return None
                self._changed.wait(left)
        return None

    def close(self) -> None:
        """Answer the waiting workers."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def patch(undo: ExitStack, tokens: TaskTokens, queues: ActivityQueues) -> None:
    """Replace tasks whose Resource is an activity."""
    undo.callback(queues.close)

    def evaluate(self: Any, env: Any) -> None:
        activity = self.resource.resource_arn
        _must_exist(env, activity)
        given = self._eval_parameters(env=env)
        text = given if isinstance(given, str) else to_json_str(given)
        waiting = tokens.open(env, {"input": text})
        try:
            heartbeat = _scheduled(self, env, text)
            queues.offer(activity, waiting)
            waiting.taken.wait()
            worker = waiting.row.get("worker")
            _event(env, "ActivityStarted", {"workerName": worker} if worker else {})
            outcome = _wait(env, waiting, heartbeat)
        finally:
            tokens.close(waiting, env)
        env.stack.append(json.loads(outcome.output))
        _event(env, "ActivitySucceeded", {"output": outcome.output, "outputDetails": {"truncated": False}})

    replace(undo, StateTaskActivity, "_eval_execution", evaluate)


def _must_exist(env: Any, activity: str) -> None:
    _, _, _, region, account, *_ = activity.split(":")
    backend: Any = stepfunctions_parser_backends[account][region]
    if activity not in backend.activities:
        kind = StatesErrorNameType.StatesRuntime
        details: Any = {
            "activityScheduleFailedEventDetails": {
                "error": kind.to_name(),
                "cause": f"The activity {activity} does not exist.",
            }
        }
        event: Any = "ActivityScheduleFailed"
        raise FailureEventException(FailureEvent(env, StatesErrorName(kind), event, details))


def _scheduled(self: Any, env: Any, text: str) -> int | None:
    """Record that the task waits for a worker; returns the seconds between heartbeats."""
    heartbeat = None
    if self.heartbeat:
        self.heartbeat.eval(env=env)
        heartbeat = env.stack.pop()
    details = {
        "resource": self.resource.resource_arn,
        "input": text,
        "inputDetails": {"truncated": False},
    }
    if not self.timeout.is_default_value():
        self.timeout.eval(env=env)
        details["timeoutInSeconds"] = env.stack.pop()
    if heartbeat is not None:
        details["heartbeatInSeconds"] = heartbeat
    _event(env, "ActivityScheduled", details)
    return heartbeat


def _wait(env: Any, waiting: Waiting, heartbeat: int | None) -> Any:
    if heartbeat is None:
        outcome: Any = waiting.endpoint.wait()
    else:
        beats = waiting.endpoint.setup_heartbeat_endpoint(heartbeat_seconds=heartbeat)
        outcome = wait_with_heartbeat(None, env, waiting.endpoint, beats)
    if isinstance(outcome, HeartbeatTimedOut):
        raise HeartbeatTimeoutError
    if outcome is None:
        raise CallbackTimeoutError
    if not isinstance(outcome, CallbackOutcomeSuccess):
        raise CallbackOutcomeFailureError(callback_outcome_failure=outcome)
    return outcome


def _event(env: Any, kind: str, details: dict[str, Any]) -> None:
    name = f"{kind[:1].lower()}{kind[1:]}EventDetails"
    env.event_manager.add_event(
        context=env.event_history_context, event_type=kind, event_details={name: details}
    )
