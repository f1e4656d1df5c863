"""How the value of a message is written; a module for each format makes what decodes it.

What it decodes to is what JSON has: objects, lists, texts and numbers, in which JSON pointers find their way.
"""

from collections.abc import Callable, Mapping
from typing import Any

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.formats import avro, csv, json, protobuf
from stepcast.connect.kafka.formats.registry import Registry

__all__ = ["FORMATS", "PLACES", "decoder"]

FORMATS = ("json", "csv", "avro", "protobuf")
NAMED = ("/item_id", "/timestamp", "/target_value")
PLACES = {name: ("/0", "/1", "/2") if name == "csv" else NAMED for name in FORMATS}  # item, timestamp, value


def decoder(name: str, registry: Mapping[str, str]) -> Callable[[bytes], Any]:
    """Decodes values; raises Unreadable for one that cannot be, ConnectorError where nothing can be."""
    if name == "json":
        return json.decode
    if name == "csv":
        return csv.decode
    if name not in FORMATS:
        raise ConnectorError(f"--format {name}: choose of {', '.join(FORMATS)}")
    try:
        made: Callable[[bytes], Any] = {"avro": avro, "protobuf": protobuf}[name].decoder(Registry(registry))
    except ModuleNotFoundError:
        raise ConnectorError(
            f'--format {name} needs packages that are not installed: pip install "stepcast[kafka-schemas]"'
        ) from None
    return made
