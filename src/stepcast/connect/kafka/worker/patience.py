"""Waiting for a broker that is away."""

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

from confluent_kafka import KafkaException

from stepcast.connect.kafka.client import AWAY
from stepcast.connect.kafka.worker.events import log

__all__ = ["patiently"]

T = TypeVar("T")

PAUSE = 0.2  # seconds
SAYS_EVERY = 30.0  # seconds


def patiently(call: Callable[[], T], what: str, stop: Event) -> T:
    """Repeat a call until a broker answers or ``stop`` is set, and log what is waited for."""
    said = float("-inf")
    while True:
        try:
            return call()
        except KafkaException as failure:
            if failure.args[0].code() not in AWAY or stop.is_set():
                raise
            if time.monotonic() - said > SAYS_EVERY:
                said = time.monotonic()
                log("waiting", level="warning", what=what, reason=failure.args[0].str())
            stop.wait(PAUSE)
