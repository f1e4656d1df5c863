"""Formats of message values; each has a module with its decoder, and Avro an encoder.

Decoded values are what JSON has: objects, lists, strings and numbers, so JSON pointers apply to all.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.formats import avro, csv, json, protobuf
from stepcast.connect.kafka.formats.registry import Registry

__all__ = ["FORMATS", "PLACES", "avro_encoder", "decoder"]

FORMATS = ("json", "csv", "avro", "protobuf")
NAMED = ("/item_id", "/timestamp", "/target_value")
PLACES = {name: ("/0", "/1", "/2") if name == "csv" else NAMED for name in FORMATS}  # item, timestamp, value


def decoder(name: str, registry: Mapping[str, str]) -> Callable[[bytes], Any]:
    """A decoder of values. It raises Unreadable for a bad value, ConnectorError if none can be decoded."""
    if name == "json":
        return json.decode
    if name == "csv":
        return csv.decode
    if name not in FORMATS:
        raise ConnectorError(f"--format {name}: choose one of {', '.join(FORMATS)}")
    with _packages(f"--format {name}"):
        made: Callable[[bytes], Any] = {"avro": avro, "protobuf": protobuf}[name].decoder(Registry(registry))
    return made


def avro_encoder(
    registry: Mapping[str, str], subject: str, schema: Mapping[str, Any]
) -> Callable[[Any], bytes]:
    """An encoder of values in Avro, with ``schema`` in a subject of the registry."""
    with _packages("--output-format avro"):
        return avro.encoder(Registry(registry), subject, schema)


@contextmanager
def _packages(option: str) -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError:
        raise ConnectorError(
            f'{option} needs packages that are not installed: pip install "stepcast[kafka-schemas]"'
        ) from None
