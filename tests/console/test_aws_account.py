"""``stepcast console``: a stack on AWS, here a local one at an endpoint that a profile names, read only."""

import http.client
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from typer.testing import CliRunner

from stepcast.cli.app import app
from stepcast.console.aws_account import find_stack
from stepcast.console.read_only import READING, ChangesRefused
from tests.cli.processes import PATIENCE, command
from tests.console.conftest import Site, clients

PROFILE = "lamps"


@dataclass(frozen=True)
class Looking:
    """A console on its own: its address, its token, and the cookie that the address sets."""

    netloc: str
    token: str
    account: str

    def ask(
        self, path: str, method: str = "GET", body: Any = None, raw: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        given = {"Cookie": f"stepcast_console={self.token}", "X-Stepcast-Token": self.token, **headers}
        with closing(http.client.HTTPConnection(self.netloc, timeout=PATIENCE)) as connection:
            text = raw if body is None else json.dumps(body)
            connection.request(method, f"/_stepcast/{path}", text, given)
            answer = connection.getresponse()
            read = answer.read()
            return answer.status, json.loads(read) if "json" in answer.headers["Content-Type"] else read


@pytest.fixture(scope="module")
def home(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of somebody with a profile for the account."""
    folder = tmp_path_factory.mktemp("aws")
    (folder / "config").write_text(
        f"[profile {PROFILE}]\nregion = us-east-1\nendpoint_url = {site.serving.facts['endpoint']}\n"
        "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = example\n"
    )
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**own, "AWS_CONFIG_FILE": str(folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}


@pytest.fixture(scope="module")
def looking(home: dict[str, str]) -> Iterator[Looking]:
    arguments = ("console", "--profile", PROFILE, "--port", "0", "--json")
    with subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=home
    ) as process:
        assert process.stdout is not None
        try:
            if not (line := process.stdout.readline()):
                pytest.fail(f"stepcast console did not start: {process.communicate(timeout=PATIENCE)[1]}")
            facts = json.loads(line)
            address = urlsplit(facts["console"])
            yield Looking(address.netloc, address.query.partition("=")[2], facts["account"])
        finally:
            process.terminate()
            assert process.wait(timeout=PATIENCE) == 0


def content(site: Site) -> Any:
    """Every object of the bucket but the results of queries, and every execution."""
    facts = site.serving.facts
    with clients(facts, "s3") as s3, clients(facts, "stepfunctions") as states:
        rows = s3.list_objects_v2(Bucket=facts["bucket"])["Contents"]
        runs = states.list_executions(stateMachineArn=facts["state_machine_arn"])["executions"]
    kept = {row["Key"]: row["ETag"] for row in rows if not row["Key"].startswith("athena-results/")}
    return kept, [run["executionArn"] for run in runs]


def test_it_shows_what_is_in_the_account(site: Site, looking: Looking) -> None:
    assert looking.account == "123456789012"
    status, told = looking.ask("api/v1/overview")
    assert (status, told["bucket"], told["profile"]) == (200, site.serving.facts["bucket"], PROFILE)
    items = "items?sort=change"  # also compared with the vintage before
    assert looking.ask(f"api/v1/{items}")[1]["items"] == site.get(items)["items"]
    assert looking.ask(f"api/v1/run?name={site.failed}")[1]["error"] == "InvalidInputException"
    log = looking.ask(f"api/v1/log?name={site.second}&state=ImportData")[1]
    assert "imported" in [line["text"] for line in log["lines"]]
    assert looking.ask("api/v1/operations")[1]["alarms"] == site.get("operations")["alarms"]
    assert looking.ask("api/v1/files")[1]["params"] == site.get("files")["params"]
    assert looking.ask(f"api/v1/comparison?before={site.first}&after={site.second}")[0] == 200
    assert b'name="stepcast-mode" content="read-only"' in looking.ask("")[1]


def test_it_answers_queries_that_read_and_no_others(site: Site, looking: Looking) -> None:
    sql = "SELECT count(*) AS n FROM forecast"
    status, started = looking.ask("api/v1/queries", "POST", {"sql": sql})
    assert status == 200, started
    deadline = time.monotonic() + PATIENCE
    while looking.ask(f"api/v1/query?id={started['id']}")[1]["state"] in ("QUEUED", "RUNNING"):
        assert time.monotonic() < deadline
        time.sleep(0.05)  # between two looks
    assert looking.ask(f"api/v1/rows?id={started['id']}")[1]["rows"] == [["84"]]
    for sql in ("DROP TABLE forecast", "CREATE TABLE a AS SELECT 1", "-- SELECT\nDROP TABLE forecast"):
        status, told = looking.ask("api/v1/queries", "POST", {"sql": sql})
        assert (status, "not SELECT or SHOW" in told["message"]) == (403, True)
    assert "forecast" in [table["name"] for table in looking.ask("api/v1/tables")[1]["tables"]]


def test_it_drafts_for_a_file_and_checks_params_without_saving_them(site: Site, looking: Looking) -> None:
    before = content(site)
    rows = "".join(f"rug,2026-01-{day:02},{day % 7}\n" for day in range(1, 32))

    status, made = looking.ask("api/v1/draft?name=rugs.csv", "POST", raw=rows)
    assert (status, json.loads(made["text"])["Predictor"]["ForecastHorizon"] > 0) == (200, True)
    status, told = looking.ask("api/v1/checked-params", "POST", {"text": "{}"})
    assert (status, len(told["problems"]) > 0) == (200, True)
    assert content(site) == before


@pytest.mark.parametrize(
    "path",
    [
        *("runs", "redriven-runs?name=a", "params"),
        *("files?folder=train/&name=a.csv", "deleted-files?folder=train/&name=desk_lamp.csv"),
    ],
)
def test_what_would_change_the_account_is_refused(site: Site, looking: Looking, path: str) -> None:
    before = content(site)

    status, told = looking.ask(f"api/v1/{path}", "POST", {"text": "{}"})

    assert (status, told["message"]) == (403, "the console is read only here")
    assert content(site) == before


def test_its_clients_send_no_change_whoever_asks_them(
    site: Site, home: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [*os.environ]:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, home[name])
    stack, before = find_stack("stepcast", PROFILE, None), content(site)
    (tmp_path / "a.csv").write_text("a")
    where = {"Bucket": stack.bucket, "Key": "train/desk_lamp.csv"}
    arn = f"{stack.state_machine.replace(':stateMachine:', ':execution:')}:{site.failed}"

    for change in (
        lambda: stack.s3.put_object(**where, Body=b""),
        lambda: stack.s3.delete_object(**where),
        lambda: stack.s3.upload_file(str(tmp_path / "a.csv"), stack.bucket, "train/a.csv"),
        lambda: stack.s3.copy({**where}, stack.bucket, "train/b.csv"),
        lambda: stack.states.start_execution(stateMachineArn=stack.state_machine),
        lambda: stack.states.redrive_execution(executionArn=arn),
        lambda: stack.client("lambda").invoke(FunctionName=stack.function("StartExecution")),
        lambda: stack.client("glue").delete_table(DatabaseName=stack.database, Name="forecast"),
        lambda: stack.client("cloudformation").delete_stack(StackName="stepcast"),
        lambda: stack.client("sns").publish(TopicArn="arn", Message="m"),
    ):
        with pytest.raises(ChangesRefused, match="is not sent"):
            change()
    assert content(site) == before


def test_what_reads_is_listed_by_the_names_that_the_services_have() -> None:
    for service, operations in READING.items():
        with closing(
            boto3.client(service, "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        ) as one:
            assert operations <= set(one.meta.service_model.operation_names), service
        changing = {name for name in operations if not re.match("Get|Head|List|Describe|Filter", name)}
        assert changing <= {"StartQueryExecution", "StopQueryExecution"}


def test_only_who_has_the_address_reads_and_only_by_its_name(looking: Looking) -> None:
    assert looking.ask("api/v1/overview", Cookie="stepcast_console=wrong")[0] == 401
    assert looking.ask("api/v1/overview", Cookie="")[0] == 401
    port = looking.netloc.rpartition(":")[2]
    for headers in (
        {"Host": f"elsewhere.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ):
        status, body = looking.ask("api/v1/overview", **headers)
        assert (status, b"bucket" in body) == (403, False), headers
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert looking.ask("", **link)[0] == 200
    assert looking.ask("", Host=f"localhost:{port}")[0] == 200


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--profile", PROFILE, "--stack-name", "other"), "stack other cannot be read with profile lamps"),
        (("--profile", "nobody"), "profile nobody"),
    ],
)
def test_a_stack_that_is_not_there_is_named(
    home: dict[str, str], arguments: tuple[str, ...], words: str
) -> None:
    own = {name: None for name in os.environ if name.startswith("AWS_")}
    ended = CliRunner().invoke(app, ["console", *arguments, "--port", "0"], env={**own, **home})

    assert (ended.exit_code, words in ended.stderr) == (1, True), ended.output
