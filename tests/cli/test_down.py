"""State is kept in the folder by default, found again, stopped and removed on request only."""

import json
import os
import pty
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from stepcast.cli.state_folder import StateFolder
from tests.cli.processes import PATIENCE, command, serving
from tests.cli.test_up import client

BUCKET = "stepcast-123456789012-us-east-1"


def stepcast(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=folder,
        env={**os.environ, "XDG_STATE_HOME": str(folder / "home")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_what_was_uploaded_is_there_after_down_and_up_until_it_is_deleted(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (tmp_path / "stepcast.toml").write_text(
        '[up]\nbucket = "from-the-file"\nregion = "eu-west-1"\nport = 1\n'
    )
    with serving(home, folder=tmp_path) as first:
        with client(first, "s3") as s3:
            s3.put_object(Bucket="from-the-file", Key="kept.txt", Body=b"kept")
        twice = stepcast(tmp_path, "up")
        stopped = stepcast(tmp_path, "down")
        first.process.wait(timeout=PATIENCE)
    with serving(home, folder=tmp_path) as second, client(second, "s3") as s3:
        body = s3.get_object(Bucket="from-the-file", Key="kept.txt")["Body"].read()
        unasked = stepcast(tmp_path, "down", "--delete")
    removed = stepcast(tmp_path, "down", "--delete", "--yes")

    assert first.facts["bucket"] == second.facts["bucket"] == "from-the-file"
    assert first.facts["region"] == "eu-west-1"
    assert first.facts["state"] == str(tmp_path / ".stepcast")
    assert f"is already running at {first.facts['endpoint']} (pid {first.process.pid})" in twice.stderr
    assert stopped.stdout == f"stopped the stack at {first.facts['endpoint']} (pid {first.process.pid})\n"
    assert first.process.returncode == 0
    assert body == b"kept"
    assert "without a terminal, add --yes" in unasked.stderr
    assert removed.stdout.endswith("removed .stepcast\n")
    assert not (tmp_path / ".stepcast").exists()


def test_down_where_nothing_is(tmp_path: Path) -> None:
    stop, delete = stepcast(tmp_path, "down"), stepcast(tmp_path, "down", "--delete", "--yes")

    assert (stop.returncode, delete.returncode) == (0, 0)
    assert stop.stdout == "no stack is running with the state .stepcast\n"
    assert "nothing to remove" in delete.stdout


@pytest.mark.parametrize(("reply", "kept"), [("n", True), ("y", False)])
def test_on_a_terminal_it_asks_before_it_removes(tmp_path: Path, reply: str, kept: bool) -> None:
    StateFolder(tmp_path / ".stepcast").claim(None)
    keyboard, terminal = pty.openpty()
    try:
        os.write(keyboard, f"{reply}\n".encode())
        done = subprocess.run(
            command("down", "--delete"),
            cwd=tmp_path,
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "home")},
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    finally:
        os.close(keyboard)
        os.close(terminal)

    assert f"Remove {tmp_path / '.stepcast'} with every object" in done.stdout
    assert done.returncode == (1 if kept else 0)
    assert (tmp_path / ".stepcast").exists() is kept


def test_a_wrong_settings_file_stops_up_at_once(tmp_path: Path) -> None:
    (tmp_path / "stepcast.toml").write_text("[up]\nprot = 5005\n")

    answer = stepcast(tmp_path, "up")

    assert answer.returncode == 1
    assert answer.stderr.startswith(
        "stepcast: stepcast.toml: unknown option 'prot' in [up]: did you mean 'port'?"
    )
    assert not (tmp_path / ".stepcast").exists()


@pytest.mark.parametrize("quiet", [False, True])
def test_up_tells_what_goes_on_unless_it_is_to_be_quiet(tmp_path: Path, quiet: bool) -> None:
    more = ["--quiet"] if quiet else []
    with (
        (tmp_path / "told").open("w") as told,
        subprocess.Popen(
            command("up", "--port", "0", "--ephemeral", *more),
            stdout=subprocess.PIPE,
            stderr=told,
            text=True,
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path), "PYTHONUNBUFFERED": "1"},
        ) as process,
    ):
        assert process.stdout is not None
        while not (line := process.stdout.readline()).startswith("Or use stepcast "):
            assert line, (tmp_path / "told").read_text()
        with make_client(tmp_path, "s3") as s3:
            s3.put_object(Bucket=BUCKET, Key="train/a.csv", Body=b"1,2\n")
            s3.put_object(Bucket=BUCKET, Key="runs/1/work", Body=b"")
            s3.list_objects_v2(Bucket=BUCKET)
        with make_client(tmp_path, "lambda") as functions:
            functions.invoke(FunctionName="stepcast-Export", Payload=b"{}")
        process.terminate()
        try:
            process.wait(timeout=PATIENCE)
        finally:
            process.kill()  # without effect on one that has ended

    text = (tmp_path / "told").read_text()
    if quiet:
        assert text == "starting the local stack\nstopping\n"
        return
    assert f"PutObject            s3://{BUCKET}/train/a.csv  4 B\n" in text
    assert "train/a.csv  -> stepcast-StartExecution\n" in text
    assert "handler FAILED       stepcast-Export  ValidationError\n" in text
    assert 'app.py", line ' in text
    assert "ListObjects" not in text
    assert "runs/1" not in text


def make_client(home: Path, service: str) -> Any:
    """A client of the stack whose file lies below ``home``."""
    (path,) = (home / "stepcast" / "running").glob("*.json")
    facts = json.loads(path.read_text())
    made = boto3.client(
        service,
        endpoint_url=facts["endpoint"],
        region_name=facts["region"],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    return closing(made)
