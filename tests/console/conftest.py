"""A ``stepcast up`` with two forecasts and a failed run, for all tests of the console."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest

from stepcast.pipeline.run import fingerprint
from tests.cli import small_input
from tests.cli.processes import PATIENCE, Serving, serving
from tests.console.browser import browsing

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EVIL = "<img src=x onerror=document.title='evil'>"  # an item's name: text, whatever it looks like
LAST_DAY = "2026-03-11"  # of small_input


@dataclass(frozen=True)
class Answered:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Site:
    """The console over HTTP, and the runs by how they ended."""

    serving: Serving
    first: str
    second: str
    failed: str

    @property
    def netloc(self) -> str:
        return urlsplit(self.serving.facts["endpoint"]).netloc

    @property
    def address(self) -> str:
        return str(self.serving.facts["console"])

    def ask(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> Answered:
        """A request below the console's address. The header names are given with _ for -."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(self.netloc, timeout=PATIENCE)
        with closing(connection):
            text = None if body is None else json.dumps(body)
            connection.request(method, f"/_stepcast/{path}", text, given)
            response = connection.getresponse()
            return Answered(response.status, response.headers, response.read())

    def send(self, path: str, document: Any) -> Answered:
        """A change, with the token that pages have."""
        return self.ask(f"api/v1/{path}", "POST", document, X_Stepcast_Token=self.token())

    def get(self, path: str) -> Any:
        answer = self.ask(f"api/v1/{path}")
        assert answer.status == 200, answer.body
        return answer.json

    def token(self) -> str:
        page = self.ask("").body.decode()
        return page.split('name="stepcast-token" content="')[1].split('"')[0]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("console")
    given = ("--settle-seconds", "0", "--report-link", "presigned")
    with serving(folder / "state", *given) as served:
        params, files = small_input.write(folder)
        (folder / "evil.csv").write_text(small_input.rows(EVIL, 5))
        early = [folder / f"early-{number}.csv" for number in (0, 1)]
        for path, whole in zip(early, files, strict=False):
            path.write_text("".join(whole.read_text().splitlines(keepends=True)[: -small_input.HORIZON]))
        facts = served.facts
        with clients(facts, "s3") as s3, clients(facts, "stepfunctions") as states:

            def run(**given: Path) -> str:
                for key, path in given.items():
                    s3.upload_file(str(path), facts["bucket"], f"train/{key}.csv")
                return ended(states, s3, facts)

            s3.upload_file(str(params), facts["bucket"], "params.json")
            first = run(desk_lamp=early[0], floor_lamp=early[1])
            # The list is open when the next forecast is published, and this one is moved to history/.
            assert Site(served, first, "", "").get("items")["total"] == 2
            evil = folder / "evil.csv"
            second = run(desk_lamp=files[0], floor_lamp=files[1], street_lamp=files[2], evil=evil)
            (folder / "bad.csv").write_text(f"desk lamp,{LAST_DAY},$3.50,Köln\n")
            failed = run(bad=folder / "bad.csv")
        yield Site(served, first, second, failed)


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    with browsing() as found:
        yield found


def clients(facts: Any, service: str) -> Any:
    made = boto3.client(
        service,
        endpoint_url=facts["endpoint"],
        region_name=facts["region"],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    return closing(made)


def ended(states: Any, s3: Any, facts: Any) -> str:
    """Wait until the run of the bucket's present input, and every other, has ended; its name."""
    run = fingerprint(s3, facts["bucket"])
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        rows = states.list_executions(stateMachineArn=facts["state_machine_arn"])["executions"]
        if any(row["name"] == run for row in rows) and all(row["status"] != "RUNNING" for row in rows):
            return str(run)
        time.sleep(0.1)  # between two looks, not a guess at how long something takes
    pytest.fail(f"the run has not ended: {rows}")
