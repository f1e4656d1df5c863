"""``stepcast up --auth``: clients need its keys; its functions, and the other commands, have them."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from stepcast.cli.app import app
from tests.cli import small_input
from tests.cli.processes import PATIENCE, serving

# The clients that the documents name, with nothing but the profile that is printed.
CLIENTS = """
import awswrangler, pyathena
query = "SELECT item_id FROM forecast"
print(len(awswrangler.athena.read_sql_query(query, database="default", workgroup="stepcast")))
with pyathena.connect(work_group="stepcast", schema_name="default") as connection:
    print(len(connection.cursor().execute(query).fetchall()))
"""


@pytest.mark.slow
def test_who_has_the_keys_gets_a_forecast_and_nobody_else_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    work = tmp_path / "work"
    work.mkdir()
    params, files = small_input.write(tmp_path)
    opened = tmp_path / "opened"
    starter = tmp_path / "browser"
    starter.write_text(f"#!/bin/sh\necho \"$1\" > '{opened}'\n")
    starter.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{starter} %s")
    with serving(tmp_path, "--auth", "--open", folder=work) as served:
        check_console(served.facts, opened)
        assert served.facts["credentials"] == str(work / ".stepcast" / "credentials")

        def s3(**keys: str) -> Any:
            session = boto3.session.Session(**keys)
            return session.client("s3", endpoint_url=served.facts["endpoint"], region_name="us-east-1")

        stranger = s3(aws_access_key_id="local", aws_secret_access_key="local")
        with pytest.raises(ClientError, match="InvalidAccessKeyId"):
            stranger.list_buckets()
        stranger.close()
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", served.facts["credentials"])
        known = s3(profile_name="localaws")
        for path in files:
            known.upload_file(str(path), served.facts["bucket"], f"train/{path.name}")
        known.upload_file(str(params), served.facts["bucket"], "params.json")
        known.close()

        executions = await_end()
        answer = CliRunner().invoke(app, ["sql", "SELECT count(*) AS rows FROM forecast", "--csv"])
        profile = {
            "AWS_ENDPOINT_URL": served.facts["endpoint"],
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_SHARED_CREDENTIALS_FILE": served.facts["credentials"],
            "AWS_PROFILE": "localaws",
        }
        others = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        clients = subprocess.run(
            [sys.executable, "-c", CLIENTS], env=others | profile, capture_output=True, text=True, check=False
        )

    assert "SUCCEEDED" in executions
    assert answer.exit_code == 0, answer.output
    rows = answer.stdout.split()[-1]
    assert int(rows) > 0
    assert clients.stdout.split() == [rows, rows], clients.stderr


def check_console(facts: Mapping[str, Any], opened: Path) -> None:
    """The console answers those who have the printed address, which is in no process list."""
    address, _, token = facts["console"].partition("?token=")
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(address)  # noqa: S310 - this machine's
    jar = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with jar.open(facts["console"]) as page, jar.open(f"{address}api/v1/overview") as answer:
        assert page.url == address
        assert json.loads(answer.read())["bucket"] == facts["bucket"]
    deadline = time.monotonic() + PATIENCE
    while not (opened.exists() and opened.read_text().endswith("\n")):
        assert time.monotonic() < deadline, "no browser was started"
        time.sleep(0.05)  # between two looks
    file = Path(opened.read_text().strip().removeprefix("file://"))
    assert token not in opened.read_text()
    assert facts["console"] in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def await_end() -> set[str]:
    """The states of executions, once one has succeeded or failed."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        told = CliRunner().invoke(app, ["status", "--json"])
        assert told.exit_code == 0, told.output
        found = {one["status"] for one in json.loads(told.stdout)["executions"]}
        if found & {"SUCCEEDED", "FAILED"}:
            return found
        time.sleep(0.5)  # between two looks
    pytest.fail("no execution has ended")
