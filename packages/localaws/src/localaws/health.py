"""``GET /_localaws/health``: whether localaws is ready, and its version. For scripts that wait for it."""

import json
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["HEALTH_PATH", "Health", "own_version"]

HEALTH_PATH = "/_localaws/health"  # no bucket may be called so: an underscore is not allowed in its name


def own_version() -> str:
    """The version of the distribution that localaws comes in."""
    try:
        return version("stepcast-localaws")
    except PackageNotFoundError:
        return "unknown"


class Health:
    """Answered without a signature, so it contains only what every client may know."""

    def __init__(self, account: str, region: str) -> None:
        self._account, self._region, self._version = account, region, own_version()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        reading = environ["REQUEST_METHOD"] in {"GET", "HEAD"}
        body = json.dumps(self._facts() if reading else {"message": "GET it"}).encode() + b"\n"
        start_response(
            "200 OK" if reading else "405 Method Not Allowed",
            [("Content-Type", "application/json"), ("Content-Length", str(len(body)))],
        )
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _facts(self) -> dict[str, Any]:
        from moto.cloudformation.models import cloudformation_backends

        backend: Any = cloudformation_backends[self._account][self._region]
        return {
            "status": "ok",
            "version": self._version,
            "region": self._region,
            "account": self._account,
            "stacks": {stack.name: stack.status for stack in list(backend.stacks.values())},
        }
