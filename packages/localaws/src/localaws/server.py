"""LocalAws: the local AWS runtime, as one object that can be started and stopped."""

import contextlib
import importlib
import logging
import os
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from localaws.activity import Listener
from localaws.deployment import Deployment, deploy_template
from localaws.gate.hosts import is_loopback
from localaws.gate.keys import OwnKeys, own_keys
from localaws.gate.sites import checked_origin
from localaws.mailbox import Mailbox
from localaws.objects import ObjectStore
from localaws.preload import NOTHING, Preload

if TYPE_CHECKING:
    from localaws.http_server import WsgiApplication
    from localaws.iam.guard import Decided
    from localaws.lambda_.invocation import Invocation
    from localaws.parts import Parts
    from localaws.s3.remote.bucket import RemoteBucket

__all__ = ["AlreadyRunning", "LocalAws"]

log = logging.getLogger(__name__)

_ACCOUNT = "123456789012"
_IDLE_SECONDS = 180.0
_running = threading.Lock()  # moto's state is global to a process


class AlreadyRunning(RuntimeError):
    """Another LocalAws runs in this process: stop it first."""

    def __init__(self) -> None:
        super().__init__(
            "a LocalAws is already running in this process: stop it first (moto keeps its state per process)"
        )


class LocalAws:
    """AWS on 127.0.0.1.

    ``port`` 0 picks a free one. On loopback any access key is accepted, unless ``auth`` requires signatures
    by existing keys, of which ``credentials`` has one pair. Any other ``host`` turns ``auth`` on. Pages of
    ``allow_origins``, such as ``http://localhost:3000``, get full access. With ``state``, everything is kept
    in that folder and restored at the next start; without, it is discarded at the stop. ``backends`` are
    ``"module:object"`` strings of further services: each object is called with this LocalAws when it starts.
    With ``iam`` False, functions and state machines can do everything, whatever their roles allow.
    ``on_activity`` is called with each activity (see ``localaws.activity``), in the thread where it happens.
    The objects of ``remote_buckets`` are kept in other S3-compatible stores; everything else about these
    buckets is local. ``handlers`` are WSGI applications by path, such as ``/_mine/hook``: they get unsigned
    requests, though none of web pages, and check for themselves who sends them. On Linux, functions find
    ``preload`` imported. A worker process that has had nothing to do for ``idle_seconds`` ends.

    ::

        with LocalAws() as aws:
            outputs = aws.deploy(Path("template.yaml"), "my-stack").outputs
    """

    def __init__(
        self,
        port: int = 0,
        state: Path | None = None,
        region: str = "us-east-1",
        backends: Sequence[str] = (),
        host: str = "127.0.0.1",
        auth: bool = False,
        allow_origins: Sequence[str] = (),
        iam: bool = True,
        on_activity: Listener | None = None,
        remote_buckets: Sequence["RemoteBucket"] = (),
        handlers: Mapping[str, "WsgiApplication"] | None = None,
        preload: Preload = NOTHING,
        idle_seconds: float = _IDLE_SECONDS,
    ) -> None:
        self.region, self.account, self._iam = region, _ACCOUNT, iam
        self._port, self._state, self._backends = port, state, tuple(backends)
        self.auth = auth or not is_loopback(host)
        self._host, self._allow_origins = host, tuple(checked_origin(origin) for origin in allow_origins)
        self._keys: OwnKeys | None = None
        self._on_activity = on_activity
        self._remote_buckets, self._handlers = tuple(remote_buckets), dict(handlers or {})
        self._preload, self._idle_seconds = preload, idle_seconds
        if wrong := [path for path in self._handlers if not path.startswith("/_")]:
            raise ValueError(f"{wrong[0]} could be a bucket's name: begin the path of a handler with /_")
        self._stopping: ExitStack | None = None
        self._parts: Parts | None = None
        self._clients: dict[str, Any] = {}
        self._clients_lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        """``http://127.0.0.1:PORT``, once it is started."""
        return self._started().endpoint

    @property
    def credentials(self) -> OwnKeys | None:
        """The keys that clients must use, and their file; None where any key is accepted."""
        self._started()
        return self._keys

    @property
    def mailbox(self) -> Mailbox:
        """The messages published to topics."""
        return self._started().mailbox

    @property
    def folder(self) -> Path:
        """The state folder, or a temporary folder."""
        return self._started().folder

    @property
    def objects(self) -> ObjectStore:
        """The objects of S3 as files."""
        return self._started().objects

    def start(self) -> None:
        """Serve.

        Raises:
            AlreadyRunning: another LocalAws runs in this process.
            PortTaken: the port is in use.
            HostUnavailable: the host is no address of this machine.
            KeysUnusable: the state's file of keys is damaged, or others can read it.
            StateUnusable: another version wrote the state, or it is damaged.
            UnknownRegion: AWS has no such region.
        """
        if not _running.acquire(blocking=False):
            raise AlreadyRunning
        try:
            with ExitStack() as stopping:
                stopping.callback(_running.release)
                self._start(stopping)
                self._stopping = stopping.pop_all()
        except BaseException:
            self._parts = None
            raise

    def stop(self) -> None:
        """Stop every worker process, discard every resource (a state folder is kept) and free the port."""
        stopping, self._stopping = self._stopping, None
        if stopping is not None:
            stopping.close()
        self._parts = None

    def __enter__(self) -> "LocalAws":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def client(self, service: str) -> Any:
        """A boto3 client of this endpoint, with its own credentials. It is shared: do not close it."""
        from localaws.aws_session import make_client

        endpoint = self.endpoint
        with self._clients_lock:
            if service not in self._clients:
                self._clients[service] = make_client(service, endpoint, self.region)
            return self._clients[service]

    def deploy(self, template: Path, stack: str, parameters: Mapping[str, str] | None = None) -> Deployment:
        """Create the stack of that name from a SAM or CloudFormation template, or update it.

        Raises:
            DeploymentFailed: the message lists each problem, and what to change.
            FileNotFoundError: there is no template.
        """
        parts = self._started()
        try:
            return deploy_template(
                Path(template),
                stack,
                parameters or {},
                account=self.account,
                region=self.region,
                client=self.client,
            )
        finally:
            parts.keep_all()

    def invoke(self, function_name: str, payload: bytes) -> "Invocation":
        """Invoke a function and wait for its result, which contains the handler's error if it fails.

        Raises:
            LookupError: there is no such function.
            NotRunnable: localaws cannot run it.
        """
        from moto.awslambda.exceptions import UnknownFunctionException

        invoker = self._started().invoker
        try:
            function = invoker.find(function_name)
        except UnknownFunctionException as error:
            raise LookupError(
                f"there is no function {function_name!r}: list_functions() returns those that exist"
            ) from error
        return invoker.invoke(function, payload)

    def recorded_access(self) -> AbstractContextManager[list["Decided"]]:
        """A list of the decisions about roles, users and services while the ``with`` block runs.

        Each entry has the access, the principal, the policies that applied, and the statement that decided.
        """
        return self._started().guard.recording()

    def sweep(self) -> int:
        """Remove the bodies of objects that were overwritten or deleted more than ten minutes ago.

        This happens every few minutes anyway. Returns how many files were removed.
        """
        return self._started().sweep()

    def _started(self) -> "Parts":
        if self._parts is None:
            raise RuntimeError("this LocalAws is not running: call start() or use it in a with statement")
        return self._parts

    def _start(self, stopping: ExitStack) -> None:
        _forget_profile(stopping)
        from localaws.aws_session import INTERNAL, check_region

        check_region(self.region)
        from localaws.moto_imports import import_moto

        import_moto()
        from localaws.parts import start_parts  # moto takes a second to import: not before it is needed

        folder = self._state
        if folder is None:
            folder = Path(
                stopping.enter_context(
                    tempfile.TemporaryDirectory(prefix="localaws-", ignore_cleanup_errors=True)
                )
            )
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        self._clients = {}
        stopping.callback(self._close_clients)
        self._keys = own_keys(folder) if self.auth else None
        keys = dict([INTERNAL, *([self._keys[:2]] if self._keys else [])])
        self._parts = start_parts(
            stopping,
            folder,
            host=self._host,
            port=self._port,
            keys=keys,
            auth=self.auth,
            allow_origins=self._allow_origins,
            account=self.account,
            region=self.region,
            client=self.client,
            durable=self._state is not None,
            iam=self._iam,
            on_activity=self._on_activity,
            remote_buckets=self._remote_buckets,
            handlers=self._handlers,
            preload=self._preload,
            idle_seconds=self._idle_seconds,
        )
        for backend in self._backends:
            module, _, name = backend.partition(":")
            getattr(importlib.import_module(module), name)(self)

    def _close_clients(self) -> None:
        for client in self._clients.values():
            with contextlib.suppress(Exception):
                client.close()
        self._clients = {}


def _forget_profile(stopping: ExitStack) -> None:
    """Hide the user's AWS profile: moto asks for it when it is imported, and fails where there is none."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        if name in os.environ:
            stopping.callback(os.environ.__setitem__, name, os.environ.pop(name))
