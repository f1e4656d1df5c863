"""Who asks is told to the server, and to nobody else."""

import http.server
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.client import Client
from stepcast.connect.prometheus.connection import connection
from stepcast.connect.prometheus.remote_write import Samples, write
from tests.cli.processes import command
from tests.connect.prometheus.guarded import PASSWORD, USER, guarded
from tests.connect.prometheus.test_pull import NOW, rows, wave


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guarded")


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    """A server with TLS and a password, and samples of ``secured`` in it."""
    with guarded(folder) as server:
        address = f"https://127.0.0.1:{server.port}"
        client = Client(connection(address, user=USER, password=PASSWORD, ca=folder / "server.crt"))
        write(client, [Samples({"__name__": "secured", "instance": "a:1"}, wave(NOW - 86_400, NOW))])
        yield address


def pull(
    url: str, folder: Path, to: Path, *more: str, secret: str | None = PASSWORD, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Type the command; the password is in a file."""
    given = []
    if secret is not None:
        (folder / "password").write_text(f"{secret}\n")
        given = ["--user", USER, "--password-file", str(folder / "password")]
    line = ["pull", "prometheus", "--url", url, "--query", "secured", "--step", "5min", "--since", "3d"]
    return subprocess.run(
        command(*line, "--to", str(to), *given, *more),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_tls_and_password_open_the_door(url: str, folder: Path, tmp_path: Path) -> None:
    done = pull(url, folder, tmp_path / "x.csv", "--ca", str(folder / "server.crt"))

    assert done.returncode == 0, done.stderr
    assert len(rows(tmp_path / "x.csv")) > 280


def test_user_and_password_may_stand_in_the_url(url: str, folder: Path, tmp_path: Path) -> None:
    whole = url.replace("https://", f"https://{USER}:{PASSWORD.replace(' ', '%20')}@")

    done = pull(whole, folder, tmp_path / "x.csv", "--ca", str(folder / "server.crt"), secret=None)

    assert done.returncode == 0, done.stderr


def test_the_password_may_come_from_the_environment(url: str, folder: Path, tmp_path: Path) -> None:
    ca = ("--ca", str(folder / "server.crt"))
    given = {"STEPCAST_PROMETHEUS_PASSWORD": PASSWORD}

    done = pull(url, folder, tmp_path / "x.csv", *ca, "--user", USER, secret=None, **given)

    assert done.returncode == 0, done.stderr


def test_a_wrong_password_is_refused_and_not_repeated(url: str, folder: Path, tmp_path: Path) -> None:
    whole = url.replace("https://", f"https://{USER}:hunter2@")
    ca = ("--ca", str(folder / "server.crt"))

    for done in (
        pull(url, folder, tmp_path / "x.csv", *ca, secret="hunter2"),
        pull(whole, folder, tmp_path / "x.csv", *ca, secret=None),
    ):
        assert done.returncode == 1
        assert "answers 401: authentication is required. Give --user and --password-file" in done.stderr
        assert "hunter2" not in done.stderr + done.stdout
        assert USER not in done.stderr


def test_a_certificate_that_nobody_vouches_for_is_refused(url: str, folder: Path, tmp_path: Path) -> None:
    done = pull(url, folder, tmp_path / "x.csv")

    assert done.returncode == 1
    assert "certificate verify failed" in done.stderr
    assert PASSWORD not in done.stderr


@contextmanager
def answering(status: int, headers: dict[str, str], body: bytes) -> Iterator[tuple[str, list[Any]]]:
    """A server that answers everything alike, and the headers of what it was asked."""
    asked: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(dict(self.headers))
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


EMPTY = b'{"status": "success", "data": {"resultType": "vector", "result": []}, "warnings": ["half of it"]}'


def test_tokens_and_tenants_are_sent_and_warnings_are_kept() -> None:
    with answering(200, {}, EMPTY) as (url, asked):
        client = Client(connection(f"{url}/prometheus", token="abc\n", headers=["X-Scope-OrgID: team-a"]))
        client.instant("up", 0)

    assert asked[0]["Authorization"] == "Bearer abc"
    assert asked[0]["X-Scope-OrgID"] == "team-a"
    assert list(client.warnings) == ["half of it"]


def test_tokens_and_headers_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    (tmp_path / "headers").write_text("X-Scope-OrgID: team-a\n\nX-Other: secret one\n")
    files = ("--token-file", str(tmp_path / "token"), "--header", f"@{tmp_path / 'headers'}")

    with answering(200, {}, EMPTY) as (url, asked):
        done = pull(url, tmp_path, tmp_path / "x.csv", *files, "--header", "X-More: 1", secret=None)

    assert "the query returns a vector" in done.stderr
    sent = [(one["Authorization"], one["X-Scope-OrgID"], one["X-Other"], one["X-More"]) for one in asked]
    assert set(sent) == {("Bearer abc", "team-a", "secret one", "1")}


def test_nothing_secret_follows_a_redirect() -> None:
    with (
        answering(200, {}, EMPTY) as (elsewhere, asked_there),
        answering(302, {"Location": f"{elsewhere}/api/v1/query?token=abc"}, b"") as (url, _),
        pytest.raises(
            ConnectorError, match=r"answers 302: redirected to .*Use the address that it redirects to"
        ) as said,
    ):
        Client(connection(url, token="abc")).instant("up", 0)

    assert asked_there == []
    assert "abc" not in str(said.value)


def test_what_is_no_api_is_said() -> None:
    with (
        answering(404, {}, b"page not found") as (url, _),
        pytest.raises(
            ConnectorError, match=r"answers 404: page not found. Is this the base URL of its API\?"
        ),
    ):
        Client(connection(url)).instant("up", 0)


def test_secrets_are_not_in_what_a_program_prints_of_it() -> None:
    assert "abc" not in repr(connection("http://127.0.0.1:1", token="abc"))
    assert "abc" not in repr(connection("http://ada:abc@127.0.0.1:1"))


@pytest.mark.parametrize(
    ("url", "more", "match"),
    [
        ("prometheus:9090", {}, "does not begin with http:// or https://"),
        ("http://ada:hunter2@[", {}, "the URL is invalid"),
        ("http://p:1?x=hunter2", {}, "the URL has a ?"),
        ("http://ada:hunter2@p", {"token": "hunter2"}, "a user and a token are given"),
        ("http://p", {"token": "hunter2 hunter2"}, "the token contains spaces"),
        ("http://p", {"headers": ["hunter2"]}, "a header must be written NAME: VALUE"),
        ("http://p", {"password": "hunter2"}, "a password is given without --user"),
    ],
)
def test_what_does_not_fit_together_is_said_without_the_secret(
    url: str, more: dict[str, Any], match: str
) -> None:
    with pytest.raises(ConnectorError) as said:
        connection(url, **more)

    assert match in str(said.value)
    assert "hunter2" not in str(said.value)


def test_an_address_is_taken_with_or_without_the_api_path() -> None:
    for end in ("", "/", "/api/v1", "/api/v1/", "/api/v1/query_range"):
        assert connection(f"http://[::1]:9090/prometheus{end}").url == "http://[::1]:9090/prometheus"
