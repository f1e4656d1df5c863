"""The gate: every request passes here before moto sees it.

On loopback any access key is accepted and no secret is needed, as usual for local AWS endpoints.
But a request must be signed, and no web page may send one. With ``auth``, signatures are verified against the
keys that exist.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from localaws.gate import sigv4
from localaws.gate.buckets import addressed
from localaws.gate.hosts import Hosts
from localaws.gate.pages import judge_page
from localaws.gate.post_policy import FORM, is_upload_form
from localaws.gate.public_access import is_public
from localaws.gate.refused import Refused, Words
from localaws.gate.signature import Signature, read_signature
from localaws.gate.sites import followed_link, typed_address
from localaws.gate.verifier import Verifier
from localaws.handlers import Handlers
from localaws.health import HEALTH_PATH

__all__ = ["Gate"]

log = logging.getLogger(__name__)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Headers = list[tuple[str, str]]

ACCESS_KEY = "localaws.access_key"  # in the environ: who signed; None for anybody
SIGNED_SERVICE = "localaws.signed_service"  # in the environ: the service that the signature is for

_UNSIGNED = Words("AccessDenied", "MissingAuthenticationToken", "MissingAuthenticationTokenException")
# A page that somebody stored in a bucket must not act with this server's origin when a person opens it.
_NO_ORIGIN: Headers = [("Content-Security-Policy", "sandbox"), ("X-Content-Type-Options", "nosniff")]


class Gate:
    """Decides for the server of ``hosts``; pages of ``allow_origins`` have full access.

    Requests for ``open_paths`` (those below one that ends in ``/``, too) need no signature, and a link on any
    page may lead there: what answers there decides by itself whom it believes.
    """

    def __init__(
        self,
        hosts: Hosts,
        verifier: Verifier,
        allow_origins: Iterable[str] = (),
        open_paths: Iterable[str] = (HEALTH_PATH,),
    ) -> None:
        self._hosts, self._verifier, self._open_paths = (
            hosts,
            verifier,
            Handlers(dict.fromkeys(open_paths, True)),
        )
        self._allowed = frozenset(origin.lower() for origin in allow_origins)

    def __call__(self, environ: Environ, start_response: StartResponse) -> StartResponse:
        """Let the request pass, and return what starts its response.

        ``environ`` then has who signed (``localaws.access_key``, None for anybody) and has its bucket in the
        path.

        Raises:
            Refused: it ends here.
        """
        headers: Headers = []
        try:
            self._admit(environ, headers)
        except Refused as refused:
            refused.headers += headers
            log.info("%s %r: %s", environ["REQUEST_METHOD"], environ["PATH_INFO"], refused)
            raise
        if not headers:
            return start_response

        def with_headers(status: str, given: Headers, exc_info: Any = None) -> Any:
            return start_response(status, [*given, *headers], exc_info)

        return with_headers

    def _admit(self, environ: Environ, headers: Headers) -> None:
        host = environ["HTTP_HOST"]
        if not self._hosts.accept(host):
            raise Refused(
                403,
                "AccessDenied",
                f"This server does not answer to {host!r}, only to {self._hosts}: use one of these, or start "
                "it with --host",
            )
        if environ["PATH_INFO"].lower().lstrip("/").partition("/")[0] == "moto-api":
            raise _NotServed
        virtual_bucket = self._hosts.bucket(host)
        is_open = not virtual_bucket and self._open_paths.find(environ["PATH_INFO"]) is not None
        if "text/html" in environ.get("HTTP_ACCEPT", "") and not is_open:
            headers += _NO_ORIGIN
        if is_open and followed_link(environ):
            return
        must_prove = judge_page(environ, self._allowed, virtual_bucket, headers)
        if is_open:
            return
        signature = read_signature(environ)
        environ[ACCESS_KEY] = signature.access_key if signature else None
        environ[SIGNED_SERVICE] = signature.service if signature else None
        if typed_address(environ):
            _check_typed(environ, signature)
        if signature is None:
            self._judge_unsigned(environ, virtual_bucket)
        else:
            _check_action(environ, signature)
            self._verifier.verify(environ, signature, virtual_bucket, must_prove)
            if signature.version == 2 and not signature.in_query:
                # moto takes a header with "AWS4" anywhere in it, a key for instance, for one of version 4.
                environ["HTTP_AUTHORIZATION"] = "AWS signed:"
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)  # moto would act as any account
        if virtual_bucket and (signature is None or signature.service == "s3"):
            _address_by_path(environ, virtual_bucket)

    def _judge_unsigned(self, environ: Environ, virtual_bucket: str) -> None:
        bucket, key = addressed(environ, virtual_bucket)
        if is_upload_form(environ, bucket, key):
            environ[FORM] = True
        elif "HTTP_X_AMZ_TARGET" in environ or not is_public(environ, bucket, key):
            hint = "" if self._verifier.auth else "; any key and secret will do, such as test and test"
            raise Refused(403, _UNSIGNED, f"Access Denied: the request is not signed{hint}")
        # moto's own look at unsigned requests (5.2.5, s3/responses.py) takes HEAD for an action of its own
        # and does not know the principal: it only learns that the request is signed.
        environ["HTTP_AUTHORIZATION"] = "AWS anybody:"


class _NotServed(Refused):
    """moto's own pages and switches."""

    def __init__(self) -> None:
        super().__init__(404, "NotFound", "localaws does not serve /moto-api")

    def answer(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        body = f"{self.message}\n".encode()
        start_response("404 Not Found", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _check_typed(environ: Environ, signature: Signature | None) -> None:
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or (signature and not signature.in_query):
        raise Refused(
            403, "AccessDenied", "A browser's address bar can open only public objects and presigned URLs"
        )


def _check_action(environ: Environ, signature: Signature) -> None:
    if signature.service == "s3":
        return
    if signature.in_query:
        raise Refused(
            403,
            "AccessDenied",
            "A signature in the query string is accepted for S3 only: send it as a header",
        )
    if environ["REQUEST_METHOD"] != "POST" and (
        "HTTP_X_AMZ_TARGET" in environ
        or "Action=" in environ["QUERY_STRING"]
        or "form" in environ.get("CONTENT_TYPE", "")
    ):
        raise Refused(
            405,
            "MethodNotAllowed",
            "Actions are accepted by POST only, so that following a link cannot change anything",
        )


def _address_by_path(environ: Environ, bucket: str) -> None:
    """``bucket.localhost/key`` as ``localhost/bucket/key``: moto takes ``my`` for the bucket my.bucket."""
    path, query = sigv4.wire_target(environ)
    environ["RAW_URI"] = environ["REQUEST_URI"] = f"/{quote(bucket)}{path}" + (f"?{query}" if query else "")
    environ["PATH_INFO"] = f"/{bucket}{environ['PATH_INFO']}"
    environ["HTTP_HOST"] = "localhost" + environ["HTTP_HOST"][environ["HTTP_HOST"].rindex(":") :]
