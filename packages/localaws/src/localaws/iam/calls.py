"""What a request asks for: the operation and its parameters, as moto will find them."""

import gzip
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote

import botocore.session
from botocore.exceptions import UnknownServiceError

__all__ = ["Call"]

UNKNOWN: tuple[str, Mapping[str, Any]] = ("Unknown", {})  # an operation that nobody is allowed
_MOTO_NAMES = {"awslambda": "lambda", "awslambda_simple": "lambda", "emrserverless": "emr-serverless"}


@dataclass(frozen=True)
class Call:
    """One request. ``service`` is boto3's name of it, ``account`` and ``region`` are where it is answered."""

    environ: dict[str, Any]
    account: str
    region: str

    @cached_property
    def service(self) -> str:
        name = str(self.environ["localaws.service"])
        return _MOTO_NAMES.get(name, name)

    @cached_property
    def method(self) -> str:
        return str(self.environ["REQUEST_METHOD"])

    @cached_property
    def path(self) -> str:
        return str(self.environ.get("PATH_INFO", "")).encode("latin-1").decode("utf-8", "replace")

    @cached_property
    def query(self) -> Mapping[str, str]:
        given = parse_qs(self.environ.get("QUERY_STRING", ""), keep_blank_values=True)
        return {name: values[0] for name, values in given.items()}

    def header(self, name: str) -> str | None:
        """A header's value, by its name as HTTP writes it."""
        value = self.environ.get("HTTP_" + name.upper().replace("-", "_"))
        return None if value is None else str(value)

    @cached_property
    def body(self) -> bytes:
        """The whole body, which stays readable for who comes next."""
        stream = self.environ["wsgi.input"]
        if not self.environ.get("wsgi.input_terminated"):
            length = int(self.environ.get("CONTENT_LENGTH") or 0)
            body = stream.read(length) if length else b""
        else:
            body = stream.read()
        self.environ["wsgi.input"] = io.BytesIO(body)
        return bytes(body)

    @cached_property
    def operation(self) -> str:
        """The API's name of the operation; of S3, nothing: see requests/s3.py."""
        return self._found[0]

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        """The operation's parameters, of the path, the query and the body."""
        return self._found[1]

    @cached_property
    def brings_a_form(self) -> bool:
        """Whether moto takes fields of the body for parameters."""
        content = self.environ.get("CONTENT_TYPE", "")
        return str(content).startswith(("application/x-www-form-urlencoded", "multipart/form-data"))

    @cached_property
    def _found(self) -> tuple[str, Mapping[str, Any]]:
        """As moto finds them, or a request could be decided about as one thing and done as another.

        moto takes Action from the form; without one from the query; without that from the body, whatever it
        is, and at last from a header (moto 5.2.5, core/responses.py, setup_class).
        """
        form = self._form() if self.brings_a_form else {}
        if str(self.environ.get("CONTENT_TYPE", "")).startswith("multipart/") or any(
            self.query.get(name, value) != value for name, value in form.items()
        ):
            return UNKNOWN
        fields = form or self.query or dict(parse_qsl(self.body.decode("utf-8", "replace")))
        if action := fields.get("Action") if fields else self.header("Action"):
            return action, {**self.query, **fields}
        if target := self.header("X-Amz-Target"):
            return target.rpartition(".")[2], self._json()
        for method, pattern, name in _operations(self.service):
            if method == self.method and (match := pattern.fullmatch(self.path)):
                path = {key: unquote(value) for key, value in match.groupdict().items()}
                body = self._json() if self.method in {"POST", "PUT", "PATCH"} else {}
                return name, {**body, **self.query, **path}
        return UNKNOWN

    def _form(self) -> dict[str, str]:
        given = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[0] for name, values in given.items()}

    def _json(self) -> Mapping[str, Any]:
        body = self.body
        if self.header("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        try:
            read = json.loads(body or b"{}")
        except ValueError:  # a payload that is not JSON; the service reports it
            return {}
        return read if isinstance(read, dict) else {}


@cache
def _operations(service: str) -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """Method, path and name of a REST service's operations, the longest literal path first."""
    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return ()
    found = []
    for name in model.operation_names:
        http = model.operation_model(name).http
        uri = str(http["requestUri"]).partition("?")[0]
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(uri))
        pattern = re.sub(r"\\\{(\w+)\\\+\\\}", r"(?P<\1>.+)", pattern)
        found.append((str(http["method"]), re.compile(pattern + "/?"), name, uri.count("{")))
    return tuple(
        (method, pattern, name) for method, pattern, name, _ in sorted(found, key=lambda row: row[3])
    )
