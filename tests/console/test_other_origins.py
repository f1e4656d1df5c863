"""Pages of other origins, in a real browser: they read nothing of the console, and change nothing."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.console.browser import CHROMIUM, ELSEWHERE
from tests.console.conftest import Site, clients

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest.importorskip("playwright", reason="needs Playwright, of the dependency group dev")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)")

# Each attempt ends with what it got; all that a page may get is the news that it failed.
ATTEMPTS = {
    "fetch": "fetch(api).then((answer) => answer.text())",
    "fetch with cookies": "fetch(api, {credentials: 'include'}).then((answer) => answer.text())",
    "fetch without CORS": "fetch(api, {mode: 'no-cors'}).then((answer) => answer.text())",
    "fetch of the page and its token": "fetch(root).then((answer) => answer.text())",
    "fetch with a token": "fetch(runs, {method: 'POST', headers: {'X-Stepcast-Token': token}, body: '{}'})"
    ".then((answer) => answer.text())",
    "post without preflight": "fetch(runs, {method: 'POST', mode: 'no-cors', body: '{}'})"
    ".then((answer) => answer.text())",
    "beacon": "new Promise((done) => {navigator.sendBeacon(runs, '{}'); setTimeout(() => done(''), 300)})",
    "script": "element('script', api)",
    "the console's script": "element('script', `${root}assets/console.js`)",
    "image": "element('img', `${root}assets/icon.svg`)",
    "style": "element('link', `${root}assets/console.css`)",
    "frame": "new Promise((done) => {const frame = document.createElement('iframe'); frame.src = root;"
    "frame.onload = () => {try {done(frame.contentDocument.body.innerText)} catch {done('')}};"
    "document.body.append(frame)})",
    "object": "element('object', root)",
    "form": "new Promise((done) => {const frame = document.createElement('iframe'); frame.name = 'sink';"
    "document.body.append(frame); const form = document.createElement('form'); form.target = 'sink';"
    "form.method = 'POST'; form.action = runs; document.body.append(form);"
    "frame.onload = () => {try {done(frame.contentDocument.body.innerText)} catch {done('')}};"
    "form.submit()})",
    "events": "new Promise((done) => {const source = new EventSource(api);"
    "source.onmessage = (event) => done(event.data); source.onerror = () => done('')})",
    "socket": "new Promise((done) => {const socket = new WebSocket(api.replace('http', 'ws'));"
    "socket.onopen = () => done('open'); socket.onerror = () => done('')})",
    "worker": "new Promise((done) => {try {const worker = new Worker(`${root}assets/console.js`);"
    "worker.onmessage = () => done('works'); worker.onerror = () => done('')} catch {done('')}})",
}
SCRIPT = """async ([origin, attempt, token]) => {
  const root = `${origin}/_stepcast/`, api = `${root}api/v1/overview`, runs = `${root}api/v1/runs`;
  const element = (kind, address) => new Promise((done) => {
    const made = document.createElement(kind);
    made.onload = () => done("loaded");
    made.onerror = () => done("");
    if (kind === "link") made.rel = "stylesheet";
    made[kind === "link" ? "href" : kind === "object" ? "data" : "src"] = address;
    document.body.append(made);
  });
  const late = new Promise((done) => setTimeout(() => done(""), 3000));
  try {
    return await Promise.race([eval(attempt), late]);
  } catch {
    return "";
  }
}"""


class Hostile(BaseHTTPRequestHandler):
    """Any page: what it does is put into it by the test."""

    def do_GET(self) -> None:
        body = b"<!doctype html><title>hostile</title><body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *given: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def hostile_port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hostile) as server:
        threading.Thread(target=partial(server.serve_forever, 0.05), daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture(scope="module")
def page(browser: "Browser") -> Iterator["Page"]:
    """It may have been at the console before, and have its cookies."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def runs_of(site: Site) -> list[str]:
    facts = site.serving.facts
    with clients(facts, "stepfunctions") as states:
        found = states.list_executions(stateMachineArn=facts["state_machine_arn"])["executions"]
    return [run["executionArn"] for run in found]


@pytest.mark.parametrize("host", ["127.0.0.1", ELSEWHERE], ids=["another port", "another site"])
def test_a_page_of_another_origin_reads_and_changes_nothing(
    site: Site, page: "Page", hostile_port: int, host: str
) -> None:
    before = runs_of(site)
    page.goto(f"http://{host}:{hostile_port}/")

    got = {
        name: page.evaluate(SCRIPT, [f"http://{site.netloc}", attempt, site.token()])
        for name, attempt in ATTEMPTS.items()
    }

    assert {name: text for name, text in got.items() if text} == {}
    assert runs_of(site) == before


def test_a_page_whose_name_comes_to_resolve_to_this_machine_reads_nothing(site: Site, page: "Page") -> None:
    """DNS rebinding: then it is of the same origin as the server, but names another host."""
    port = site.netloc.rpartition(":")[2]
    answer = page.goto(f"http://{ELSEWHERE}:{port}/_stepcast/")
    assert answer is not None
    assert (answer.status, "stepcast-token" in answer.text()) == (403, False)

    script = "fetch('/_stepcast/api/v1/overview').then(async (got) => [got.status, await got.text()])"
    status, text = page.evaluate(script)
    assert (status, site.serving.facts["bucket"] in text) == (403, False)


def test_the_same_attempts_succeed_from_the_console_itself(site: Site, page: "Page") -> None:
    """So that they fail elsewhere for the origin, and not because they are wrong."""
    page.goto(site.address)

    own = [f"http://{site.netloc}", ATTEMPTS["fetch"], site.token()]
    assert site.serving.facts["bucket"] in page.evaluate(
        SCRIPT.replace("eval(attempt)", ATTEMPTS["fetch"]), own
    )
    image = SCRIPT.replace("eval(attempt)", ATTEMPTS["image"])
    assert page.evaluate(image, own) == "loaded"
    started = page.evaluate(SCRIPT.replace("eval(attempt)", ATTEMPTS["fetch with a token"]), own)
    assert '"outcome"' in started
