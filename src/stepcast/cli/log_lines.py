"""Formats a line of a function's log for reading."""

import json

from stepcast.pipeline.log_fields import COMMON

__all__ = ["is_worth_reading", "readable"]


def is_worth_reading(line: str) -> bool:
    """Whether a line is more than the start or end of an invocation, whose REPORT has the duration."""
    return not line.startswith(("START RequestId: ", "END RequestId: "))


def readable(line: str) -> str:
    """A structured line as text, with its traceback below; any other line unchanged.

    >>> readable('{"level":"INFO","location":"f:1","message":"imported","rows":12,"service":"stepcast"}')
    'INFO  imported  rows=12'
    >>> readable("END RequestId: 1")
    'END RequestId: 1'
    """
    try:
        told = json.loads(line)
    except ValueError:
        return _printable(line)
    if not isinstance(told, dict) or "message" not in told:
        return _printable(line)
    facts = [f"{name}={_plain(value)}" for name, value in told.items() if name not in COMMON]
    first = "  ".join(
        [str(told.get("level", "INFO")), _plain(told["message"]), *([" ".join(facts)] if facts else [])]
    )
    trace = str(told.get("exception", "")).splitlines()
    return "\n".join(_printable(one) for one in (first, *("  " + below for below in trace)))


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _printable(text: str) -> str:
    """Remove control characters: a log may contain anything. Lambda indents with non-breaking spaces."""
    text = text.replace("\xa0", " ").replace("\t", "  ")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
