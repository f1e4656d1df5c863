"""``stepcast pull kafka``: messages as series."""

from typing import TYPE_CHECKING, Annotated

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
from stepcast.cli.options import Json
from stepcast.cli.output import plural, print_json, print_line, stderr, stdout, table
from stepcast.cli.places import folder
from stepcast.cli.spans import span
from stepcast.cli.stopping import noticing

if TYPE_CHECKING:
    from stepcast.connect.kafka.source import Pulled

__all__ = ["kafka"]

FOREVER = "-1"


def kafka(
    bootstrap: Bootstrap,
    topic: Annotated[str, typer.Option(metavar="NAME", help="The topic to read.")],
    group: Annotated[
        str, typer.Option(metavar="NAME", help="Consumer group; a new one starts with the oldest messages.")
    ],
    to: Annotated[str, typer.Option(metavar="FOLDER", help="A folder, or s3://BUCKET/train/.")],
    until_idle: Annotated[
        str,
        typer.Option(metavar="SPAN", help="End after this time without a message; -1: never."),
    ] = "30s",
    format_: Annotated[
        str, typer.Option("--format", metavar="NAME", help="json, csv, avro or protobuf.")
    ] = "json",
    item: ItemPlace = None,
    timestamp: TimestampPlace = None,
    value: ValuePlace = None,
    dimension: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=POINTER", help="Another column; repeatable."),
    ] = None,
    dead_letters: DeadLettersTopic = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at a message that cannot be read.")] = False,
    part_rows: Annotated[int, typer.Option(min=1, help="Rows after which a part file is closed.")] = 100_000,
    part_time: Annotated[
        str, typer.Option(metavar="SPAN", help="Time after which a part file is closed.")
    ] = "5min",
    config: Config = None,
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Write the messages of a topic to part files for training, each message once.

    Files are named by topic, partition, and first and last offset; offsets are committed after a file is
    written. Times are UTC. Ctrl-C writes and commits what has been read.
    """
    cluster = reached(bootstrap, config, config_file)
    from stepcast.connect.kafka.dead_letters import DeadLetters
    from stepcast.connect.kafka.formats import PLACES, decoder
    from stepcast.connect.kafka.observations import named, reader
    from stepcast.connect.kafka.parts import Parts
    from stepcast.connect.kafka.source import Wish, pull

    if strict and dead_letters is not None:
        raise typer.BadParameter(
            "--strict stops where --dead-letters continues: give only one of them", param_hint="--strict"
        )
    if dead_letters == topic:
        raise typer.BadParameter(
            "unreadable messages would be read again and again: name another topic",
            param_hint="--dead-letters",
        )
    idle = None if until_idle == FOREVER else span(until_idle, "--until-idle")
    wish = Wish(topic, group, idle, part_rows, span(part_time, "--part-time"), strict)
    decode = decoder(format_, cluster.settings.registry)
    usual = PLACES[format_]
    read = reader(
        decode,
        item or usual[0],
        timestamp or usual[1],
        value or usual[2],
        dict(map(named, dimension or ())),
    )
    cluster.partitions(cluster.admin(), topic)
    parts = Parts(folder(to, "--to"), topic, read.columns, cluster.topic_id(topic))
    letters = DeadLetters(cluster, dead_letters) if dead_letters is not None else None
    with noticing() as is_stopped:
        pulled = pull(cluster, wish, read, parts, letters, is_stopped=is_stopped, tell=_tell)
    for warning in _warnings(pulled, dead_letters):
        stderr().print(f"warning: {warning}", markup=False)
    if as_json:
        print_json(_document(pulled))
        return
    print_line(
        f"{pulled.folder}: {plural(pulled.rows, 'row')} of {plural(pulled.messages, 'message')} in "
        f"{plural(len(pulled.files), 'new file')}"
    )
    shown = table(
        None, "partition", "committed", "end", "lag", numbers=("partition", "committed", "end", "lag")
    )
    for lag in pulled.lag:
        shown.add_row(str(lag.partition), str(lag.committed), str(lag.end), str(lag.behind))
    stdout().print(shown)


def _tell(pulled: "Pulled") -> None:
    if pulled.silence is not None:
        stderr().print(f"waiting for a broker: {pulled.silence}", markup=False)
        return
    stderr().print(
        f"{plural(pulled.messages, 'message')} read, {plural(len(pulled.files), 'file')} written",
        markup=False,
    )


def _warnings(pulled: "Pulled", dead_letters: str | None) -> list[str]:
    found = []
    if pulled.unreadable:
        where = f"now in {dead_letters}" if dead_letters is not None else "skipped"
        found.append(f"{plural(pulled.unreadable, 'message')} could not be read: {where}")
        found += pulled.examples
    if pulled.expired:
        found.append(f"{plural(pulled.expired, 'message')} expired in the topic before they were read")
    if pulled.deleted and not pulled.deletes_items:
        found.append(
            f"{plural(pulled.deleted, 'message')} without a value deleted nothing: they name an item "
            "only with --item key"
        )
    return found


def _document(pulled: "Pulled") -> dict[str, object]:
    lag = [{**vars(one), "lag": one.behind} for one in pulled.lag]
    shown = {name: value for name, value in vars(pulled).items() if name != "silence"}
    return {**shown, "reasons": dict(pulled.reasons), "lag": lag}
