"""The clients of one stack, each made when it is first needed: making one takes longer than most requests."""

import threading
from typing import Any

from stepcast.console.stack import Stack

__all__ = ["Clients"]


class Clients:
    """Made one at a time: a boto3 session cannot make two at once."""

    def __init__(self, stack: Stack) -> None:
        self._stack, self._lock = stack, threading.Lock()
        self._made: dict[str, Any] = {}

    def __getitem__(self, service: str) -> Any:
        with self._lock:
            if service not in self._made:
                self._made[service] = self._stack.client(service)
            return self._made[service]
