"""The activity of a LocalAws, reported to a listener: ``LocalAws(on_activity=print)``.

This module only defines an activity. Activities are reported by ``http_activity`` (requests),
``states.execution_activity`` (executions and their states) and ``lambda_.function_activity`` (deliveries,
errors of handlers). Without a listener, none of these is active.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

__all__ = ["Activity", "Kind", "Listener", "Reporter"]

log = logging.getLogger(__name__)

Kind = Literal["request", "execution", "state", "delivery", "function"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Something that happened. What the fields mean, by ``kind``:

    ``request``    ``what`` is the operation of a request that changed something, or should have (PutObject),
                   ``where`` what it changed, ``outcome`` the error's code or empty, ``size`` of an object
    ``execution``  ``what`` is ``started`` or ``ended``, ``where`` MACHINE/EXECUTION, ``outcome`` its status,
                   ``detail`` why it failed
    ``state``      ``what`` is ``entered`` or ``left``, ``where`` MACHINE/EXECUTION, ``state`` its name,
                   ``outcome`` the error's name or empty; ``nested``: within a Map or Parallel state
    ``delivery``   ``what`` is the event (ObjectCreated:Put), ``where`` its source, ``function`` who gets it
    ``function``   a handler failed: ``function``, ``outcome`` the error's name, ``detail`` its message and
                   traceback
    """

    kind: Kind
    what: str
    where: str = ""
    outcome: str = ""
    state: str = ""
    function: str = ""
    detail: str = ""
    size: int | None = None  # bytes
    seconds: float | None = None  # how long it took
    nested: bool = False
    when: datetime = field(default_factory=lambda: datetime.now(UTC))


Listener = Callable[[Activity], None]


class Reporter:
    """Reports to a listener. If the listener fails, that is logged and everything else continues."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def __call__(self, kind: Kind, what: str, **more: Any) -> None:
        """Report an Activity with these fields."""
        try:
            self._listener(Activity(kind=kind, what=what, **more))
        except Exception:
            log.exception("the listener of activities failed")
