"""Ctrl-C and SIGTERM unwind the process, so that it leaves nothing behind."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

__all__ = ["noticing", "until_stopped", "unwinding"]

STOPS = (signal.SIGINT, signal.SIGTERM)
NOTICED_WITHIN = 0.5  # seconds


@contextmanager
def unwinding() -> Iterator[None]:
    """Within this context, the first signal raises KeyboardInterrupt or SystemExit; further ones are ignored.

    This includes SIGINT even if a shell started the process with SIGINT ignored, as for background jobs.
    """
    before = {number: signal.signal(number, _end) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def noticing() -> Iterator[Callable[[], bool]]:
    """Within this context, the first Ctrl-C or SIGTERM makes the given function true; the second ends."""
    asked = False

    def note(_: int, __: object) -> None:
        nonlocal asked
        asked = True
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, note) for number in STOPS}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def until_stopped() -> NoReturn:
    """Wait for the signal that ends an ``unwinding`` context.

    ``signal.pause`` would sleep on through one that came just before it, or that the kernel gave to another
    thread: Python runs handlers in this one, when it is awake.
    """
    while True:
        time.sleep(NOTICED_WITHIN)


def _end(number: int, _: object) -> None:
    # A second Ctrl-C while worker processes are being stopped would leave some behind.
    for one in STOPS:
        signal.signal(one, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
