"""How a Kafka cluster is reached: the options that all commands for it share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stepcast.cli.failure import Failure

if TYPE_CHECKING:
    from stepcast.connect.kafka.client import Cluster

__all__ = ["Bootstrap", "Config", "ConfigFile", "reached"]

Bootstrap = Annotated[
    str, typer.Option(metavar="HOST:PORT", envvar="STEPCAST_KAFKA_BOOTSTRAP", help="Brokers, with commas.")
]
Config = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="A setting of librdkafka, as in security.protocol=SASL_SSL; repeatable. Secrets: --config-file.",
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        metavar="FILE",
        help="Settings, a KEY=VALUE a line; or set STEPCAST_KAFKA_SASL_PASSWORD and the like.",
    ),
]


def reached(bootstrap: str, config: list[str] | None, file: Path | None) -> "Cluster":
    """The cluster that the options and the environment name together."""
    try:
        from stepcast.connect.kafka.client import Cluster
    except ModuleNotFoundError as error:
        if error.name != "confluent_kafka":
            raise
        raise Failure('the client of Kafka is not installed: pip install "stepcast[kafka]"') from None
    from stepcast.connect.kafka.settings import settings

    return Cluster(settings(bootstrap, config or (), file))
