"""``stepcast console``: look at a stack on AWS, read only."""

import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Annotated, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import typer

from stepcast.cli.failure import Failure
from stepcast.cli.output import print_json, print_line, stderr

__all__ = ["console"]


def console(
    profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Profile of the AWS tools: its credentials, region and endpoints."),
    ] = None,
    stack_name: Annotated[
        str, typer.Option(metavar="NAME", help="Name of the deployed CloudFormation stack.")
    ] = "stepcast",
    region: Annotated[
        str | None, typer.Option(metavar="NAME", help="AWS region.", show_default="the profile's")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any.")] = 5006,
    open_it: Annotated[bool, typer.Option("--open", help="Open the console in the browser.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print only one line of JSON when ready.")] = False,
) -> None:
    """Serve the console for a stack on AWS on 127.0.0.1 until Ctrl-C. It reads, and changes nothing.

    The console of a local stack is served by stepcast up.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    from stepcast.cli.browser import open_page
    from stepcast.cli.stopping import until_stopped, unwinding
    from stepcast.console.admission import Admission
    from stepcast.console.application import Console
    from stepcast.console.aws_account import find_stack
    from stepcast.console.gate import Gate

    try:
        stack = find_stack(stack_name, profile, region)
    except (BotoCoreError, ClientError, LookupError) as error:
        which = f"profile {profile}" if profile else "the default credentials"
        raise Failure(
            f"stack {stack_name} cannot be read with {which}: {error}. Choose another with --profile, "
            "--region or --stack-name"
        ) from None
    application = Console(Admission(closed=True, read_only=True), profile=profile or "")
    application.attach(stack)
    with suppress(KeyboardInterrupt, SystemExit), unwinding():
        try:
            server = make_server("127.0.0.1", port, application, _Server, _Quiet)
        except OSError as error:
            raise Failure(f"port {port} cannot be used: {error}. Choose another with --port") from None
        with server, tempfile.TemporaryDirectory() as folder:
            server.set_app(Gate(application, server.server_port))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            address = f"http://127.0.0.1:{server.server_port}{application.entrance}"
            if as_json:
                facts = {"console": address, "account": stack.account, "region": stack.region}
                print_json({**facts, "bucket": stack.bucket}, indent=None)
            else:
                print_line(
                    f"Stack {stack_name} in account {stack.account}, {stack.region}, bucket {stack.bucket}. "
                    "Nothing is changed there. Press Ctrl-C to stop.\n"
                )
                print_line(f"Console: {address}")
            if open_it:
                open_page(address, Path(folder), secret=True)
            try:
                until_stopped()
            finally:
                server.shutdown()
                if not as_json:
                    stderr().print("stopping")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the address of the first request has the token in it."""
