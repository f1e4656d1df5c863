"""No worker outlives the process that started it, however that ended."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.localaws.waiting import eventually

PARENT = """
import sys, time
from localaws import LocalAws, Preload
from tests.localaws.functions import invoke, make_function
with LocalAws(preload=Preload(sys.argv[1:])) as aws:
    make_function(aws, "f", '''
        import os, subprocess
        def handler(event, context):
            child = subprocess.Popen(["sleep", "600"])
            return [os.getpid(), child.pid, os.getppid()]
    ''')
    print(*invoke(aws, "f").payload, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize(
    ("client", "preload"),
    [
        ("awslambdaric", []),
        ("bootstrap", []),
        pytest.param(
            "bootstrap",
            ["wave"],
            marks=pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks workers"),
        ),
    ],
)
def test_a_killed_parent_takes_its_workers_and_their_children_along(client: str, preload: list[str]) -> None:
    if client == "awslambdaric":
        pytest.importorskip("awslambdaric")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *preload],
        cwd=Path(__file__).parents[3],  # from where it can import tests.localaws
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "LOCALAWS_RUNTIME_CLIENT": client},
    )
    try:
        assert parent.stdout is not None
        worker, grandchild, starter = map(int, parent.stdout.readline().split())
        for started in (worker, grandchild, starter):
            os.kill(started, 0)
        assert (starter == parent.pid) is not bool(preload)
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.communicate()

    eventually(lambda: all(map(_gone, (worker, grandchild, starter))), "the end of the worker and its child")


def _gone(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - a zombie that init has not fetched yet is gone
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False
