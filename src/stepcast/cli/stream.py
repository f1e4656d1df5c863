"""``stepcast stream``: observations from a Kafka topic in, forecasts out, exactly once."""

import re
import socket
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from stepcast.cli.kafka_options import (
    Bootstrap,
    Config,
    ConfigFile,
    DeadLettersTopic,
    ItemPlace,
    TimestampPlace,
    ValuePlace,
    reached,
)
from stepcast.cli.options import BucketName, Endpoint, Json
from stepcast.cli.spans import span

if TYPE_CHECKING:
    from stepcast.cli.streaming import Predictors
    from stepcast.connect.kafka.worker.plan import Emission
    from stepcast.pipeline.params import Params

__all__ = ["stream"]

NEVER = "-1"


def stream(
    bootstrap: Bootstrap,
    group: Annotated[
        str, typer.Option(metavar="NAME", help="Consumer group; a new one reads everything again.")
    ],
    read: Annotated[
        str | None,
        typer.Option("--from", metavar="TOPIC", help="Topic of observations, partitioned by item."),
    ] = None,
    write: Annotated[
        str | None, typer.Option("--to", metavar="TOPIC", help="Topic for forecasts; created if missing.")
    ] = None,
    format_: Annotated[
        Literal["json", "csv", "avro", "protobuf"], typer.Option("--format", help="Format of the messages.")
    ] = "json",
    item: ItemPlace = None,
    timestamp: TimestampPlace = None,
    value: ValuePlace = None,
    dimension: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=POINTER", help="A forecast dimension; repeatable, in order."),
    ] = None,
    output_format: Annotated[
        Literal["json", "avro"], typer.Option(help="Format of forecasts; avro needs a schema registry.")
    ] = "json",
    dead_letters: DeadLettersTopic = None,
    predictor: Annotated[
        str, typer.Option(metavar="NAME", help="A predictor's name or ARN; latest follows newer ones.")
    ] = "latest",
    model: Annotated[
        str | None,
        typer.Option(metavar="MODULE:NAME", help="Use your own class with learn_one and predict_one."),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="With --model: the field to learn, or key; by default none.",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=256, help="Number of processes that share the partitions.")
    ] = 1,
    instance: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="This command's name within the group; by default the host's."),
    ] = None,
    emit: Annotated[
        str, typer.Option(metavar="WHEN", help="When to forecast: period, change, or K for every K periods.")
    ] = "period",
    aggregation: Annotated[
        Literal["sum", "avg", "first", "last", "min", "max", "count"] | None,
        typer.Option(help="How to combine the observations of a period; by default as in params.json."),
    ] = None,
    filling: Annotated[
        Literal["zero", "nan", "mean", "median", "min", "max"] | None,
        typer.Option(help="Value of a period without observations; by default middlefill of params.json."),
    ] = None,
    lateness: Annotated[
        str, typer.Option(metavar="SPAN", help="How far observations of a partition may be out of order.")
    ] = "0s",
    doubled: Annotated[
        Literal["replace", "drop", "keep"],
        typer.Option(help="How to treat a second observation of the same item and time."),
    ] = "replace",
    ahead: Annotated[
        str,
        typer.Option(metavar="SPAN", help="Drop observations this much later than their message; -1: none."),
    ] = "1d",
    until_idle: Annotated[
        str, typer.Option(metavar="SPAN", help="End after this time without a message; -1: never.")
    ] = NEVER,
    idle_timeout: Annotated[
        str,
        typer.Option(
            metavar="SPAN",
            help="Close a partition's open periods after this time without a message; -1: never.",
        ),
    ] = NEVER,
    start: Annotated[
        Literal["earliest", "latest"], typer.Option(help="Where a new group starts to read.")
    ] = "earliest",
    skip_lost: Annotated[
        bool, typer.Option("--skip-lost", help="Continue if the broker has deleted unread messages.")
    ] = False,
    batch: Annotated[
        int, typer.Option(min=1, max=100_000, help="Maximum number of messages in one transaction.")
    ] = 10_000,
    buffer: Annotated[
        int,
        typer.Option(
            min=1,
            max=2047,
            metavar="MIB",
            help="Memory for reading ahead, and as much for writing, of each worker.",
        ),
    ] = 32,
    session_timeout: Annotated[
        str, typer.Option(metavar="SPAN", help="How long a stopped worker keeps its partitions.")
    ] = "10s",
    transaction_timeout: Annotated[
        str, typer.Option(metavar="SPAN", help="Time until the transaction of a dead worker is aborted.")
    ] = "30s",
    lag: Annotated[
        bool, typer.Option("--lag", help="Only print the lag of the group in each partition.")
    ] = False,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Serve /metrics for Prometheus on loopback; 0 picks a free port."
        ),
    ] = None,
    retrain_drift: Annotated[
        float | None,
        typer.Option(
            min=0.0001, max=1, metavar="SHARE", help="Request a new predictor if this share of items drifts."
        ),
    ] = None,
    retrain_age: Annotated[
        str | None,
        typer.Option(metavar="SPAN", help="Request a new predictor if this one is older, as in 7d."),
    ] = None,
    state_machine: Annotated[
        str | None,
        typer.Option(metavar="ARN", help="With --bucket: the state machine that trains a new predictor."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            exists=True,
            help="Use the predictor in this folder of stepcast run --out.",
        ),
    ] = None,
    bucket: BucketName = None,
    config: Config = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
    endpoint: Endpoint = None,
) -> None:
    """Forecast every item of a Kafka topic as its observations arrive, until Ctrl-C.

    Offsets, forecasts and the workers' state are committed in one transaction, so each forecast is written
    exactly once, even if workers or brokers are killed.
    """
    cluster = reached(bootstrap, config, config_file)
    if lag:
        from stepcast.cli.stream_lag import print_lag

        print_lag(cluster, group, read, as_json=as_json)
        return
    for name, topic in (("--from", read), ("--to", write)):
        if topic is None:
            raise typer.BadParameter("it is required", param_hint=name)
    if read in (write, dead_letters) or write == dead_letters:
        raise typer.BadParameter(
            "--from, --to and --dead-letters must differ: what is written would be read again",
            param_hint="--to",
        )
    if model is None and label is not None:
        raise typer.BadParameter("a predictor learns no label: name a --model", param_hint="--label")
    if model is not None and (out or bucket or predictor != "latest" or retrain_drift or retrain_age):
        raise typer.BadParameter(
            "it takes the place of a predictor: leave out --predictor, --out, --bucket, --retrain-drift and "
            "--retrain-age",
            param_hint="--model",
        )
    from stepcast.cli.streaming import run_stream
    from stepcast.connect.kafka.observations import named
    from stepcast.connect.kafka.worker.order import Order, Places, Source
    from stepcast.connect.kafka.worker.plan import Plan

    emission = emission_of(emit)
    places = Places(format_, item, timestamp, value, dict(map(named, dimension or ())))
    with ExitStack() as stack:
        predictors, folder, params = None, None, None
        if model is None:
            predictors = _predictors(
                predictor, out, bucket, endpoint, retrain_drift, retrain_age, state_machine
            )
            folder, params = _fetched(
                predictors,
                # A download that hangs may still write there when the command ends.
                Path(stack.enter_context(TemporaryDirectory(prefix="stepcast-", ignore_cleanup_errors=True))),
            )
        plan = Plan(
            lateness=round(1000 * span(lateness, "--lateness")),
            doubled=doubled,
            emission=emission,
            ahead=None if ahead == NEVER else round(1000 * span(ahead, "--ahead")),
            **_values(params, aggregation, filling),
        )
        place = instance or re.sub(r"[^\w.-]", "-", socket.gethostname())
        orders = [
            Order(
                settings=cluster.settings,
                read=str(read),
                write=str(write),
                group=group,
                member=f"{place}-{number}",
                source=Source(folder=None if folder is None else str(folder), model=model),
                plan=plan,
                batch=batch,
                buffer=buffer << 20,
                session_timeout=_bounded(session_timeout, "--session-timeout", 1800),
                transaction_timeout=_bounded(transaction_timeout, "--transaction-timeout", 86_400),
                until_idle=None if until_idle == NEVER else span(until_idle, "--until-idle"),
                idle_timeout=None if idle_timeout == NEVER else span(idle_timeout, "--idle-timeout"),
                from_latest=start == "latest",
                skip_lost=skip_lost,
                label=label,
                letters=dead_letters,
                places=places,
                output=output_format,
            )
            for number in range(workers)
        ]
        run_stream(orders, predictors, folder, metrics_port)


def _bounded(text: str, option: str, most: int) -> float:
    """A time that the client accepts, in seconds; brokers may accept less."""
    seconds = span(text, option)
    if not 1 <= seconds <= most:
        raise typer.BadParameter(f"{text} is not between 1s and {most}s", param_hint=option)
    return seconds


def _predictors(
    wanted: str,
    out: Path | None,
    bucket: str | None,
    endpoint: str | None,
    drift: float | None,
    age: str | None,
    machine: str | None,
) -> "Predictors":
    """Where predictors are stored, and how a new one is requested."""
    from stepcast.cli.streaming import Predictors
    from stepcast.connect.kafka.worker.retraining import Policy, Retraining

    policy = Policy(drift, None if age is None else span(age, "--retrain-age"))
    asks = drift is not None or age is not None
    if out is not None:
        from stepcast.cli.kept_run import read_run

        if asks or bucket is not None:
            raise typer.BadParameter(
                "a folder holds one predictor: leave out --bucket, --retrain-drift and --retrain-age",
                param_hint="--out",
            )
        return Predictors(read_run(out), "", wanted, policy)
    if bucket is not None:
        import boto3

        if asks and machine is None:
            raise typer.BadParameter(
                "it is required with --bucket to request a new predictor", param_hint="--state-machine"
            )
        name = bucket.removeprefix("s3://").rstrip("/")
        s3 = boto3.client("s3")
        retraining = Retraining(s3, boto3.client("stepfunctions"), str(machine), name) if asks else None
        return Predictors(s3, name, wanted, policy, retraining)
    from stepcast.cli.stack import attach

    stack = attach(endpoint)
    retraining = Retraining(stack.s3, stack.states, stack.state_machine, stack.bucket) if asks else None
    return Predictors(stack.s3, stack.bucket, wanted, policy, retraining)


def _fetched(predictors: "Predictors", folder: Path) -> "tuple[Path, Params]":
    from stepcast.connect.kafka.worker.published import fetch, read_params

    place = fetch(predictors.s3, predictors.bucket, folder, predictors.wanted)
    return place, read_params(place)


def _values(params: "Params | None", aggregation: str | None, filling: str | None) -> dict[str, Any]:
    """Aggregation and filling: from the options, else from params.json."""
    if params is None:
        return {"aggregation": aggregation or "sum", "filling": filling or "nan"}
    given = params.filling
    return {
        "aggregation": aggregation or given.aggregation,
        "filling": filling or given.middlefill,
        "filling_value": given.middlefill_value,
    }


def emission_of(text: str) -> "Emission":
    """Parse ``--emit``.

    >>> emission_of("24")
    Emission(every=24, on_change=False)
    """
    from stepcast.connect.kafka.worker.plan import Emission

    if text == "period":
        return Emission()
    if text == "change":
        return Emission(every=0, on_change=True)
    if found := re.fullmatch(r"(?:every )?([1-9]\d{0,6})", text):
        return Emission(every=int(found[1]))
    raise typer.BadParameter(
        f"{text!r} is not period, change or a number of periods, such as 24", param_hint="--emit"
    )
