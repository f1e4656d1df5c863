"""The Runtime API serves its worker: a web page that finds the port gets no event and forges no answer."""

import http.client
from collections.abc import Iterator

import pytest

from localaws.lambda_.runtime_api import Event, RuntimeApi

NEXT = "/2018-06-01/runtime/invocation/next"
ANSWER = "/2018-06-01/runtime/invocation/id-1/response"


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    running = RuntimeApi()
    yield running
    running.close()


def ask(api: RuntimeApi, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(api.address, timeout=60)
    try:
        connection.request(
            method, path, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Referer": "https://evil.example/"},
        {"Host": "evil.example"},
        {"Host": "localhost"},
    ],
)
def test_a_page_is_refused_and_the_worker_goes_on(api: RuntimeApi, headers: dict[str, str]) -> None:
    api.send(Event("id-1", b"payload", 0, "arn"))
    assert ask(api, "GET", NEXT, **headers)[0] == 404
    assert ask(api, "GET", NEXT) == (200, b"payload")
    assert api.reports.get(timeout=60).kind == "ready"

    for path in (ANSWER, "/2018-06-01/runtime/init/error", ANSWER.replace("response", "error")):
        assert ask(api, "POST", path, b"forged", **headers)[0] == 404
    assert ask(api, "POST", ANSWER, b"answer")[0] == 202

    report = api.reports.get(timeout=60)
    assert (report.kind, report.body) == ("response", b"answer")
    assert api.reports.empty()


def test_only_the_event_that_is_there_is_answered(api: RuntimeApi) -> None:
    api.send(Event("id-1", b"payload", 0, "arn"))
    ask(api, "GET", NEXT)
    api.reports.get(timeout=60)

    for path in ("/response", "/x/response", ANSWER.replace("id-1", "id-2"), ANSWER.replace("id-1", "")):
        assert ask(api, "POST", path, b"forged")[0] == 404

    assert api.reports.empty()
