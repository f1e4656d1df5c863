"""A schema registry in a process: Confluent's HTTP API for schemas by id and by subject, and for new ones.

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
    """``schemas`` by id and ``subjects`` by name and version; ``asked`` is every path that was.

    A subject in ``refused`` takes no new schema: its status and message are answered.
    """

    url: str = ""
    schemas: dict[str, dict[str, Any]] = field(default_factory=dict)
    subjects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, dict[str, Any]]:
        match [unquote(part) for part in path.split("/")[1:]]:
            case ["schemas", "ids", number] if number in self.schemas:
                return 200, self._given(self.schemas[number], query)
            case ["subjects", name, "versions", version] if (name, version) in self.subjects:
                return 200, self._given(self.subjects[name, version], query)
        return 404, {"error_code": 40403, "message": "Schema not found"}

    def take(self, path: str, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Look a schema up in a subject, or add it as the subject's next version."""
        wanted = json.loads(sent["schema"])
        match [unquote(part) for part in path.split("/")[1:]]:
            case ["subjects", name]:
                versions = {
                    int(number): schema for (of, number), schema in self.subjects.items() if of == name
                }
                for number, schema in versions.items():
                    if json.loads(schema["schema"]) == wanted:
                        return 200, {**schema, "subject": name, "version": number}
                code = 40403 if versions else 40401
                return 404, {"error_code": code, "message": "Not found"}
            case ["subjects", name, "versions"] if name in self.refused:
                status, message = self.refused[name]
                return status, {"error_code": status, "message": message}
            case ["subjects", name, "versions"]:
                number = 1 + sum(of == name for of, _ in self.subjects)
                schema = {"id": 100 + len(self.schemas), "schema": sent["schema"]}
                self.schemas[str(schema["id"])] = self.subjects[name, str(number)] = schema
                return 200, {"id": schema["id"]}
        return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}

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
            self._say(parts.path, *registry.answer(parts.path, parse_qs(parts.query)))

        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._say(self.path, *registry.take(self.path, sent))

        def _say(self, path: str, status: int, body: dict[str, Any]) -> None:
            registry.asked.append(path)
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
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()
