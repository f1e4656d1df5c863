"""Ctrl-C and SIGTERM unwind the process, so that nothing that it started is left behind."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["unwinding"]

STOPS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def unwinding() -> Iterator[None]:
    """Within, the first signal raises KeyboardInterrupt or SystemExit, and further ones change nothing.

    SIGINT, too, even where a shell started the process with it ignored, as it does with background jobs.
    """
    before = {number: signal.signal(number, _end) for number in STOPS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _: object) -> None:
    # A second Ctrl-C while worker processes are being stopped would leave some behind.
    for one in STOPS:
        signal.signal(one, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)
