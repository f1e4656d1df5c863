"""Is there exactly one way to read this request?

Whatever could be understood differently by something in front of the server (two lengths, two hosts) is
refused, and the connection closed: what follows on it may be the rest of the trick.

Source: RFC 9112, sections 3.2 and 6.3
"""

import re
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from email.message import Message
from urllib.parse import urlsplit

__all__ = ["misframed"]

# What ends the headers for Python, and might not for another: what follows is lost. (Defects of multipart
# bodies are here as well, which Python looks for in vain.)
_UNREADABLE = (MissingHeaderBodySeparatorDefect, FirstHeaderLineIsContinuationDefect)
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def misframed(headers: Message, target: str) -> str | None:
    """What is wrong with a request for ``target`` with these headers, or None."""
    for name in headers:
        if not _NAME.fullmatch(name):
            return f"the header name {name!r} is not a token"
    if any(isinstance(defect, _UNREADABLE) for defect in headers.defects):
        return "a header line has no colon"
    hosts = headers.get_all("Host", [])
    if len(hosts) != 1:
        return f"there must be one Host header, and there are {len(hosts)}"
    if not target.startswith("/") and (target != "*"):
        url = urlsplit(target)
        if url.scheme != "http" or url.netloc != hosts[0]:
            return f"the request is for {target!r}, but its Host header is {hosts[0]!r}"
    lengths, encodings = headers.get_all("Content-Length", []), headers.get_all("Transfer-Encoding", [])
    if encodings:
        if lengths:
            return "Content-Length and Transfer-Encoding exclude each other"
        if [encoding.strip().lower() for encoding in encodings] != ["chunked"]:
            return f"Transfer-Encoding must be chunked, and is {', '.join(encodings)!r}"
    elif len(lengths) > 1 or (lengths and not (lengths[0].isascii() and lengths[0].isdigit())):
        return f"Content-Length must be one number, and is {', '.join(lengths)!r}"
    return None
