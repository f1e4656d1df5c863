"""Let tasks share clients, which sign as the machine's role.

moto makes a boto3 client for every task and every read of a distributed map (moto 5.2.5,
stepfunctions/parser/asl/utils/boto_client.py), which costs 20 ms each, points it at the port that an
environment variable names, and forgets the role. Every module that has imported it gets this in its place.
"""

import importlib
import threading
from contextlib import ExitStack
from typing import Any

from localaws.aws_session import make_client
from localaws.iam.access_keys import AccessKeys, Credentials, find_role
from localaws.iam.guard import MACHINE_SESSION
from localaws.patching import replace

__all__ = ["SharedClients", "patch"]

_DAY = 24 * 3600.0  # seconds that a task may wait for an answer; a state's own TimeoutSeconds ends it before
_EXECUTED = "moto.stepfunctions.parser.asl.component.state.exec"
_MODULES = (
    f"{_EXECUTED}.state_map.item_reader.eval.resource_eval_s3",
    f"{_EXECUTED}.state_map.result_writer.resource_eval.resource_eval_s3",
    f"{_EXECUTED}.state_task.lambda_eval_utils",
    *(
        f"{_EXECUTED}.state_task.service.state_task_service_{service}"
        for service in ("aws_sdk", "batch", "dynamodb", "ecs", "events", "glue", "sfn", "sns", "sqs")
    ),
    f"{_EXECUTED}.state_task.service.state_task_service_unsupported",
)


class SharedClients:
    """A client for each service, region and role: who calls this is given the same one again."""

    def __init__(self, endpoint: str, keys: AccessKeys) -> None:
        self._endpoint, self._keys = endpoint, keys
        self._clients: dict[tuple[str, str, Credentials | None], Any] = {}
        self._lock = threading.Lock()

    def __call__(self, region: str, service: str, state_credentials: Any = None) -> Any:
        role = state_credentials.role_arn
        known = find_role(role) is not None  # see Guard.machine
        credentials = self._keys.issue(role, MACHINE_SESSION) if known else None
        with self._lock:
            key = (service, region, credentials)
            if key not in self._clients:
                self._clients[key] = make_client(
                    service,
                    self._endpoint,
                    region,
                    credentials.for_boto3() if credentials else None,
                    parameter_validation=False,
                    read_timeout=_DAY,
                )
            return self._clients[key]

    def close(self) -> None:
        """Close their connections."""
        for client in self._clients.values():
            client.close()


def patch(undo: ExitStack, endpoint: str, keys: AccessKeys) -> SharedClients:
    """Send tasks' calls to ``endpoint`` through clients that are made once for each role."""
    clients = SharedClients(endpoint, keys)
    undo.callback(clients.close)
    for module in _MODULES:
        replace(undo, importlib.import_module(module), "boto_client_for", clients)
    return clients
