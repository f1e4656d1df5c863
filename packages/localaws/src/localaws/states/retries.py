"""Retries whose count and waiting survive a restart, and whose waiting a stop ends.

moto counts the attempts of each retrier in memory, under random keys, and sleeps between them (moto 5.2.5,
retrier_decl.py and those it calls).

Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import random
import time
from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.asl.component.common.retry.jitter_strategy_decl import JitterStrategy
from moto.stepfunctions.parser.asl.component.common.retry.retry_decl import RetryDecl
from moto.stepfunctions.parser.asl.component.common.retry.retry_outcome import RetryOutcome

from localaws.patching import replace
from localaws.states.place import place_of
from localaws.states.run import pause

__all__ = ["patch", "resume_retry"]

_COUNTS = "localaws retries"  # where an environment, for the time of a state, has the count of each retrier


def patch(undo: ExitStack) -> None:
    """Replace RetryDecl._eval_body."""
    replace(undo, RetryDecl, "_eval_body", _retry)


def resume_retry(env: Any) -> None:
    """When a restart came between two attempts: wait for the next one as if nothing had happened."""
    place = place_of(env)
    kept, place.retry = place.retry, None
    if kept is None:
        return
    env.heap[_COUNTS] = list(kept["counts"])
    env.states.context_object.context_object_data["State"]["RetryCount"] = sum(kept["counts"])
    pause(env, kept["wake"])


def _retry(self: Any, env: Any) -> None:
    error_name = env.stack.pop()
    counts = env.heap.setdefault(_COUNTS, [0] * len(self.retriers))
    for position, retrier in enumerate(self.retriers):
        env.stack.append(error_name)
        retrier.error_equals.eval(env)
        if not env.stack.pop():
            continue
        if counts[position] >= retrier.max_attempts.attempts:
            env.stack.append(RetryOutcome.CannotRetry)
            return
        seconds = retrier.interval_seconds.seconds * retrier.backoff_rate.rate ** counts[position]
        seconds = min(seconds, retrier.max_delay_seconds.max_delays_seconds)
        if retrier.jitter_strategy.jitter_strategy == JitterStrategy.FULL:
            seconds = random.uniform(0, seconds)  # noqa: S311 - no secret
        counts[position] += 1
        _wait(env, counts, time.time() + seconds)
        env.stack.append(RetryOutcome.CanRetry)
        return
    env.stack.append(RetryOutcome.NoRetrier)


def _wait(env: Any, counts: list[int], wake: float) -> None:
    place = place_of(env)
    after = env.event_history_context.last_published_event_id
    place.expected.clear()
    place.run.put(
        "retry", place.path, {"entered": place.entered, "after": after, "counts": counts, "wake": wake}
    )
    pause(env, wake)
