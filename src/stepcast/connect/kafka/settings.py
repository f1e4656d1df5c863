"""How librdkafka is set up: what the environment, a file of properties and the command line say of it.

Secrets come by the first two. A command line is seen by every process, and nothing here prints a value.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stepcast.connect.errors import ConnectorError

__all__ = ["PREFIX", "Settings", "properties", "settings"]

PREFIX = "STEPCAST_KAFKA_"  # before a setting's name in capitals, with _ for each dot
REGISTRY = "schema.registry."  # settings of the schema registry, named as Confluent's tools name them
SECRET = ("password", "secret", "key.pem", "jaas", "user.info", "token", "oauthbearer.config")
OWN = {
    "bootstrap.servers": "give --bootstrap",
    "group.id": "give --group",
    "enable.auto.commit": "offsets are committed when a part file lies in its place",
    "enable.auto.offset.store": "offsets are committed when a part file lies in its place",
    "auto.offset.reset": "a group begins with the oldest messages",
    "enable.partition.eof": "give --until-idle",
}
JAVA = {
    "sasl.jaas.config": "sasl.username and sasl.password",
    "ssl.truststore.location": "ssl.ca.location, a file in PEM",
    "ssl.truststore.certificates": "ssl.ca.pem",
}


@dataclass(frozen=True)
class Settings:
    """``kafka`` for librdkafka, ``registry`` for the schema registry, without its prefix."""

    bootstrap: str
    kafka: Mapping[str, str] = field(default_factory=dict, repr=False)
    registry: Mapping[str, str] = field(default_factory=dict, repr=False)


def settings(
    bootstrap: str,
    given: Sequence[str] = (),
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Put them together: ``given`` as KEY=VALUE goes before the file, and that before the environment."""
    if not bootstrap.strip():
        raise ConnectorError("no broker is named: give --bootstrap HOST:PORT")
    told = {
        name.removeprefix(PREFIX).lower().replace("_", "."): value
        for name, value in (os.environ if environment is None else environment).items()
        if name.startswith(PREFIX)
    }
    told.pop("bootstrap", None)
    if file is not None:
        told |= _file(file)
    for pair in given:
        name, is_pair, value = (part.strip() for part in pair.partition("="))
        if not is_pair or not name:
            raise ConnectorError("a --config is not written KEY=VALUE, as in security.protocol=SASL_SSL")
        if any(word in name for word in SECRET):
            raise ConnectorError(
                f"{name} on the command line can be read by every process: write it in a file for "
                f"--config-file, or set {PREFIX}{name.upper().replace('.', '_')}"
            )
        told[name] = value
    for name in told:
        if name in OWN:
            raise ConnectorError(f"{name} cannot be set: {OWN[name]}")
        if name in JAVA:
            raise ConnectorError(f"{name} is a setting of Java clients: here it is {JAVA[name]}")
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
        raise ConnectorError(f"{path} is no text in UTF-8") from None


def properties(text: str, name: str) -> dict[str, str]:
    """A file of properties: KEY=VALUE a line, # before a comment.

    >>> properties("# of the cluster\\nsecurity.protocol = SSL\\n", "client.properties")
    {'security.protocol': 'SSL'}
    """
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line and line[0] not in "#!":
            key, is_pair, value = line.partition("=")
            if not is_pair or not key.strip():
                raise ConnectorError(f"{name}, line {number} is not written KEY=VALUE")
            found[key.strip()] = value.strip()
    return found
