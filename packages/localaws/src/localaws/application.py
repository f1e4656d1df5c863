"""The WSGI application: moto's, with a patched request path and failures in the form that AWS uses.

moto routes a request by the service in its signature, to one Flask application a service. Around that:

- ``gate`` decides who may send it, before anything else;
- a request that may not be done is refused (``guard``);
- requests to S3 are rewritten before moto sees them (``intake``: bodies become files);
- what an operation has changed is on disk before its response leaves (``keeper``), and what it sets off
  (S3 events) waits until its response is sent (``deliveries``);
- an operation that moto does not have answers 501 NotImplemented, and a failure inside moto 500
  InternalFailure, both in the protocol of the service. moto's own answer is werkzeug's HTML page, which
  clients take for a passing failure and retry;
- requests for objects that lie in another store are passed on to it (``s3/remote``);
- a path of ``handlers`` is no service: ``health`` is one, callers of LocalAws may add their own.
"""

import json
import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any
from xml.sax.saxutils import escape

from flask import request
from moto.core.utils import get_service_model, service_name_from_moto_package_name
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.exceptions import MethodNotAllowed, NotFound

from localaws.deliveries import Deliveries
from localaws.durability.keeper import Keeper, NotSupported
from localaws.gate.refused import Refused
from localaws.handlers import Handlers
from localaws.health import HEALTH_PATH, Health
from localaws.http_server import WsgiApplication
from localaws.iam.guard import Guard
from localaws.iam.refusals import Refused as Forbidden
from localaws.s3.intake import Intake
from localaws.s3.plain_get import plain_get
from localaws.s3.plain_put import plain_put
from localaws.s3.remote.install import Forward
from localaws.states.plain_start import plain_start

__all__ = ["Application"]

log = logging.getLogger(__name__)

Environ = dict[str, Any]


def _open(environ: Environ, start_response: Callable[..., Any]) -> Callable[..., Any]:
    del environ
    return start_response


class Application:
    """moto for one server, as a WSGI application."""

    def __init__(
        self,
        intake: Intake,
        deliveries: Deliveries,
        keeper: Keeper,
        guard: Guard,
        health: Health,
        forward: Forward,
        handlers: Mapping[str, WsgiApplication],
    ) -> None:
        self._dispatcher = _Dispatcher(_service_app)
        self._intake, self._deliveries, self._keeper = intake, deliveries, keeper
        self.gate: Callable[[Environ, Callable[..., Any]], Callable[..., Any]] = _open  # until one is set
        self._guard, self._forward = guard, forward
        self._handlers: Handlers[WsgiApplication] = Handlers({**handlers, HEALTH_PATH: health})

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            start_response = self.gate(environ, start_response)
        except Refused as refused:
            return refused.answer(environ, start_response)
        if handler := self._handlers.find(environ["PATH_INFO"]):
            return handler(environ, start_response)
        ending = ExitStack()
        ending.enter_context(self._deliveries.held())
        status_code = 500

        def remember(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal status_code
            status_code = int(status[:3])
            return start_response(status, headers, exc_info)

        try:
            with self._keeper.collected():
                service: Any = self._dispatcher.get_application(environ)
                environ["localaws.service"] = service.service  # moto's name for it
                self._guard(environ)
                blocks = None
                if service.service == "s3":
                    blocks = self._forward(environ, remember)
                    if blocks is None:
                        self._intake(environ)
                        blocks = plain_get(environ, remember)
                    if blocks is None:
                        blocks = plain_put(environ, remember)
                elif service.service == "stepfunctions":
                    blocks = plain_start(environ, remember)
                if blocks is None:
                    blocks = service(environ, remember)
                self._keeper.keep(environ, status_code)
        except Forbidden as refusal:
            blocks = _failure(environ, remember, refusal.status, refusal.code, refusal.text)
        except NotSupported as error:
            blocks = _failure(environ, remember, 501, "NotImplemented", str(error))
        except NotImplementedError as error:
            blocks = _failure(
                environ, remember, 501, "NotImplemented", f"{error} (moto, on which localaws is built)"
            )
        except Refused as refused:
            blocks = refused.answer(environ, remember)
        except ConnectionError:
            ending.close()
            raise
        except OSError as error:
            # No client tries 507 again: its user should see the message at once.
            log.error("%s %s failed: %s", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"), error)  # noqa: TRY400
            blocks = _failure(environ, remember, 507, "InsufficientStorage", str(error))
        except Exception as error:
            log.exception("%s %s failed", environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"))
            blocks = _failure(environ, remember, 500, "InternalFailure", f"{type(error).__name__}: {error}")
        return _Response(blocks, ending)


def _service_app(service: Any) -> Any:
    """moto's Flask application of a service; a path that it does not know is an operation that it lacks."""
    app = create_backend_app(service)

    def unknown_path(error: NotFound | MethodNotAllowed) -> Any:
        del error
        raise NotImplementedError(f"{request.method} {request.path} has not been implemented for {service}")

    app.register_error_handler(NotFound, unknown_path)
    app.register_error_handler(MethodNotAllowed, unknown_path)
    return app


class _Dispatcher(DomainDispatcherApplication):
    """moto's routing without a scan of moto's package folder, under a lock, for every request.

    That scan (moto 5.2.5, get_backend_for_host) took half the time of a small request, and what it finds
    cannot change. Where moto would answer with its own pages or as an EC2 instance's metadata, or guess the
    service of an unsigned request from its path or body, the request goes to S3.
    """

    def __init__(self, create_app: Callable[[Any], Any]) -> None:
        super().__init__(create_app)
        self._backend_for_host: dict[str | None, Any] = {}

    def infer_service_region_host(self, environ: dict[str, Any], path: str) -> str | None:
        return super().infer_service_region_host(environ, path) if "HTTP_AUTHORIZATION" in environ else None

    def get_backend_for_host(self, host: str | None) -> Any:
        if host in {"moto_api", "instance_metadata"}:
            return None
        if host not in self._backend_for_host:
            self._backend_for_host[host] = super().get_backend_for_host(host)
        return self._backend_for_host[host]


class _Response:
    """The blocks of a response, and what to do once they are sent."""

    def __init__(self, blocks: Iterable[bytes], ending: ExitStack) -> None:
        self._blocks, self._ending = blocks, ending

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._blocks)

    def close(self) -> None:
        try:
            if hasattr(self._blocks, "close"):
                self._blocks.close()
        finally:
            self._ending.close()


def _failure(
    environ: Environ, start_response: Callable[..., Any], status: int, code: str, message: str
) -> Iterable[bytes]:
    protocol = _protocol(environ)
    if protocol in {"json", "rest-json"}:
        body = json.dumps({"__type": code, "message": message}).encode()
        content = "application/x-amz-json-1.1" if protocol == "json" else "application/json"
    else:
        text = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        wrapped = f"<Error>{text}</Error>"
        if protocol != "rest-xml":
            wrapped = f"<ErrorResponse>{wrapped}</ErrorResponse>"
        body = wrapped.encode()
        content = "text/xml"
    headers = [
        ("Content-Type", content),
        ("Content-Length", str(len(body))),
        ("x-amzn-errortype", code),
        ("x-amzn-requestid", str(uuid.uuid4())),
    ]
    start_response(f"{status} {code}", headers)
    return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]


def _protocol(environ: Environ) -> str:
    service = environ.get("localaws.service", "s3")
    if service in {"s3", "s3control"}:
        return "rest-xml"
    if "json" in environ.get("CONTENT_TYPE", ""):
        return "json"
    try:
        name = {"awslambda": "lambda"}.get(service, service_name_from_moto_package_name(service))
        return str(get_service_model(name).protocol)
    except Exception:  # a service that botocore does not know: newer clients use JSON
        return "json"
