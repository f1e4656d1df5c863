"""A schema registry in a process: what Confluent's HTTP API answers for schemas by id and by subject.

Source: https://docs.confluent.io/platform/current/schema-registry/develop/api.html
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

USER, PASSWORD = "ada", "open-sesame"


@dataclass
class Registry:
    """``schemas`` by id and ``subjects`` by name and version; ``asked`` is every path that was."""

    url: str = ""
    schemas: dict[str, dict[str, Any]] = field(default_factory=dict)
    subjects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        match [unquote(part) for part in path.split("/")[1:]]:
            case ["schemas", "ids", number] if number in self.schemas:
                return 200, self._given(self.schemas[number], query)
            case ["subjects", name, "versions", version] if (name, version) in self.subjects:
                return 200, self._given(self.subjects[name, version], query)
        return 404, {"error_code": 40403, "message": "Schema not found"}

    @staticmethod
    def _given(schema: dict[str, Any], query: dict[str, list[str]]) -> dict[str, Any]:
        """A schema of Protobuf is text, or compiled and in base64 where that is asked for."""
        compiled = schema.get("compiled")
        plain = {name: value for name, value in schema.items() if name != "compiled"}
        if compiled is not None and query.get("format") == ["serialized"]:
            plain["schema"] = base64.b64encode(compiled).decode()
        return plain


@contextmanager
def registered() -> Iterator[Registry]:
    registry = Registry()
    wanted = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            registry.asked.append(parts.path)
            status, body = registry.answer(parts.path, parse_qs(parts.query))
            if self.headers.get("Authorization") != wanted:
                status, body = 401, {"error_code": 401, "message": "Unauthorized"}
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        registry.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()
