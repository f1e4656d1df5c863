"""``stepcast up``: serve the complete pipeline on this machine until Ctrl-C."""

import json
import os
import re
import tempfile
import threading
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepcast.cli.completion import complete
from stepcast.cli.function_names import short, snake
from stepcast.cli.options import ProjectFolder
from stepcast.cli.output import print_json, print_line, stderr
from stepcast.cli.state_folder import DEFAULT, StateFolder

if TYPE_CHECKING:
    from localaws import Activity, LocalAws
    from stepcast.cli.project import Project
    from stepcast.cli.stack import Stack

__all__ = ["up"]

DEFAULT_PORT = 5005
ANY_KEYS = "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local"
INSTRUCTIONS = """\
Stepcast is running at {stack.endpoint}, bucket {stack.bucket}. Press Ctrl-C to stop it.
{state}

Console: {console}

In another terminal, configure the aws command, awswrangler, PyAthena and other clients:

  export AWS_ENDPOINT_URL={stack.endpoint} AWS_DEFAULT_REGION={stack.region} \\
         {keys}

Upload files to start a forecast:

  aws s3 cp params.json s3://{stack.bucket}/
  aws s3 cp my.csv s3://{stack.bucket}/train/

Query in Python:

  import awswrangler as wr
  wr.athena.read_sql_query("SELECT * FROM forecast", database="{stack.database}", workgroup="{workgroup}")

  from pyathena import connect
  cursor = connect(s3_staging_dir="{output}", schema_name="{stack.database}").cursor()
  cursor.execute("SELECT * FROM forecast LIMIT 5").fetchall()

Or use stepcast status, stepcast sql "SELECT * FROM forecast LIMIT 5", stepcast chart and stepcast logs
"""


def up(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 selects a free one.")
    ] = DEFAULT_PORT,
    region: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="AWS region to emulate.", show_default="us-east-1, or the state's"),
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the bucket, or s3://NAME.")
    ] = None,
    store_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The S3-compatible store of the bucket. Its keys: AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
        ),
    ] = None,
    poll_seconds: Annotated[
        float,
        typer.Option(min=0, metavar="N", help="How often to list that store for new files; 0: never."),
    ] = 30.0,
    email: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Recipient of messages about runs. Nothing is sent; see stepcast status."
        ),
    ] = None,
    report_link: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE",
            help="Write a report of each forecast, and name it in the run's message: bucket, or presigned "
            "for a link that opens it.",
            show_default="none",
        ),
    ] = None,
    iam: Annotated[
        bool,
        typer.Option("--iam/--no-iam", help="Enforce the policies of the functions' roles, as AWS does."),
    ] = True,
    settle_seconds: Annotated[
        int | None,
        typer.Option(min=0, metavar="N", help="Seconds that a run waits for more files.", show_default="5"),
    ] = None,
    state: Annotated[
        Path,
        typer.Option(metavar="DIR", file_okay=False, help="Folder in which the state is kept."),
    ] = DEFAULT,
    ephemeral: Annotated[bool, typer.Option("--ephemeral", help="Keep no state after Ctrl-C.")] = False,
    before: Annotated[
        str | None,
        typer.Option(
            metavar="STEP",
            help="Upload the sample input if there is none, and run the steps before this one.",
            autocompletion=complete,
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not log activity.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print only one line of JSON when ready.")] = False,
    project: ProjectFolder = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; any non-loopback address turns --auth on.")
    ] = "127.0.0.1",
    auth: Annotated[
        bool,
        typer.Option(
            "--auth", help="Verify signatures, with a key pair that is created and kept in the state."
        ),
    ] = False,
    open_console: Annotated[
        bool, typer.Option("--open", help="Open the console in the browser when it is ready.")
    ] = False,
    allow_origin: Annotated[
        list[str] | None,
        typer.Option(help="Web origin with full access, such as http://localhost:3000; can be repeated."),
    ] = None,
) -> None:
    """Serve the pipeline on 127.0.0.1 until Ctrl-C.

    S3, Lambda, Step Functions, SNS, CloudWatch, Glue and Athena respond as on AWS, without an account.
    Activity is logged to stderr. You can also set options in stepcast.toml, below [up].
    """
    given = {name for name in ("state", "ephemeral") if _on_the_command_line(context, name)}
    if given == {"state", "ephemeral"}:
        raise typer.BadParameter("--state and --ephemeral are mutually exclusive: choose one")
    if report_link not in (None, "none", "bucket", "presigned"):
        raise typer.BadParameter(
            f"{report_link} is not none, bucket or presigned", param_hint="--report-link"
        )
    bucket = bucket.removeprefix("s3://").rstrip("/") if bucket is not None else None
    if store_url is not None and bucket is None:
        raise typer.BadParameter(
            "which bucket of the store is missing: add --bucket s3://NAME", param_hint="--store-url"
        )
    if bucket is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket):
        raise typer.BadParameter(
            f"{bucket!r} is not a valid bucket name: use 3 to 63 lowercase letters, digits, dots and hyphens",
            param_hint="--bucket",
        )
    folder = StateFolder(state) if not ephemeral or given == {"state"} else None
    from localaws import LocalAws
    from localaws.aws_session import check_region
    from localaws.gate.hosts import is_loopback
    from localaws.gate.keys import auth_lines
    from stepcast.cli.browser import open_page
    from stepcast.cli.function_names import find_function
    from stepcast.cli.mlflow_runs import runs_logged
    from stepcast.cli.preloaded import PRELOADED
    from stepcast.cli.project import Project
    from stepcast.cli.running import Running, holding, recorded
    from stepcast.cli.stack import deploy
    from stepcast.cli.stopping import unwinding
    from stepcast.console.admission import Admission
    from stepcast.console.application import ROOT, Console

    template = Project.find(project)
    if before is not None:
        before = find_function(before, template.functions())
        if folder is None or not folder.path.exists():
            _ = template.train  # an empty bucket will need it; reports missing files immediately
    if region is not None:
        check_region(region)
    region = (folder.claim(region, store_url) if folder else region) or "us-east-1"
    ready = threading.Event()

    def show(activity: "Activity") -> None:
        # A deployment makes a hundred requests, and a run writes many files that only it reads.
        if ready.is_set() and not re.match(r"s3://[^/]+/(runs|resources)/", activity.where):
            _show(activity)

    given_parameters = {
        "BucketName": bucket,
        "NotificationEmail": email,
        "ReportLink": report_link,
        "SettleSeconds": settle_seconds,
    }
    parameters = {name: str(value) for name, value in given_parameters.items() if value is not None}
    with suppress(KeyboardInterrupt, SystemExit), unwinding(), ExitStack() as held:
        remote = None
        if store_url is not None and bucket is not None:
            from stepcast.cli.remote_store import open_store

            own = folder.path if folder else Path(held.enter_context(tempfile.TemporaryDirectory()))
            remote = open_store(store_url, bucket, poll_seconds, own)
        try:
            console = Console(Admission(closed=auth or not is_loopback(host)))
            server = LocalAws(
                port=port,
                state=folder.path if folder else None,
                region=region,
                host=host,
                auth=auth,
                allow_origins=allow_origin or (),
                iam=iam,
                on_activity=None if quiet or as_json else show,
                remote_buckets=[remote.bucket] if remote else (),
                handlers={ROOT: console, **(remote.handlers if remote else {})},
                preload=PRELOADED,
            )
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        if folder is not None:
            held.enter_context(holding(folder.path, region))
        if not as_json:
            stderr().print("starting the local stack")
        with server:
            try:
                kept = str(folder.path.resolve()) if folder else ""
                mailbox = str(server.mailbox.folder)
                keys = server.credentials
                keys_file = str(keys.path) if keys else ""
                running = Running(server.endpoint, server.region, os.getpid(), mailbox, keys_file, kept)
                stack = deploy(server, template, **parameters)
                console.attach(stack)
                address = stack.endpoint + console.entrance
                if keys is not None and not as_json:
                    for line in auth_lines(keys, asked=auth):
                        print_line(line)
                event = _prepare(stack, template, before, server, quiet=as_json) if before else None
                watched = remote.watched(stack) if remote else nullcontext()
                with recorded(running), watched:
                    if as_json:
                        about = remote.facts(stack.endpoint) if remote else None
                        facts = {**_facts(stack, kept, event), "store": about, "console": address}
                        print_json(facts, indent=None)
                    else:
                        _print_instructions(stack, folder, keys.environment if keys else ANY_KEYS, address)
                        if remote:
                            print_line(remote.instructions(stack.endpoint))
                        _print_event(before, event)
                    ready.set()
                    if open_console:
                        open_page(address, server.folder, secret=console.admission.closed)
                    with runs_logged(server.endpoint):
                        _serve(quiet or as_json)
            except (KeyboardInterrupt, SystemExit):
                if not as_json:
                    stderr().print("stopping")
                raise


def _on_the_command_line(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _show(activity: "Activity") -> None:
    from localaws.activity_lines import is_failure, lines

    style = "red" if is_failure(activity) else None
    for line in lines(activity):
        stderr().print(line, markup=False, style=style)


def _serve(quiet: bool) -> None:
    """Wait until the process is interrupted; meanwhile, compile the kernels for the first run."""
    from stepcast.cli.kernels import compile_kernels_aside
    from stepcast.cli.stopping import until_stopped

    def say(text: str) -> None:
        if not quiet:
            stderr().print(text, markup=False)

    with compile_kernels_aside(say):
        until_stopped()


def _prepare(stack: "Stack", project: "Project", step: str, server: "LocalAws", quiet: bool) -> Path:
    """Bring the stack to the state before ``step``; return the file with its event."""
    from stepcast.cli.prepared import prepare

    def say(text: str) -> None:
        if not quiet:
            stderr().print(text, markup=False)

    event = prepare(stack, project, step, say)
    recorded = project.event_file(step)
    if event == project.event(step):
        return recorded
    path = server.folder / "events" / f"{snake(step)}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(event, indent=2) + "\n", encoding="utf-8")
    return path


def _facts(stack: "Stack", state: str, event: Path | None) -> dict[str, Any]:
    return {
        "endpoint": stack.endpoint,
        "region": stack.region,
        "bucket": stack.bucket,
        "athena_output": stack.outputs["AthenaOutput"],
        "state_machine_arn": stack.state_machine,
        "credentials": str(stack.credentials) if stack.credentials else None,  # with --auth: the keys' file
        "state": state or None,
        "event": str(event) if event else None,
    }


def _print_instructions(stack: "Stack", folder: StateFolder | None, keys: str, console: str) -> None:
    kept = "No state is kept after Ctrl-C."
    if folder is not None:
        kept = f"The state is kept in {folder.path.resolve()}; `stepcast down --delete` removes it."
    output, workgroup = stack.outputs["AthenaOutput"], stack.outputs["WorkGroupName"]
    print_line(
        INSTRUCTIONS.format(
            stack=stack, state=kept, keys=keys, output=output, workgroup=workgroup, console=console
        )
    )


def _print_event(step: str | None, event: Path | None) -> None:
    if step is not None and event is not None:
        print_line(
            f"Ready for {short(step)}. The event: {event}\n\n  stepcast invoke {short(step)} -e {event}\n"
        )
