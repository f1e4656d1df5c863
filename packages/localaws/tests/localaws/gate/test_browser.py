"""A real browser on a page of another origin: it can neither read nor change nor reset anything."""

import json
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4QueryAuth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from localaws import LocalAws
from tests.localaws.gate.attacking import SECRET, state
from tests.localaws.signing import signed_headers

PAGE = Path(__file__).with_name("attacker.html").read_text()
PATIENCE = 180  # seconds until the browser counts as stuck; a watchdog, not a measure
QUEUE = b"Action=CreateQueue&QueueName=attacked&Version=2012-11-05"
PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"  # a GIF
)
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs Chromium (Debian: apt-get install chromium)")


def furnish(aws: LocalAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="private")
    s3.put_object(Bucket="private", Key="plan", Body=SECRET, ContentType="text/html")
    s3.put_object(Bucket="private", Key="pixel", Body=PIXEL, ContentType="image/gif")
    script = f"window.leaked = {SECRET.decode()!r}".encode()
    s3.put_object(Bucket="private", Key="script", Body=script, ContentType="text/javascript")
    s3.put_object(Bucket="private", Key="style", Body=b"* {color: red}", ContentType="text/css")


def page(aws: LocalAws, host: str) -> str:
    """The attacker's page, with requests that are signed as a client on this machine signs."""
    port = urlsplit(aws.endpoint).port
    netloc = f"{host}:{port}"

    def fetched(
        method: str, target: str, body: bytes = b"", service: str = "s3", **headers: str
    ) -> dict[str, Any]:
        signed = signed_headers(aws, method, target, body, headers, service=service, host=netloc)
        kept = {name: value for name, value in signed.items() if name not in {"Host", "Content-Length"}}
        return {"method": method, "headers": kept, **({"body": body.decode()} if body else {})}

    def presigned(method: str, target: str, service: str = "s3") -> str:
        request = AWSRequest(method, f"http://{netloc}{target}")
        signer = S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth
        signer(Credentials("test", "test"), service, aws.region).add_auth(request)
        return str(request.url).removeprefix(f"http://{netloc}")

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    given = {
        "target": f"http://{netloc}",
        "requests": {
            "read": fetched("GET", "/private/plan"),
            "list": fetched("GET", "/private?list-type=2"),
            "write": fetched("PUT", "/private/attacked", b"attacked"),
            "queue": fetched("POST", "/", QUEUE, "sqs", **form),
        },
        "presigned": {
            "read": presigned("GET", "/private/plan"),
            "write": presigned("PUT", "/private/attacked"),
            "image": presigned("GET", "/private/pixel"),
            "script": presigned("GET", "/private/script"),
            "style": presigned("GET", "/private/style"),
        },
        "links": {"queue": presigned("GET", f"/?{QUEUE.decode()}", "sqs")},
    }
    return PAGE.replace("/*GIVEN*/ null", json.dumps(given))


class Attacker(ThreadingHTTPServer):
    """Serves the page on a port of its own, and waits for what it reports."""

    daemon_threads = True

    def __init__(self) -> None:
        self.html, self.results, self.reported = "", {}, threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Attacker

    def do_GET(self) -> None:
        self.answer(self.server.html.encode())

    def do_POST(self) -> None:
        self.server.results = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(b"")
        self.server.reported.set()

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def attacker() -> Iterator[Attacker]:
    with Attacker() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@contextmanager
def browser(url: str, profile: Path) -> Iterator[None]:
    """Chromium on that page, in a process group of its own that ends with the context."""
    assert BROWSER is not None
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--no-proxy-server", "--remote-debugging-port=0", f"--user-data-dir={profile}",
        "--host-resolver-rules=MAP *.example 127.0.0.1, MAP *.localhost 127.0.0.1", url,
    ]  # fmt: skip
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def visit(
    aws: LocalAws, attacker: Attacker, page_host: str, server_host: str, profile: Path
) -> dict[str, str]:
    """What the attacker's page reports."""
    attacker.html = page(aws, server_host)
    with browser(f"http://{page_host}:{attacker.server_address[1]}/", profile):
        assert attacker.reported.wait(PATIENCE), "the browser reported nothing"
    return attacker.results


@pytest.mark.parametrize(
    ("page_host", "server_host"),
    [
        ("127.0.0.1", "127.0.0.1"),  # same site, as a browser sees it
        ("attacker.localhost", "localhost"),
        ("attacker.example", "127.0.0.1"),  # cross-site
        ("attacker.example", "attacker.example"),  # DNS rebinding: its own name, the server's port
    ],
)
def test_a_page_of_another_origin_gets_nothing(
    aws: LocalAws, attacker: Attacker, tmp_path: Path, page_host: str, server_host: str
) -> None:
    furnish(aws)
    before = state(aws)

    results = visit(aws, attacker, page_host, server_host, tmp_path / "profile")

    assert state(aws) == before
    assert SECRET.decode() not in json.dumps(results)
    blind = {name: result for name, result in results.items() if not result.startswith(("refused", "hidden"))}
    assert blind == {
        "read, presigned, blind": "opaque",
        "create a queue, form, blind": "opaque",
        "create a queue, text, blind": "opaque",
        "upload, blind": "opaque",
        "reset": "opaque",
        "reset by beacon": "true",  # sent, not answered
        "everything, blind": "opaque",
        "script": "undefined",
    }


def test_the_same_page_does_it_all_where_it_is_allowed(attacker: Attacker, tmp_path: Path) -> None:
    """So it is the server that refuses, and not the browser or a mistake in the page."""
    origin = f"http://127.0.0.1:{attacker.server_address[1]}"
    with LocalAws(allow_origins=[origin]) as aws:
        furnish(aws)

        results = visit(aws, attacker, "127.0.0.1", "127.0.0.1", tmp_path / "profile")

        assert results["read, signed"] == f"200 {SECRET.decode()}"
        assert results["read, presigned"] == f"200 {SECRET.decode()}"
        assert results["create a queue, signed"].startswith("200 ")
        assert results["write, signed"].startswith("200 ")
        assert results["everything"].startswith("refused") or results["everything"].startswith("404")
        assert aws.objects.resolve("private", "attacked") is not None
        assert len(aws.client("sqs").list_queues()["QueueUrls"]) == 1
