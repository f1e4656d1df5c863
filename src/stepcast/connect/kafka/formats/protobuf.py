"""Protocol Buffers, with the .proto file in a schema registry.

The registry returns it compiled (``format=serialized``), so no compiler is needed here.
Source: https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
"""

import base64
import binascii
from collections.abc import Callable
from typing import Any

from stepcast.connect.kafka.formats.registry import Registry, framed, remembered
from stepcast.connect.kafka.observations import Unreadable

__all__ = ["decoder"]

SERIALIZED = {"format": "serialized"}


def decoder(registry: Registry) -> Callable[[bytes], Any]:
    from google.protobuf import json_format
    from google.protobuf.message import DecodeError

    @remembered
    def file_of(number: int) -> Any:
        try:
            return _file(registry, registry.schema(number, **SERIALIZED), _pool())
        except (TypeError, ValueError, binascii.Error, DecodeError) as error:
            raise Unreadable(f"schema {number} is not a Protobuf schema: {error}") from None

    def type_of(number: int, path: tuple[int, ...]) -> Any:
        from google.protobuf import message_factory

        place = file_of(number)
        try:
            found = list(place.message_types_by_name.values())[path[0]]
            for index in path[1:]:
                found = found.nested_types[index]
        except IndexError:
            raise Unreadable(f"schema {number} has no message number {'.'.join(map(str, path))}") from None
        return message_factory.GetMessageClass(found)

    def decode(value: bytes) -> Any:
        number, content = framed(value)
        path, rest = _path(content)
        made = type_of(number, path)()
        try:
            made.ParseFromString(rest)
            return json_format.MessageToDict(
                made, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
            )
        # ValueError and TypeError: a Timestamp beyond the year 9999, an Any of an unknown type
        except (DecodeError, json_format.Error, ValueError, TypeError) as error:
            raise Unreadable(f"it does not match schema {number}: {error}") from None

    return decode


def _pool() -> Any:
    """A descriptor pool with the types that every compiler includes; one for each schema."""
    from google.protobuf import (
        any_pb2,
        descriptor_pb2,
        descriptor_pool,
        duration_pb2,
        empty_pb2,
        field_mask_pb2,
        struct_pb2,
        timestamp_pb2,
        wrappers_pb2,
    )

    pool = descriptor_pool.DescriptorPool()
    brought = (any_pb2, descriptor_pb2, duration_pb2, empty_pb2, field_mask_pb2, struct_pb2, timestamp_pb2)
    for module in (*brought, wrappers_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    return pool


def _file(registry: Registry, found: dict[str, Any], pool: Any, name: str | None = None) -> Any:
    """The file's descriptor; the files that it imports are added to the pool first."""
    from google.protobuf import descriptor_pb2

    if found.get("schemaType") != "PROTOBUF":
        raise ValueError(f"it is {found.get('schemaType', 'AVRO')}: use that as --format")
    for reference in found.get("references") or ():
        other = registry.version(reference["subject"], reference["version"], **SERIALIZED)
        _file(registry, other, pool, reference["name"])
    file = descriptor_pb2.FileDescriptorProto.FromString(base64.b64decode(found["schema"], validate=True))
    file.name = name or file.name or "message.proto"  # imports use the name of the reference
    return pool.AddSerializedFile(file.SerializeToString()) or pool.FindFileByName(file.name)


def _path(content: bytes) -> tuple[tuple[int, ...], bytes]:
    """The message type, as indexes from the outermost message in, and the bytes that remain."""
    count, at = _varint(content, 0)
    if not 0 <= count <= 32:
        raise Unreadable("it does not name a message of its schema")
    path = []
    for _ in range(count):
        number, at = _varint(content, at)
        if number < 0:  # would index from the end
            raise Unreadable("it does not name a message of its schema")
        path.append(number)
    return tuple(path) or (0,), content[at:]  # an empty path means the first message


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """The zigzag varint at ``at``, and the position after it."""
    number = shift = 0
    while True:
        if at >= len(content) or shift > 63:
            raise Unreadable("it does not name a message of its schema")
        byte = content[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number >> 1 ^ -(number & 1), at
