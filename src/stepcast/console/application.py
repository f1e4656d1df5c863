"""The console as a WSGI application."""

import json
import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from stepcast.console import pages
from stepcast.console.admission import Admission
from stepcast.console.answers import Answer, Refusal, json_answer
from stepcast.console.read_only import ChangesRefused
from stepcast.console.requests import Request, read_request
from stepcast.console.stack import Stack
from stepcast.pipeline.errors import ResourceNotFoundException

__all__ = ["ROOT", "Console"]

log = logging.getLogger(__name__)

ROOT = "/_stepcast/"
API = "api/v1/"
PAGES = ("", "forecasts", "runs", "data", "sql", "operations")
Route = Callable[[Request], Answer]


class Console:
    """Answers what is below ``ROOT``. It can serve before the stack is deployed: then it says so."""

    def __init__(self, admission: Admission, profile: str = "") -> None:
        self.admission, self._profile = admission, profile
        self._stack: Stack | None = None
        self._routes: dict[tuple[str, str], Route] = {}
        self._first: Callable[[], None] = lambda: None
        self._lock = threading.Lock()

    @property
    def entrance(self) -> str:
        """The path to open in a browser."""
        return self.admission.entrance(ROOT)

    def attach(self, stack: Stack) -> None:
        """From now on, show this stack."""
        self._stack = stack

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            request = read_request(environ, ROOT)
            answer = self._answer(request)
        except Refusal as refusal:
            answer = json_answer({"message": refusal.message, **refusal.details}, refusal.status)
        except ChangesRefused as refused:
            answer = json_answer({"message": str(refused)}, 403)
        except ResourceNotFoundException as error:
            answer = json_answer({"message": f"{error}: it has been removed meanwhile"}, 404)
        except (BotoCoreError, ClientError) as error:
            log.warning("%s %s: %s", environ["REQUEST_METHOD"], environ["PATH_INFO"], error)
            answer = json_answer({"message": f"the stack does not answer as expected: {error}"}, 503)
        except Exception:  # a fault: whoever asked is told where to look, and others are answered
            log.exception("%s %s failed", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            answer = json_answer({"message": "the console has a fault; the log of stepcast up has it"}, 500)
        headers = pages.guarded({**answer.headers, "Content-Type": answer.content_type})
        headers["Content-Length"] = str(len(answer.body))
        start_response(answer.status_line, list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def _answer(self, request: Request) -> Answer:
        if request.path == "" and (entered := self.admission.entered(request, ROOT)):
            return entered
        self.admission.check(request)
        method = "GET" if request.method == "HEAD" else request.method
        if request.path.startswith(API):
            return self._ask(method, request)
        if method != "GET":
            raise Refusal(405, "pages are read with GET")
        if request.path.startswith("assets/"):
            return pages.asset(request.path.removeprefix("assets/"), request)
        if request.path.partition("/")[0] in PAGES:
            threading.Thread(target=self._prepare, daemon=True).start()
            return pages.page(ROOT, self.admission, request.headers["host"])
        raise Refusal(404, f"the console has no page {request.path!r}: begin at {ROOT}")

    def _open(self, stack: Stack) -> None:
        with self._lock:
            if not self._routes:
                self._routes, self._first = _routes(stack, self._profile)

    def _prepare(self) -> None:
        """Read what the page will ask for, while the browser loads its scripts."""
        if self._stack is not None and not self._routes:
            try:
                self._open(self._stack)
                self._first()
            except Exception:  # in a thread of its own: whoever asks for it is told, too
                log.warning("the list of items is not ready", exc_info=True)

    def _ask(self, method: str, request: Request) -> Answer:
        if self._stack is None:
            raise Refusal(503, "the stack is being deployed: try again in a moment")
        self._open(self._stack)
        name = request.path.removeprefix(API)
        if route := self._routes.get((method, name)):
            return route(request)
        allowed = [known for known, path in self._routes if path == name]
        if allowed:
            raise Refusal(405, f"use {' or '.join(allowed)}")
        raise Refusal(404, f"the API has nothing called {json.dumps(name)}")


def _routes(stack: Stack, profile: str) -> tuple[dict[tuple[str, str], Route], Callable[[], None]]:
    """By method and name; and what to call so that the first page is quick."""
    # pyarrow takes a moment to import: who opens no page need not wait for it.
    from stepcast.console.clients import Clients
    from stepcast.console.comparison import Comparison
    from stepcast.console.data import Data
    from stepcast.console.forecasts import Forecasts
    from stepcast.console.operations import Operations
    from stepcast.console.overview import Overview
    from stepcast.console.queries import Queries
    from stepcast.console.runs import Runs
    from stepcast.console.totals import Totals

    clients = Clients(stack)
    forecasts, data = Forecasts(stack), Data(stack)
    totals = Totals(forecasts)
    runs, queries, operations = Runs(stack, clients), Queries(stack, clients), Operations(stack, clients)
    routes: dict[tuple[str, str], Route] = {
        ("GET", "overview"): Overview(stack, profile).read,
        ("GET", "items"): forecasts.items,
        ("GET", "series"): forecasts.series,
        ("GET", "series.csv"): forecasts.series_csv,
        ("GET", "totals"): totals.groups,
        ("GET", "total"): totals.total,
        ("GET", "earlier"): forecasts.earlier,
        ("GET", "runs"): runs.newest,
        ("GET", "run"): runs.run,
        ("GET", "log"): runs.log,
        ("POST", "runs"): runs.start,
        ("POST", "redriven-runs"): runs.redrive,
        ("GET", "comparison"): Comparison(stack, runs, forecasts).read,
        ("GET", "files"): data.files,
        ("GET", "draft"): data.draft,
        ("POST", "draft"): data.draft_of,
        ("GET", "params-schema"): data.schema,
        ("POST", "files"): data.upload,
        ("POST", "deleted-files"): data.delete,
        ("POST", "checked-params"): data.check_params,
        ("POST", "params"): data.save_params,
        ("GET", "operations"): operations.state,
        ("GET", "function-log"): operations.log,
        ("GET", "tables"): queries.tables,
        ("POST", "queries"): queries.start,
        ("GET", "query"): queries.state,
        ("GET", "rows"): queries.rows,
        ("POST", "stop"): queries.stop,
    }
    return routes, forecasts.prepare
