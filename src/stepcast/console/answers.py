"""Answers to the console's requests: JSON, files, and what went wrong."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

__all__ = ["Answer", "Refusal", "json_answer", "number", "text_answer"]

STATUS = {
    200: "OK",
    303: "See Other",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class Answer:
    """One response."""

    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status_line(self) -> str:
        return f"{self.status} {STATUS[self.status]}"


class Refusal(Exception):
    """A request that cannot be answered as asked; the message says what to change."""

    def __init__(self, status: int, message: str, **details: Any) -> None:
        super().__init__(status, message)
        self.status, self.message, self.details = status, message, details

    def __str__(self) -> str:
        return self.message


def json_answer(document: Any, status: int = 200) -> Answer:
    """``document`` must not contain nan or infinity: JSON has neither."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_moment)
    return Answer(status, "application/json; charset=utf-8", text.encode("utf-8", "replace"))


def text_answer(lines: Iterable[str], content_type: str, file: str) -> Answer:
    """A file to download. ``file`` is made of letters, digits, dots and hyphens."""
    return Answer(
        200,
        f"{content_type}; charset=utf-8",
        "".join(lines).encode("utf-8", "replace"),
        {"Content-Disposition": f'attachment; filename="{file}"'},
    )


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    raise TypeError(f"{type(value).__name__} is not for JSON")


def number(value: float | None) -> float | None:
    """The number for JSON; None if it is not finite.

    >>> number(float("nan")), number(0.5)
    (None, 0.5)
    """
    return float(value) if value is not None and math.isfinite(value) else None
