"""Avro, with the writer's schema in a schema registry."""

import io
import json
from collections.abc import Callable, Mapping
from typing import Any

from stepcast.connect.kafka.formats.registry import Registry, framed, framing, remembered
from stepcast.connect.kafka.observations import Unreadable

__all__ = ["decoder", "encoder"]


def decoder(registry: Registry) -> Callable[[bytes], Any]:
    import fastavro

    @remembered
    def schema_of(number: int) -> Any:
        named: dict[str, Any] = {}
        try:
            return _parsed(registry, registry.schema(number), named)
        except (fastavro.schema.SchemaParseException, fastavro.schema.UnknownType, ValueError) as error:
            raise Unreadable(f"schema {number} is not an Avro schema: {error}") from None

    def decode(value: bytes) -> Any:
        number, content = framed(value)
        schema = schema_of(number)
        try:
            return fastavro.schemaless_reader(io.BytesIO(content), schema, None)
        except Exception as error:  # malformed bytes raise many types in fastavro
            raise Unreadable(f"it does not match schema {number}: {type(error).__name__} {error}") from None

    return decode


def encoder(registry: Registry, subject: str, schema: Mapping[str, Any]) -> Callable[[Any], bytes]:
    """Encodes documents by ``schema``, which is registered in ``subject`` unless it is there already."""
    import fastavro

    head = framing(registry.register(subject, json.dumps(schema)))
    parsed = fastavro.parse_schema(dict(schema))

    def encode(document: Any) -> bytes:
        sink = io.BytesIO()
        sink.write(head)
        fastavro.schemaless_writer(sink, parsed, document)
        return sink.getvalue()

    return encode


def _parsed(registry: Registry, found: dict[str, Any], named: dict[str, Any]) -> Any:
    """The parsed schema; the schemas it refers to are parsed first, into ``named``."""
    import fastavro

    if found.get("schemaType", "AVRO") != "AVRO":
        raise ValueError(f"it is {found['schemaType']}: use that as --format")
    for reference in found.get("references") or ():
        _parsed(registry, registry.version(reference["subject"], reference["version"]), named)
    return fastavro.parse_schema(json.loads(found["schema"]), named_schemas=named)
