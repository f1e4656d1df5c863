"""``stepcast up``: serve the whole pipeline on this machine until Ctrl-C."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepcast.cli.options import ProjectFolder
from stepcast.cli.output import clock, duration, print_json, print_line, stderr

if TYPE_CHECKING:
    from stepcast.cli.executions import Execution
    from stepcast.cli.stack import Stack

__all__ = ["up"]

LOOK_SECONDS = 0.5
DEFAULT_PORT = 5005
ANY_KEYS = "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local"
STOPS = (signal.SIGINT, signal.SIGTERM)
INSTRUCTIONS = """\
Stepcast serves at {stack.endpoint}, bucket {stack.bucket}. Ctrl-C stops it.

In another terminal, for the aws command, awswrangler, PyAthena and every other client:

  export AWS_ENDPOINT_URL={stack.endpoint} AWS_DEFAULT_REGION={stack.region} \\
         {keys}

Upload; a forecast starts by itself:

  aws s3 cp params.json s3://{stack.bucket}/
  aws s3 cp my.csv s3://{stack.bucket}/train/

Ask, in Python:

  import awswrangler as wr
  wr.athena.read_sql_query("SELECT * FROM forecast", database="{stack.database}", workgroup="{workgroup}")

  from pyathena import connect
  cursor = connect(s3_staging_dir="{output}", schema_name="{stack.database}").cursor()
  cursor.execute("SELECT * FROM forecast LIMIT 5").fetchall()

Or here: stepcast status, stepcast sql "SELECT * FROM forecast LIMIT 5", stepcast chart
"""


def up(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free one.")] = DEFAULT_PORT,
    state: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Keep everything here and find it again next time; without it, Ctrl-C forgets all.",
        ),
    ] = None,
    iam: Annotated[
        bool,
        typer.Option("--iam/--no-iam", help="Enforce the policies of the functions' roles, as AWS does."),
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON when ready, and nothing else on stdout.")
    ] = False,
    project: ProjectFolder = None,
    host: Annotated[
        str, typer.Option(help="The address to listen on. Another than a loopback one turns --auth on.")
    ] = "127.0.0.1",
    auth: Annotated[
        bool, typer.Option("--auth", help="Verify signatures: a pair of keys is made, and kept in the state.")
    ] = False,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="A web page's origin that may do everything: http://localhost:3000; repeatable."),
    ] = None,
) -> None:
    """Serve the pipeline on 127.0.0.1 until Ctrl-C.

    S3, Lambda, Step Functions, SNS, CloudWatch, Glue and Athena answer as AWS does, without an account.
    """
    from localaws import LocalAws
    from localaws.gate.keys import auth_lines
    from stepcast.cli.project import Project
    from stepcast.cli.running import Running, recorded
    from stepcast.cli.stack import deploy

    for number in STOPS:  # SIGINT too: a shell starts background jobs with it ignored
        signal.signal(number, _interrupt)
    try:
        local = LocalAws(
            port=port, state=state, host=host, auth=auth, allow_origins=allow_origin or (), iam=iam
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with suppress(KeyboardInterrupt), local as server:
        try:
            if not as_json:
                stderr().print("starting the local stack")
            stack = deploy(server, Project.find(project))
            keys = server.credentials
            if keys is not None and not as_json:
                for line in auth_lines(keys, asked=auth):
                    print_line(line)
            running = Running(
                stack.endpoint,
                stack.region,
                os.getpid(),
                str(stack.mailbox or ""),
                str(keys.path) if keys else "",
            )
            with recorded(running):
                if as_json:
                    print_json(_facts(stack), indent=None)
                else:
                    _print_instructions(stack, keys.environment if keys else ANY_KEYS)
                _serve(stack, quiet=as_json)
        except KeyboardInterrupt:
            # A second Ctrl-C while the workers are being stopped would leave some behind.
            for number in STOPS:
                signal.signal(number, signal.SIG_IGN)
            if not as_json:
                stderr().print("stopping")
            raise


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _serve(stack: "Stack", quiet: bool) -> None:
    """Tell of executions until the process is interrupted."""
    if quiet:
        while True:
            signal.pause()
    from stepcast.cli.executions import describe, newest_first

    told: dict[str, str] = {}
    for arn in newest_first(stack):
        told[arn] = describe(stack, arn).status  # of an earlier time
    while True:
        for arn in reversed(newest_first(stack)):
            if told.get(arn, "RUNNING") == "RUNNING":
                execution = describe(stack, arn)
                if told.get(arn) != execution.status:
                    told[arn] = execution.status
                    print_line(_line(execution))
        time.sleep(LOOK_SECONDS)


def _line(execution: "Execution") -> str:
    moment = clock(execution.stopped or execution.started)
    if execution.status == "RUNNING":
        return f"{moment}  run {execution.short_name} started"
    if execution.status == "SUPERSEDED":
        return f"{moment}  run {execution.short_name} stepped aside for newer input"
    took = duration(execution.seconds)
    if execution.status == "SUCCEEDED":
        return f"{moment}  run {execution.short_name} succeeded in {took}"
    return f"{moment}  run {execution.short_name} failed in {execution.state} after {took}: {execution.cause}"


def _facts(stack: "Stack") -> dict[str, Any]:
    return {
        "endpoint": stack.endpoint,
        "region": stack.region,
        "bucket": stack.bucket,
        "athena_output": stack.outputs["AthenaOutput"],
        "state_machine_arn": stack.state_machine,
        "credentials": str(stack.credentials) if stack.credentials else None,  # with --auth: the keys' file
        "console": None,  # the local web page is a later issue
    }


def _print_instructions(stack: "Stack", keys: str) -> None:
    output, workgroup = stack.outputs["AthenaOutput"], stack.outputs["WorkGroupName"]
    print_line(INSTRUCTIONS.format(stack=stack, keys=keys, output=output, workgroup=workgroup))
