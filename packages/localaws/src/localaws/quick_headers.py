"""Read the headers of a request or response without Python's parser of e-mails.

That one (3.11, http/client.py, email/feedparser.py) takes .12 ms for the headers of a request of boto3's;
without it, the server takes .8 ms for a small PutObject. Lines that are a name, a colon and a value are read
here; a block with any other line is the parser's.
"""

import http.client
import re
from contextlib import ExitStack
from email.parser import Parser
from http.client import HTTPMessage
from typing import Any

from localaws.patching import replace

__all__ = ["patch"]

_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\r\n]*)\r\n")
_END = b"\r\n"


def patch(undo: ExitStack) -> None:
    """Replace http.client.parse_headers, which servers and clients of the standard library read with."""
    read_lines: Any = http.client._read_headers  # type: ignore[attr-defined]

    def parse_headers(fp: Any, _class: type[HTTPMessage] = HTTPMessage, **more: Any) -> HTTPMessage:
        lines: list[bytes] = read_lines(fp, **more)
        return _simple(lines, _class) or Parser(_class=_class).parsestr(b"".join(lines).decode("iso-8859-1"))

    replace(undo, http.client, "parse_headers", parse_headers)


def _simple(lines: list[bytes], kind: type[HTTPMessage]) -> HTTPMessage | None:
    if not lines or lines[-1] != _END:
        return None
    message = kind()
    for line in lines[:-1]:
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        name, value = match.groups()
        message.set_raw(name.decode("ascii"), value.decode("iso-8859-1"))
    message.set_payload("")
    return message
