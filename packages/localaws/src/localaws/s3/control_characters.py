"""Keys with control characters, as S3 answers them.

XML 1.0 cannot hold most of them. S3 writes them as character references all the same, which is why clients
ask for ``encoding-type=url``, and calls a request's XML that is not well-formed MalformedXML. moto writes
them as they are, encodes some fields of some lists, fails inside on such a request, and its routes end at a
line break (moto 5.2.5, core/serialize.py, s3/responses.py, moto_server/utilities.py).

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html (XML related object key
constraints) and https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html (EncodingType)
"""

import re
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote
from xml.parsers.expat import ExpatError

from moto.moto_server.utilities import RegexConverter
from moto.s3.exceptions import MalformedXML
from moto.s3.responses import S3Response

from localaws.patching import replace

__all__ = ["patch"]

# What no XML holds, and the carriage return, which a parser would read as a line feed.
_SPECIAL = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
# What moto leaves as it is of what AWS encodes: fields of the list, and of its entries.
_UNENCODED: dict[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {
    "ListObjects": (("Prefix", "Delimiter", "Marker", "NextMarker"), (("CommonPrefixes", "Prefix"),)),
    "ListObjectsV2": (("Delimiter", "StartAfter"), ()),
    "ListObjectVersions": (
        ("Prefix", "Delimiter", "KeyMarker", "NextKeyMarker"),
        (("Versions", "Key"), ("DeleteMarkers", "Key"), ("CommonPrefixes", "Prefix")),
    ),
    "ListMultipartUploads": ((), (("Uploads", "Key"),)),
}


def patch(undo: ExitStack) -> None:
    """Patch requests and responses."""
    make_converter: Any = RegexConverter.__init__

    def with_line_breaks(self: Any, url_map: Any, *patterns: str) -> None:
        make_converter(self, url_map, *patterns)
        self.regex = f"(?s:{self.regex})"

    replace(undo, RegexConverter, "__init__", with_line_breaks)

    serialized: Any = S3Response.serialized

    def readable(self: Any, action_result: Any) -> Any:
        action, result = self.data.get("Action"), action_result.result
        wanted = self.querystring.get("encoding-type", [None])[0]
        if wanted == "url" and action in _UNENCODED and isinstance(result, dict):
            _encode(action, result)
        status, headers, body = serialized(self, action_result)
        text = body.decode() if isinstance(body, bytes) else body
        return status, headers, _SPECIAL.sub(lambda found: f"&#x{ord(found[0]):x};", text)

    replace(undo, S3Response, "serialized", readable)

    for operation in ("_bucket_response", "_key_response"):
        replace(undo, S3Response, operation, _judging_xml(getattr(S3Response, operation)))


def _encode(action: str, result: dict[str, Any]) -> None:
    fields, of_entries = _UNENCODED[action]
    result["EncodingType"] = "url"
    for field in fields:
        if result.get(field):
            result[field] = quote(result[field])
    for entries, field in of_entries:
        for entry in result.get(entries) or ():
            entry[field] = quote(entry[field])


def _judging_xml(operation: Any) -> Any:
    def run(self: Any, request: Any, full_url: str) -> Any:
        try:
            return operation(self, request, full_url)
        except ExpatError:
            raise MalformedXML from None

    return run
