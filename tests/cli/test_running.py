"""Which stacks run is known by locks, not by process ids."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stepcast.cli.running import Running, folder, living, recorded

HERE = Running("http://127.0.0.1:1", "us-east-1", 1, "")


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_a_stack_is_found_while_it_runs_and_not_after() -> None:
    with recorded(HERE):
        found = living()

    assert found == [HERE]
    assert living() == []


def test_the_file_of_a_killed_process_is_removed_even_if_its_process_id_is_alive_again() -> None:
    script = (
        "import os, signal; from stepcast.cli.running import Running, recorded\n"
        "with recorded(Running('http://127.0.0.1:1', 'us-east-1', 1, '')):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    left = [json.loads(path.read_text())["pid"] for path in folder().iterdir()]

    assert left == [1]  # the process id of init
    assert living() == []
    assert list(folder().iterdir()) == []


def test_nothing_runs_where_nothing_ever_ran() -> None:
    assert living() == []
