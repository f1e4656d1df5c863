"""The HTTP server: werkzeug's, with connections that stay open between requests.

werkzeug's own handler closes every connection, and then waits 10 ms for bytes that the client might still
send, because it does not know where a request ends. Here the body is read to its end, so that the next
request of the connection (and boto3 sends them all on one) can follow.
"""

import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from io import BufferedIOBase
from typing import Any, BinaryIO, cast

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import DechunkedInput, ThreadedWSGIServer

from localaws.gate.framing import misframed

__all__ = ["HostUnavailable", "HttpServer", "PortTaken", "WsgiApplication"]

log = logging.getLogger(__name__)

WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_IDLE_SECONDS = 300.0  # a connection that is idle for this long is closed
_BLOCK = 1 << 16


class PortTaken(OSError):
    """The port that LocalAws was asked to serve on is in use."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        super().__init__(errno.EADDRINUSE, "port taken", str(port))
        self.port, self.host = port, host

    def __str__(self) -> str:
        return (
            f"port {self.port} of {self.host} is in use: stop the process that listens on it, or choose "
            "another (0: any free one)"
        )


class HostUnavailable(OSError):
    """LocalAws was asked to serve on an address that this machine does not have."""

    def __init__(self, host: str) -> None:
        super().__init__(errno.EADDRNOTAVAIL, "no such address", host)
        self.host = host

    def __str__(self) -> str:
        return f"this machine has no address {self.host}: give one of its own, or 0.0.0.0 for all of them"


class _Body(BufferedIOBase):
    """The body of one request: no byte of the next request is read with it."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        self._stream, self._left = stream, length

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        size = self._left if size is None or size < 0 else min(size, self._left)
        data = self._stream.read(size) if size else b""
        self._left -= len(data)
        if len(data) < size:
            self._left = 0
            raise ConnectionError("the client closed the connection within a request's body")
        return data

    def read1(self, size: int | None = -1) -> bytes:
        return self.read(size)

    def readline(self, size: int | None = -1) -> bytes:
        limit = self._left if size is None or size < 0 else min(size, self._left)
        line = self._stream.readline(limit) if limit else b""
        self._left -= len(line)
        return line


class _Handler(MotoRequestHandler):
    """One connection. moto's handler keeps the spelling of header names such as ``x-amz-meta-a_b``."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = _BLOCK  # status, headers and a small body leave in one packet
    timeout = _IDLE_SECONDS

    def handle_expect_100(self) -> bool:
        """Not yet: ``run_wsgi`` answers, once it is clear where the request ends."""
        return True

    def run_wsgi(self) -> None:
        if problem := misframed(self.headers, self.path):
            self.close_connection = True
            text = f"{problem}\n".encode()
            about = [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))]
            self._respond("400 Bad Request", about, [text])
            return
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self.make_environ()
        if not isinstance(environ["wsgi.input"], DechunkedInput):
            environ["wsgi.input"] = _Body(
                cast(BinaryIO, self.rfile), int(self.headers.get("Content-Length") or 0)
            )
        status = ""
        headers: list[tuple[str, str]] = []

        def start_response(given: str, given_headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal status, headers
            status, headers = given, given_headers
            del exc_info  # Flask answers its own failures

        blocks = cast(HttpServer, self.server).app(environ, start_response)
        try:
            self._respond(status, headers, blocks)
            self._drain(environ["wsgi.input"])
        except Exception:
            self.close_connection = True
            raise
        finally:
            if hasattr(blocks, "close"):
                blocks.close()

    def _respond(self, status: str, headers: list[tuple[str, str]], blocks: Iterable[bytes]) -> None:
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        names = set()
        for name, value in headers:
            self.send_header(name, value)
            names.add(name.lower())
        bodyless = self.command == "HEAD" or code in {"204", "304"}
        chunked = not bodyless and "content-length" not in names
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        if cast(HttpServer, self.server).stopping:
            self.close_connection = True
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        for block in blocks:
            if not block or bodyless:
                continue
            if chunked:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(block), block))
            else:
                self.wfile.write(block)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    @staticmethod
    def _drain(body: Any) -> None:
        while body.read(_BLOCK):
            pass

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        log.debug("%s %s %s %s", self.command, self.path, code, size)

    def log_error(self, format: str, *args: Any) -> None:
        log.debug(format, *args)


class HttpServer(ThreadedWSGIServer):
    """Serves ``app`` on ``host``, one thread a connection, until ``stop``.

    Raises:
        PortTaken: somebody else serves on ``port``.
        HostUnavailable: ``host`` is no address of this machine.
    """

    daemon_threads = True

    def __init__(self, app: WsgiApplication, port: int, host: str = "127.0.0.1") -> None:
        self.stopping = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(256)
            # werkzeug ends the process when it cannot bind: it gets a socket that is bound already.
            super().__init__(host, port, app, handler=_Handler, fd=listener.fileno())
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                raise PortTaken(port, host) from error
            if error.errno == errno.EADDRNOTAVAIL:
                raise HostUnavailable(host) from error
            raise
        finally:
            listener.close()
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="localaws-http", daemon=True
        )

    def start(self) -> None:
        """Start serving, in a separate thread."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests and close every open connection."""
        self.stopping = True
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that goes away in mid-request is not worth a word; the application logs its own failures.
        log.debug("connection %s from %s ended in an error", request, client_address, exc_info=True)

    def log(self, type: str, message: str, *args: Any) -> None:
        log.debug(f"{type}: {message}", *args)
