"""Wait for what happens in the background, with a deadline instead of a guess."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 30.0  # seconds until something counts as lost: a watchdog, not a measure


def eventually(look: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
    """The first true thing that ``look`` returns; fails with ``what`` when it does not come."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {patience:.0f} seconds")
