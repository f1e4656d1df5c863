"""Wait states end at a time of day, which a restart does not move.

moto counts from when it begins to wait, in whole seconds, and takes a Timestamp for local time (moto 5.2.5,
wait_function.py and timestamp.py).
"""

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEventException
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.timestamp import Timestamp
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

from localaws.patching import replace
from localaws.states.place import place_of
from localaws.states.run import pause

__all__ = ["patch"]


def patch(undo: ExitStack) -> None:
    """Replace how long a Wait state waits."""

    def wait(self: Any, env: Any) -> None:
        entered = place_of(env).entered_at
        pause(env, entered + self._get_wait_seconds(env=env))

    def seconds_to_timestamp(self: Any, env: Any) -> float:
        self.string.eval(env=env)
        text = env.stack.pop()
        if self._from_timestamp_string(timestamp=text) is None:
            raise FailureEventException(self._create_failure_event(env, text))
        return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() - place_of(env).entered_at

    replace(undo, WaitFunction, "_eval_body", wait)
    replace(undo, Timestamp, "_get_wait_seconds", seconds_to_timestamp)
