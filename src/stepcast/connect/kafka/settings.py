"""Settings of librdkafka, from the environment, a properties file and the command line.

Secrets are accepted from the first two only: every process can read a command line. No value is printed.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stepcast.connect.errors import ConnectorError

__all__ = ["PREFIX", "Settings", "properties", "settings"]

PREFIX = "STEPCAST_KAFKA_"  # then the setting's name in capitals, with _ for each dot
REGISTRY = "schema.registry."  # settings of the schema registry, with Confluent's names
SECRET = ("password", "secret", "key.pem", "jaas", "user.info", "token", "oauthbearer.config")
OWN = {
    "bootstrap.servers": "give --bootstrap",
    "group.id": "give --group",
    "enable.auto.commit": "offsets are committed after a part file is written",
    "enable.auto.offset.store": "offsets are committed after a part file is written",
    "auto.offset.reset": "a new group starts with the oldest messages",
    "enable.partition.eof": "give --until-idle",
}
JAVA = {
    "sasl.jaas.config": "sasl.username and sasl.password",
    "ssl.truststore.location": "ssl.ca.location, a PEM file",
    "ssl.truststore.certificates": "ssl.ca.pem",
}


@dataclass(frozen=True)
class Settings:
    """``kafka`` for librdkafka; ``registry`` for the schema registry, without the prefix."""

    bootstrap: str
    kafka: Mapping[str, str] = field(default_factory=dict, repr=False)
    registry: Mapping[str, str] = field(default_factory=dict, repr=False)


def settings(
    bootstrap: str,
    given: Sequence[str] = (),
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Combine them: ``given`` (KEY=VALUE) overrides the file, which overrides the environment."""
    if not bootstrap.strip():
        raise ConnectorError("no broker is named: give --bootstrap HOST:PORT")
    told = {
        name.removeprefix(PREFIX).lower().replace("_", "."): value.strip()
        for name, value in (os.environ if environment is None else environment).items()
        if name.startswith(PREFIX)
    }
    told.pop("bootstrap", None)
    if file is not None:
        told |= _file(file)
    for pair in given:
        name, is_pair, value = (part.strip() for part in pair.partition("="))
        if not is_pair or not name:
            raise ConnectorError("a --config is not KEY=VALUE, as in security.protocol=SASL_SSL")
        if any(word in name for word in SECRET):
            raise ConnectorError(
                f"{name} on the command line can be read by every process: write it to a file for "
                f"--config-file, or set {PREFIX}{name.upper().replace('.', '_')}"
            )
        told[name] = value
    for name in told:
        if name in OWN:
            raise ConnectorError(f"{name} cannot be set: {OWN[name]}")
        if name in JAVA:
            raise ConnectorError(f"{name} is a setting of Java clients: use {JAVA[name]}")
    registry = {
        name.removeprefix(REGISTRY): told.pop(name) for name in list(told) if name.startswith(REGISTRY)
    }
    return Settings(bootstrap.strip(), told, registry)


def _file(path: Path) -> dict[str, str]:
    try:
        return properties(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise ConnectorError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConnectorError(f"{path} is not UTF-8 text") from None


def properties(text: str, name: str) -> dict[str, str]:
    """Read a properties file: one KEY=VALUE a line; lines that start with # or ! are comments.

    >>> properties("# of the cluster\\nsecurity.protocol = SSL\\n", "client.properties")
    {'security.protocol': 'SSL'}
    """
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line and line[0] not in "#!":
            key, is_pair, value = line.partition("=")
            if not is_pair or not key.strip():
                raise ConnectorError(f"{name}, line {number} is not KEY=VALUE")
            found[key.strip()] = value.strip()
    return found
