"""Let tasks share clients.

moto makes a boto3 client for every task and every read of a distributed map (moto 5.2.5,
stepfunctions/parser/asl/utils/boto_client.py), which costs 20 ms each, and points it at the port that an
environment variable names. The module gets this object in the place of boto3.
"""

import threading
from contextlib import ExitStack
from typing import Any

from moto.stepfunctions.parser.asl.utils import boto_client

from localaws.aws_session import make_client
from localaws.patching import replace

__all__ = ["mend"]

_DAY = 24 * 3600.0  # seconds that a task may wait for an answer; a state's own TimeoutSeconds ends it before


class _SharedClients:
    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()

    def client(self, *, service_name: str, region_name: str, **_: Any) -> Any:
        with self._lock:
            key = (service_name, region_name)
            if key not in self._clients:
                self._clients[key] = make_client(
                    service_name, self._endpoint, region_name, parameter_validation=False, read_timeout=_DAY
                )
            return self._clients[key]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


def mend(undo: ExitStack, endpoint: str) -> None:
    """Send tasks' calls to ``endpoint`` through clients that are made once."""
    clients = _SharedClients(endpoint)
    undo.callback(clients.close)
    replace(undo, boto_client, "boto3", clients)
