"""Options for connecting to Kafka, shared by all its commands."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stepcast.cli.failure import Failure

if TYPE_CHECKING:
    from stepcast.connect.kafka.client import Cluster

__all__ = [
    "Bootstrap",
    "Config",
    "ConfigFile",
    "DeadLettersTopic",
    "ItemPlace",
    "TimestampPlace",
    "ValuePlace",
    "reached",
]

Bootstrap = Annotated[
    str,
    typer.Option(
        metavar="HOST:PORT", envvar="STEPCAST_KAFKA_BOOTSTRAP", help="Brokers, separated by commas."
    ),
]
Config = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="A librdkafka setting, as in security.protocol=SASL_SSL; repeatable; no secrets.",
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        metavar="FILE",
        help="Settings, one KEY=VALUE a line; or set variables such as STEPCAST_KAFKA_SASL_PASSWORD.",
    ),
]
ItemPlace = Annotated[
    str | None,
    typer.Option(
        metavar="POINTER", help="Place of the item: a JSON pointer (/sensor/id), key or header:NAME."
    ),
]
TimestampPlace = Annotated[
    str | None,
    typer.Option(metavar="POINTER", help="Place of the time; message: the message's own timestamp."),
]
ValuePlace = Annotated[str | None, typer.Option(metavar="POINTER", help="Place of the value.")]
DeadLettersTopic = Annotated[
    str | None, typer.Option(metavar="TOPIC", help="Topic for messages that cannot be read.")
]


def reached(bootstrap: str, config: list[str] | None, file: Path | None) -> "Cluster":
    """The cluster with the settings of the options and the environment."""
    try:
        from stepcast.connect.kafka.client import Cluster
    except ModuleNotFoundError as error:
        if error.name != "confluent_kafka":
            raise
        raise Failure('the Kafka client is not installed: pip install "stepcast[kafka]"') from None
    from stepcast.connect.kafka.settings import settings

    return Cluster(settings(bootstrap, config or (), file))
