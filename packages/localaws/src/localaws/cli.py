"""The command line: ``localaws up`` serves, and deploys a template when one is given."""

import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from localaws.activity import Activity

__all__ = ["app", "main"]

app = typer.Typer(
    help="AWS on this machine, for SAM templates.", no_args_is_help=True, pretty_exceptions_enable=False
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from localaws.health import own_version

        typer.echo(f"localaws {own_version()}")
        raise typer.Exit


@app.callback()
def _commands(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Keep ``up`` a subcommand: more will follow."""
    del version  # its callback has ended the process


@app.command()
def up(
    template: Annotated[Path | None, typer.Option(help="A SAM or CloudFormation template to deploy.")] = None,
    stack: Annotated[str, typer.Option(help="The name of its stack.")] = "local",
    parameter: Annotated[
        list[str] | None, typer.Option(help="A parameter of the template, KEY=VALUE; repeatable.")
    ] = None,
    port: Annotated[int, typer.Option(help="The port to listen on; 0 picks a free one.")] = 0,
    state: Annotated[Path | None, typer.Option(help="Keep all state in this folder.")] = None,
    region: Annotated[str, typer.Option(help="The region to simulate.")] = "us-east-1",
    host: Annotated[
        str, typer.Option(help="The address to listen on. One other than loopback turns --auth on.")
    ] = "127.0.0.1",
    auth: Annotated[
        bool,
        typer.Option("--auth", help="Verify signatures. A key pair is created and kept in the state folder."),
    ] = False,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="An origin whose web pages get full access: http://localhost:3000; repeatable."),
    ] = None,
    iam: Annotated[
        bool, typer.Option(help="Enforce the policies of functions' and state machines' roles.")
    ] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not log activity to stderr.")] = False,
) -> None:
    """Serve until Ctrl-C: print the endpoint and the stack's outputs, then log activity to stderr."""
    from localaws.aws_session import UnknownRegion
    from localaws.cloudformation.problems import DeploymentFailed
    from localaws.durability.folder import StateUnusable
    from localaws.gate.keys import KeysUnusable, auth_lines
    from localaws.http_server import HostUnavailable, PortTaken
    from localaws.server import LocalAws

    parameters = dict(_pair(text) for text in parameter or ())
    ready, ended = threading.Event(), threading.Event()

    def show(activity: "Activity") -> None:
        if ready.is_set():  # a deployment is a hundred requests
            _show(activity)

    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: ended.set())
    try:
        server = LocalAws(
            port=port,
            state=state,
            region=region,
            host=host,
            auth=auth,
            allow_origins=allow_origin or (),
            iam=iam,
            on_activity=None if quiet else show,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        with server as aws:
            typer.echo(f"endpoint  {aws.endpoint}")
            keys = aws.credentials
            if keys is not None:
                for line in auth_lines(keys, asked=auth):
                    typer.echo(line)
            credentials = keys.environment if keys else "AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x"
            typer.echo(f"export AWS_ENDPOINT_URL={aws.endpoint} AWS_DEFAULT_REGION={region} {credentials}")
            if template is not None:
                deployment = aws.deploy(template, stack, parameters)
                for name, value in deployment.outputs.items():
                    typer.echo(f"{name}  {value}")
            typer.echo("ready; Ctrl-C stops")
            ready.set()
            # The handler runs in this thread, which a signal that another thread was given does not wake.
            while not ended.wait(0.5):
                pass
    except (
        DeploymentFailed,
        HostUnavailable,
        KeysUnusable,
        PortTaken,
        StateUnusable,
        UnknownRegion,
        FileNotFoundError,
    ) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def main() -> None:
    """What the ``localaws`` command runs."""
    app()


def _show(activity: "Activity") -> None:
    from localaws.activity_lines import is_failure, lines

    for line in lines(activity):
        typer.secho(line, fg="red" if is_failure(activity) else None, err=True)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not KEY=VALUE")
    return name, value


if __name__ == "__main__":
    main()
