"""Who may use the console, and what its answers allow a browser to do."""

from typing import Any

import pytest

from stepcast.console.admission import Admission
from stepcast.console.application import ROOT, Console
from tests.console.conftest import Site

POSTS = (
    *("runs", "redriven-runs", "queries", "stop"),
    *("draft", "files", "deleted-files", "checked-params", "params"),
)


def test_the_page_loads_its_own_files_and_nothing_else(site: Site) -> None:
    page = site.ask("")

    own = f"http://{site.netloc}/_stepcast/"
    rules = dict(rule.strip().split(" ", 1) for rule in page.headers["Content-Security-Policy"].split(";"))
    nonce = rules.pop("style-src").removeprefix(f"{own}assets/ ")
    assert rules == {
        "default-src": "'none'",
        "script-src": f"{own}assets/",  # not 'self': the bucket's objects have the same origin
        "img-src": f"{own}assets/ data:",
        "connect-src": f"{own}api/",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert nonce.startswith("'nonce-")
    assert nonce not in site.ask("").headers["Content-Security-Policy"]
    assert b"http" not in page.body.replace(b"http-equiv", b"")
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["", "runs/x", "assets/console.js", "api/v1/overview", "api/v1/nothing", "x"]
)
def test_every_answer_forbids_sniffing_framing_and_embedding(site: Site, path: str) -> None:
    headers = site.ask(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_policy_at_an_ipv6_address_names_the_origin(site: Site) -> None:
    """A policy has no way to write such an address."""
    port = site.netloc.rpartition(":")[2]

    policy = site.ask("", Host=f"[::1]:{port}").headers["Content-Security-Policy"]

    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy


def test_assets_are_sent_once(site: Site) -> None:
    first = site.ask("assets/console.js")
    again = site.ask("assets/console.js", If_None_Match=first.headers["ETag"])

    assert (first.status, first.headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
    assert (again.status, again.body) == (304, b"")
    assert b"uplot 1." in site.ask("assets/licenses.txt").body


@pytest.mark.parametrize("path", ["assets/../pages.py", "assets/%2e%2e/pages.py", "assets/", "secrets"])
def test_nothing_else_is_a_page_or_a_file(site: Site, path: str) -> None:
    assert site.ask(path).status == 404


@pytest.mark.parametrize("name", POSTS)
def test_a_change_needs_the_token_of_the_session(site: Site, name: str) -> None:
    for headers in ({}, {"X_Stepcast_Token": "wrong"}, {"X_Stepcast_Token": ""}):
        answer = site.ask(f"api/v1/{name}", "POST", {}, **headers)
        assert (answer.status, "token" in answer.json["message"]) == (403, True)


@pytest.mark.parametrize("path", ["", "api/v1/overview", "api/v1/items", "assets/console.js"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://elsewhere.example", "Sec_Fetch_Site": "cross-site"},
        {"Origin": "http://localhost:3000", "Sec_Fetch_Site": "same-site"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "script"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"},
        {"Host": "elsewhere.example"},
    ],
)
def test_pages_of_other_origins_read_nothing(site: Site, path: str, headers: dict[str, str]) -> None:
    answer = site.ask(path, **headers)

    assert answer.status == 403
    assert b"stepcast-token" not in answer.body


@pytest.mark.parametrize("name", POSTS)
def test_pages_of_other_origins_change_nothing_with_the_token(site: Site, name: str) -> None:
    for headers in ({"Origin": "http://elsewhere.example"}, {"Sec_Fetch_Site": "same-site"}):
        answer = site.ask(f"api/v1/{name}", "POST", {}, X_Stepcast_Token=site.token(), **headers)
        assert answer.status == 403


def test_other_methods_are_refused(site: Site) -> None:
    token = site.token()

    assert site.ask("api/v1/overview", "POST", {}, X_Stepcast_Token=token).status == 405
    assert site.ask("runs", "DELETE", X_Stepcast_Token=token).status == 405
    assert site.ask("", "HEAD").body == b""


def closed(path: str, **environ: str) -> tuple[str, dict[str, str]]:
    """Ask a console that only those with the token may read; nothing is deployed."""
    told: list[Any] = []
    given, _, query = path.partition("?")
    request = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": ROOT + given,
        "QUERY_STRING": query,
        "HTTP_HOST": "127.0.0.1:1",
        "wsgi.input": None,
        **environ,
    }
    Console(Admission(closed=True, token="right"))(request, lambda *answer: told.extend(answer))
    return told[0], dict(told[1])


def test_with_auth_reading_needs_the_printed_address() -> None:
    assert closed("")[0] == "401 Unauthorized"
    assert closed("api/v1/overview")[0] == "401 Unauthorized"
    assert closed("assets/console.js")[0] == "401 Unauthorized"
    assert closed("?token=wrong")[0] == "401 Unauthorized"
    assert closed("", HTTP_COOKIE="stepcast_console=wrong")[0] == "401 Unauthorized"


def test_with_auth_the_printed_address_sets_the_cookie() -> None:
    status, headers = closed(f"?{Admission(closed=True, token='right').entrance(ROOT).partition('?')[2]}")

    assert (status, headers["Location"]) == ("303 See Other", ROOT)  # the token leaves the address bar
    assert headers["Set-Cookie"] == "stepcast_console=right; Path=/_stepcast/; HttpOnly; SameSite=Lax"
    assert closed("", HTTP_COOKIE="stepcast_console=right")[0] == "200 OK"
    assert closed("api/v1/overview", HTTP_COOKIE="stepcast_console=right")[0] == "503 Service Unavailable"
