"""A request to the console, with its parameters checked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import parse_qs

from stepcast.console.answers import Refusal

__all__ = ["Request", "read_request"]

LONGEST_DOCUMENT = 1 << 20  # bytes
PART = 1 << 20


@dataclass(frozen=True)
class Request:
    """``path`` is relative to the console's own, without a slash at the beginning.

    The body has ``size`` bytes and is read from ``stream``, once.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    size: int
    stream: Any

    def text(self, name: str, default: str = "") -> str:
        return self.query.get(name, default)

    def whole(self, name: str, default: int, most: int) -> int:
        """A number from 0 to ``most``; Refusal if it is none."""
        given = self.query.get(name)
        if given is None:
            return default
        if not given.isascii() or not given.isdigit() or len(given) > 9:
            raise Refusal(400, f"{name} must be a whole number, not {given!r}")
        return min(int(given), most)

    def choice(self, name: str, choices: Mapping[str, Any] | tuple[str, ...], default: str) -> str:
        """One of ``choices``; Refusal with them if it is none."""
        given = self.query.get(name, default)
        if given not in choices:
            raise Refusal(400, f"{name} must be one of {', '.join(choices)}, not {given!r}")
        return given

    def key(self) -> tuple[str, ...]:
        """The series that ``key`` names: a JSON list of the item and its dimensions."""
        try:
            given = json.loads(self.query.get("key", ""))
        except ValueError:
            given = None
        if not isinstance(given, list) or not given or not all(isinstance(part, str) for part in given):
            raise Refusal(400, 'key must be a JSON list of texts, such as ["lamp"]')
        return tuple(given)

    def save(self, file: BinaryIO) -> None:
        """Write the body to ``file``. The stream may be a connection: what follows the body is not read."""
        left = self.size
        while left and (part := self.stream.read(min(left, PART))):
            file.write(part)
            left -= len(part)

    def document(self) -> dict[str, Any]:
        """The body, a JSON object."""
        if self.size > LONGEST_DOCUMENT:
            raise Refusal(413, f"a document may have {LONGEST_DOCUMENT:,} bytes")
        try:
            given = json.loads(self.stream.read(self.size))
        except ValueError:
            given = None
        if not isinstance(given, dict):
            raise Refusal(400, "the body must be a JSON object")
        return given


def read_request(environ: Mapping[str, Any], root: str) -> Request:
    """The request below ``root``. Refusal if it does not say how long it is."""
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or "HTTP_TRANSFER_ENCODING" in environ:
        raise Refusal(400, "a request must have a Content-Length")
    path = str(environ["PATH_INFO"]).encode("latin-1", "replace").decode("utf-8", "replace")
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True, errors="replace")
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    return Request(
        environ["REQUEST_METHOD"],
        path.removeprefix(root),
        {name: values[-1] for name, values in query.items()},
        headers,
        int(length),
        environ["wsgi.input"],
    )
