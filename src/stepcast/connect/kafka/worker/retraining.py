"""When to retrain, and the request for it."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stepcast.connect.kafka.worker.report import PartitionReport
from stepcast.pipeline.steps.start_execution import Started, current_state, start_execution

__all__ = ["Policy", "Retraining", "reason_to_retrain"]

WAITING = "Settle"  # the state of a run that waits for further uploads
NOT_BEFORE = 3600.0  # seconds between requests: a run takes time, or has nothing new to read
FEWEST = 30  # items; a share of fewer is not significant


@dataclass(frozen=True)
class Policy:
    """Retrain at this ``drift`` (share of items) or ``age`` (seconds since the training); None: never."""

    drift: float | None = None
    age: float | None = None


def reason_to_retrain(policy: Policy, partitions: Iterable[PartitionReport], age: float | None) -> str | None:
    """The reason to retrain, for the log; None if there is none."""
    partitions = list(partitions)
    items, drifting = sum(one.items for one in partitions), sum(one.drifting for one in partitions)
    if policy.drift is not None and drifting and drifting >= policy.drift * max(items, FEWEST):
        return f"{drifting} of {items} items drift"
    if policy.age is not None and age is not None and age >= policy.age:
        return f"the predictor is {age / 86_400:.1f} days old"
    return None


class Retraining:
    """Starts the state machine as an upload to the bucket does; nothing starts without new input.

    A run that waits for further uploads (SettleSeconds) is replaced by one that does not wait.
    """

    def __init__(self, s3: Any, states: Any, state_machine: str, bucket: str) -> None:
        self._s3, self._states, self._machine, self._bucket = s3, states, state_machine, bucket
        self._asked = float("-inf")

    @property
    def is_due(self) -> bool:
        return time.monotonic() - self._asked >= NOT_BEFORE

    def ask(self) -> Started:
        started = self._start()
        if (
            started.outcome == "running"
            and current_state(self._states, str(started.execution_arn)) == WAITING
        ):
            why = "stepcast stream requested the training now"
            self._states.stop_execution(executionArn=started.execution_arn, cause=why)
            started = self._start()
        self._asked = time.monotonic()
        return started

    def _start(self) -> Started:
        happened = datetime.now(UTC).isoformat()
        event = {"Records": [{"eventTime": happened, "s3": {"bucket": {"name": self._bucket}}}]}
        return start_execution(
            event,
            s3=self._s3,
            states=self._states,
            state_machine=self._machine,
            settle_seconds=0,
            looked={},
        )
