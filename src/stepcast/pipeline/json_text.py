"""Hand-written JSON: what is wrong with it, where, and what to write instead."""

import json
import re
from typing import Any

from stepcast.pipeline.problems import Problem

__all__ = ["read_json"]

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
CURLY = "\u201c\u201d\u201e\u201f\u2018\u2019"
WORDS = {"True": "true", "False": "false", "None": "null", "NULL": "null", "TRUE": "true", "FALSE": "false"}


def read_json(body: bytes) -> tuple[Any, Problem | None]:
    """The document, or its problem."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        encoding = "UTF-16, not UTF-8" if body.startswith(UTF_16) else f"not UTF-8 text (byte {error.start})"
        return None, _problem(f"it is {encoding}", "Save it as UTF-8")
    if not text.strip("\0 \t\r\n"):
        return None, _problem("it is empty", "Describe what to forecast; see docs/how-to/params.md")
    try:
        return json.loads(text, object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant), None
    except json.JSONDecodeError as error:
        what = f"it is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        return None, _problem(what, _remedy(error), error.lineno)
    except (ValueError, RecursionError) as error:
        return None, _problem(str(error), "Correct this")


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the key {twice[0]!r} appears twice in one object")
    return dict(pairs)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"it contains {name}, which JSON does not allow")


def _remedy(error: json.JSONDecodeError) -> str:
    """What to change where reading stopped."""
    text, place = error.doc, error.pos
    before, after = text[:place].rstrip(), text[place:].lstrip()
    if after.startswith(("//", "/*", "#")):
        return "Remove the comment; JSON does not allow comments"
    if before.endswith(",") and after.startswith(("}", "]", ",")):
        return "Remove the comma before it"
    # From Python 3.13 on, the position is that of the comma itself.
    if re.match(r",\s*[}\]]", after):
        return "Remove the comma"
    if after[:1] and after[0] in CURLY:
        return 'Use straight quotes: "'
    if after.startswith("'"):
        return 'Use double quotes: "'
    if word := next((word for word in WORDS if after.startswith(word)), None):
        return f"Write {WORDS[word]}"
    if not after:
        return "The file ends too early: close every { and [, or upload the file again"
    if error.msg.startswith("Expecting ','"):
        return "Insert a comma before it"
    return "Fix it there"


def _problem(message: str, remedy: str, line: int | None = None) -> Problem:
    return Problem("params", "error", message, remedy, path="$", file="params.json", line=line)
