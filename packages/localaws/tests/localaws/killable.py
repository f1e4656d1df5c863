"""A LocalAws in a process of its own, which can be killed."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from localaws.aws_session import make_client

_SERVE = """
import os, signal, sys
from pathlib import Path
from localaws import LocalAws
from localaws.durability.journal import Journal

put, last = Journal.put, int(sys.argv[2])

def put_and_die(self, kind, scope, key, value, *, lazy=False):
    put(self, kind, scope, key, value, lazy=lazy)
    if kind == "history" and key.isdigit() and int(key) == last and scope.endswith(sys.argv[3]):
        list(self.rows("history", scope))  # what was written is on disk
        os.kill(os.getpid(), signal.SIGKILL)

if last:
    Journal.put = put_and_die
with LocalAws(state=Path(sys.argv[1])) as aws:
    print(aws.endpoint, flush=True)
    sys.stdin.read()
"""


class Killable:
    """Serves ``folder`` from ``start`` until ``kill`` or ``stop``."""

    region = "us-east-1"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._clients: dict[str, Any] = {}

    def start(self, die_after: int = 0, of: str = "") -> None:
        """Return when it serves. It dies when the execution named ``of`` writes its event ``die_after``."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(self.folder), str(die_after), of],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.endpoint = self._process.stdout.readline().strip()
        assert self.endpoint, "it did not start"

    def client(self, service: str) -> Any:
        """A boto3 client of the process that serves now."""
        if service not in self._clients:
            self._clients[service] = make_client(service, self.endpoint, self.region)
        return self._clients[service]

    def dies(self) -> bool:
        """Whether it is dead."""
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
        self._gone()

    def stop(self) -> None:
        """Let it stop by itself."""
        self._gone()

    def restart(self) -> None:
        """Kill it, and serve the folder again."""
        self.kill()
        self.start()

    def _gone(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.communicate()
        for client in self._clients.values():
            client.close()
        self._clients = {}
