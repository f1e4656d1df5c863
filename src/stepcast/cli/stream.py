"""``stepcast stream``: observations of a Kafka topic in, forecasts out, exactly once."""

import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from stepcast.cli.options import BucketName, Endpoint, Json
from stepcast.cli.spans import span

if TYPE_CHECKING:
    from stepcast.connect.kafka.worker.order import Order
    from stepcast.connect.kafka.worker.plan import Emission

__all__ = ["stream"]

NEVER = "-1"


def stream(
    bootstrap: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Brokers to begin with, with commas between.")
    ],
    group: Annotated[
        str, typer.Option(metavar="NAME", help="Consumer group: another one reads everything again.")
    ],
    read: Annotated[
        str | None, typer.Option("--from", metavar="TOPIC", help="Observations, partitioned by item.")
    ] = None,
    write: Annotated[
        str | None, typer.Option("--to", metavar="TOPIC", help="Forecasts; made if it is not there.")
    ] = None,
    predictor: Annotated[
        str, typer.Option(metavar="NAME", help="latest, which is followed, or a predictor's name or ARN.")
    ] = "latest",
    model: Annotated[
        str | None,
        typer.Option(metavar="MODULE:NAME", help="Instead, a class of your own with learn_one, predict_one."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes that share the partitions.")] = 1,
    instance: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of this command among those of the group; this host's if not given."),
    ] = None,
    emit: Annotated[
        str, typer.Option(metavar="WHEN", help="period, change, or a number K: every K periods.")
    ] = "period",
    aggregation: Annotated[
        Literal["sum", "avg", "first", "last", "min", "max", "count"],
        typer.Option(help="How the observations of a period make its value; of params.json if not given."),
    ] = "sum",
    filling: Annotated[
        Literal["zero", "nan", "mean", "median", "min", "max"],
        typer.Option(help="The value of a period without one."),
    ] = "nan",
    lateness: Annotated[
        str, typer.Option(metavar="SPAN", help="How much later than others of its partition one may come.")
    ] = "0s",
    doubled: Annotated[
        Literal["replace", "drop", "keep"],
        typer.Option(help="What becomes of a second observation of the same item and moment."),
    ] = "replace",
    ahead: Annotated[
        str, typer.Option(metavar="SPAN", help="Drop what is stamped that much after its message; -1: nothing.")
    ] = "1d",
    until_idle: Annotated[
        str, typer.Option(metavar="SPAN", help="End after so long without a message; -1: never.")
    ] = NEVER,
    idle_timeout: Annotated[
        str,
        typer.Option(
            metavar="SPAN", help="Close open periods of a partition after so long without a message; -1: never."
        ),
    ] = NEVER,
    start: Annotated[
        Literal["earliest", "latest"], typer.Option(help="Where a new group begins to read.")
    ] = "earliest",
    skip_lost: Annotated[
        bool, typer.Option("--skip-lost", help="Go on where the broker has deleted what was not read yet.")
    ] = False,
    batch: Annotated[
        int, typer.Option(min=1, max=100_000, help="Messages in one transaction, at most.")
    ] = 10_000,
    buffer: Annotated[
        int, typer.Option(min=1, metavar="MIB", help="What each worker reads ahead, and writes behind.")
    ] = 32,
    session_timeout: Annotated[
        str, typer.Option(metavar="SPAN", help="How long the place of a worker is kept for it.")
    ] = "10s",
    transaction_timeout: Annotated[
        str, typer.Option(metavar="SPAN", help="After which the transaction of a dead worker is aborted.")
    ] = "30s",
    bucket: BucketName = None,
    endpoint: Endpoint = None,
) -> None:
    """Forecast every item of a Kafka topic again as its observations arrive, until Ctrl-C.

    Observations, forecasts and what the workers know are committed together: each forecast is there once,
    whatever is killed when.
    """
    from threading import Event

    from stepcast.connect.kafka.worker.order import Order, Source
    from stepcast.connect.kafka.worker.plan import Plan

    for name, topic in (("--from", read), ("--to", write)):
        if topic is None:
            raise typer.BadParameter("it is missing", param_hint=name)
    plan = Plan(
        aggregation=aggregation,
        lateness=round(1000 * span(lateness, "--lateness")),
        doubled=doubled,
        filling=filling,
        emission=emission_of(emit),
        ahead=None if ahead == NEVER else round(1000 * span(ahead, "--ahead")),
    )
    source = Source(predictor=predictor, bucket=bucket, model=model)
    place = instance or re.sub(r"[^\w.-]", "-", socket.gethostname())
    orders = [
        Order(
            client={"bootstrap.servers": bootstrap},
            read=str(read),
            write=str(write),
            group=group,
            member=f"{place}-{number}",
            source=source,
            plan=plan,
            batch=batch,
            buffer=buffer << 20,
            session_timeout=span(session_timeout, "--session-timeout"),
            transaction_timeout=span(transaction_timeout, "--transaction-timeout"),
            until_idle=None if until_idle == NEVER else span(until_idle, "--until-idle"),
            idle_timeout=None if idle_timeout == NEVER else span(idle_timeout, "--idle-timeout"),
            from_latest=start == "latest",
            skip_lost=skip_lost,
        )
        for number in range(workers)
    ]
    run(orders)


def run(orders: "list[Order]") -> None:
    import signal
    from threading import Event

    from stepcast.connect.kafka.worker.fleet import run_fleet

    stop = Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        run_fleet(orders, stop, lambda member, said: None)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def emission_of(text: str) -> "Emission":
    """What ``--emit`` says.

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
        f"{text!r} is none of period, change and a number of periods, such as 24", param_hint="--emit"
    )
