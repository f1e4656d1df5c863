"""Programs that can be entered where they stood, and that cost no thread each.

moto starts a thread for every program, and one more for every attempt of a task, and begins at StartAt (moto
5.2.5, program.py and execute_state.py). Here threads are started only where something has a time limit. What
an execution ends with is written by who runs it (executions.py): a program only returns how it ended.
"""

import copy
import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.common.timeouts.timeout import EvalTimeoutError
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel.branch_worker import BranchWorker
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.environment import Environment

from localaws.patching import replace
from localaws.states.place import Context, place_of
from localaws.states.retries import resume_retry

__all__ = ["patch"]

_LOOK_SECONDS = 1.0  # how often an attempt with a time limit looks whether the execution was stopped


def patch(undo: ExitStack) -> None:
    """Replace how programs, states and attempts begin and end."""
    replace(undo, Program, "eval", _evaluate_program)
    replace(undo, Program, "_eval_body", _evaluate_states)
    replace(undo, ExecutionState, "_evaluate_with_timeout", _evaluate_attempt)

    frame_of = vars(Environment)["as_inner_frame_of"].__func__

    def as_inner_frame_of(
        cls: Any, env: Any, variable_store: Any, event_history_frame_cache: Any = None
    ) -> Any:
        del event_history_frame_cache  # no caller passes one
        outer = env.event_history_context
        return frame_of(cls, env, variable_store, Context(outer.place, outer))

    replace(undo, Environment, "as_inner_frame_of", classmethod(as_inner_frame_of))

    exit_details = CommonStateField._get_state_exited_event_details

    def with_what_follows(self: Any, env: Any) -> Any:
        place_of(env).following = env.next_state_name  # None when the program has ended
        return exit_details(self, env)

    replace(undo, CommonStateField, "_get_state_exited_event_details", with_what_follows)

    made = BranchWorker.__init__

    def make_branch_worker(self: Any, branch_worker_comm: Any, program: Any, env: Any) -> None:
        made(self, branch_worker_comm, program, env)
        env.event_history_context.place = place_of(env).next_branch()

    replace(undo, BranchWorker, "__init__", make_branch_worker)


def _evaluate_program(self: Any, env: Any) -> None:
    context, place = env.event_history_context, place_of(env)
    stood, place.frame = place.frame, None
    env.next_state_name = self.start_at.start_at_name
    if stood is not None and (stood.state or stood.done):
        env.states.reset(json.loads(stood.value))
        context.source_event_id = context.last_published_event_id = stood.last or context.source_event_id
        if stood.done:
            env.set_ended()
            return
        env.next_state_name = stood.state
        place.retry = stood.retry
    if self.timeout_seconds is None:
        EvalComponent.eval(self, env)
        return
    left = place.run.began + self.timeout_seconds.timeout_seconds - time.time()
    thread = threading.Thread(target=EvalComponent.eval, args=(self, env), daemon=True)
    thread.start()
    thread.join(max(left, 0.0))
    if thread.is_alive():
        env.set_timed_out()


def _evaluate_states(self: Any, env: Any) -> None:
    try:
        while env.is_running():
            self._get_state(env.next_state_name).eval(env)
            env.stack.clear()
            env.heap.clear()
    except FailureEventException as failure:
        env.set_error(failure.get_execution_failed_event_details())
    except Exception as error:
        env.set_error({"error": "States.Runtime", "cause": f"{type(error).__name__}({error})"})


def _evaluate_attempt(self: Any, env: Any) -> None:
    resume_retry(env)
    self.timeout.eval(env=env)
    limit: float | None = env.stack.pop()
    if self.timeout.is_default_value():
        limit = None
    frame = env.open_frame()
    frame.states.reset(input_value=env.states.get_input())
    frame.stack = copy.deepcopy(env.stack)
    try:
        if limit is None:
            self._eval_execution(frame)
        else:
            _within(_left(env, limit), env, lambda: self._eval_execution(frame))
    finally:
        frame.event_history_context.close()
        frame.set_ended()
        env.close_frame(frame)
    env.stack.append(frame.stack.pop())
    if self.result_selector:
        self.result_selector.eval(env=env)
    self.result_path.eval(env)


def _left(env: Any, limit: float) -> float:
    """The seconds that an attempt still has: one that only waits has waited before a restart too."""
    place = place_of(env)
    if place.expects("TaskSubmitted") or place.expects("ActivityScheduled"):
        waits = place.expects("TaskScheduled") or place.expects("ActivityScheduled")
        if waits is not None:
            return max(limit - (time.time() - waits.at), 0.0)
    return limit


def _within(seconds: float, env: Any, work: Callable[[], None]) -> None:
    done, failure = threading.Event(), []

    def run() -> None:
        try:
            work()
        except Exception as error:
            failure.append(error)
        finally:
            done.set()

    threading.Thread(target=run, daemon=True).start()
    end = time.monotonic() + seconds
    while not done.wait(max(min(end - time.monotonic(), _LOOK_SECONDS), 0.0)):
        if time.monotonic() >= end or not env.is_running():
            raise EvalTimeoutError
    if failure:
        raise failure[0]
