"""Only a folder that stepcast up made is a state, and nothing else is ever deleted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stepcast.cli.failure import Failure
from stepcast.cli.running import holding
from stepcast.cli.state_folder import StateFolder
from tests.cli.processes import command


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))


def test_a_claimed_folder_is_private_and_not_for_git(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")

    region = folder.claim(None)

    assert region == "us-east-1"
    assert folder.is_ours()
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert (folder.path / ".gitignore").read_text() == "*\n"


def test_a_state_keeps_its_region(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    folder.claim("eu-central-1")

    assert folder.claim(None) == "eu-central-1"
    with pytest.raises(Failure, match="belongs to region eu-central-1"):
        folder.claim("us-east-1")


@pytest.mark.parametrize("name", ["notes.txt", "stepcast.json", "objects"])
def test_a_folder_of_others_is_neither_taken_nor_deleted(tmp_path: Path, name: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / name).write_text('{"made_by": "me"}')
    folder = StateFolder(tmp_path / "mine")

    with pytest.raises(Failure, match="not a state folder of stepcast"):
        folder.claim(None)
    with pytest.raises(Failure, match="nothing was deleted"):
        folder.delete()

    assert (tmp_path / "mine" / name).exists()


def test_the_state_of_an_earlier_version_is_taken(tmp_path: Path) -> None:
    for name in ("mailbox", "objects"):
        (tmp_path / name).mkdir()

    StateFolder(tmp_path).claim(None)

    assert StateFolder(tmp_path).is_ours()


def test_a_state_in_use_is_neither_taken_nor_deleted(tmp_path: Path) -> None:
    folder = StateFolder(tmp_path / "state")
    folder.claim(None)

    with holding(folder.path, "us-east-1"):
        with pytest.raises(Failure, match=rf"is already running \(pid {os.getpid()}\)"):
            folder.claim(None)
        with pytest.raises(Failure, match="in use"):
            folder.delete()

    assert folder.holder() is None
    folder.delete()
    assert not folder.path.exists()


def test_a_link_to_a_state_is_not_followed(tmp_path: Path) -> None:
    StateFolder(tmp_path / "state").claim(None)
    (tmp_path / "link").symlink_to(tmp_path / "state")

    with pytest.raises(Failure, match="symbolic link"):
        StateFolder(tmp_path / "link").delete()

    assert (tmp_path / "state" / "stepcast.json").exists()


def test_a_process_id_that_was_left_behind_is_never_signalled(tmp_path: Path) -> None:
    """The file names a living process, but nobody holds its lock: whoever wrote it is gone."""
    folder = StateFolder(tmp_path / "state")
    folder.claim(None)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        told = {"endpoint": "", "region": "us-east-1", "pid": bystander.pid, "mailbox": "", "state": ""}
        (folder.path / "serving.json").write_text(json.dumps(told))

        answer = subprocess.run(
            command("down", "--state", folder.path), capture_output=True, text=True, check=False
        )

        assert answer.returncode == 0
        assert "no stack is running" in answer.stdout
        assert bystander.poll() is None
        bystander.kill()
