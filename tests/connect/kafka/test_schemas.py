"""Avro and Protobuf, written by their own libraries, with schemas in a registry."""

import io
import json
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, timestamp_pb2

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.formats.registry import Registry as Client
from tests.connect.kafka.conftest import Broker, rows, values
from tests.connect.kafka.registry import PASSWORD, USER, Registry, registered

SITE = {
    "type": "record",
    "name": "Site",
    "namespace": "org.x",
    "fields": [{"name": "region", "type": "string"}],
}
READING = {
    "type": "record",
    "name": "Reading",
    "namespace": "org.x",
    "fields": [
        {"name": "item_id", "type": "string"},
        {"name": "timestamp", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {
            "name": "target_value",
            "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}],
        },
        {"name": "site", "type": "org.x.Site"},
    ],
}
ROW = {"item_id": "a", "region": "north", "timestamp": "2026-01-01 00:00:00", "target_value": 1.25}


@pytest.fixture
def registry() -> Iterator[Registry]:
    with registered() as running:
        yield running


def options(registry: Registry, folder: Path, name: str, user: str = f"{USER}:{PASSWORD}") -> list[str]:
    file = folder / "registry.properties"
    file.write_text(f"schema.registry.url={registry.url}/\nschema.registry.basic.auth.user.info={user}\n")
    return ["--format", name, "--config-file", str(file)]


def framed(number: int, content: bytes) -> bytes:
    return b"\0" + number.to_bytes(4, "big") + content


def avro(number: int, value: Decimal | None) -> bytes:
    schema = fastavro.parse_schema(READING, named_schemas={"org.x.Site": fastavro.parse_schema(SITE)})
    sink = io.BytesIO()
    when = datetime(2026, 1, 1, number - 7, tzinfo=UTC)
    document = {"item_id": "a", "timestamp": when, "target_value": value, "site": {"region": "north"}}
    fastavro.schemaless_writer(sink, schema, document)
    return framed(number, sink.getvalue())


def test_avro_with_logical_types_and_a_reference(broker: Broker, registry: Registry, tmp_path: Path) -> None:
    topic = broker.topic()
    reference = {"name": "org.x.Site", "subject": "org.x/Site", "version": 2}
    registry.schemas["7"] = {"schema": json.dumps(READING), "references": [reference]}
    registry.subjects["org.x/Site", "2"] = {"schema": json.dumps(SITE)}
    broker.send(topic, [avro(7, Decimal("1.25")), avro(8, None), avro(7, None), b"plain", framed(7, b"\4")])

    more = options(registry, tmp_path, "avro")
    done = broker.pull(topic, tmp_path / "out", *more, "--dimension", "/site/region")

    assert rows(tmp_path / "out") == [ROW, {**ROW, "target_value": None}]
    assert f"{topic}[0] offset 1: the schema registry has no schema 8" in done.err
    assert "offset 3: it does not begin with a schema id" in done.err
    assert "offset 4: it does not match schema 7" in done.err
    assert sorted(registry.asked) == ["/schemas/ids/7", "/schemas/ids/8", "/subjects/org.x%2FSite/versions/2"]
    assert PASSWORD not in done.err


def compiled(name: str, text: dict[str, Any]) -> descriptor_pb2.FileDescriptorProto:
    """A file of one message, whose fields are given by name as type, or the name of a message's type."""
    file = descriptor_pb2.FileDescriptorProto(name=name, package="x", syntax="proto3")
    message = file.message_type.add(name=text.pop("name"))
    for number, (field, kind) in enumerate(text.items(), 1):
        is_message = isinstance(kind, str)
        message.field.add(
            name=field,
            number=number,
            label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
            type=descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE if is_message else kind,
            type_name=kind if is_message else None,
        )
    return file


def test_protobuf_with_an_import_and_a_message_that_is_not_the_first(
    broker: Broker, registry: Registry, tmp_path: Path
) -> None:
    kinds = descriptor_pb2.FieldDescriptorProto
    site = compiled("site.proto", {"name": "Site", "region": kinds.TYPE_STRING})
    reading = compiled(
        "",
        {
            "name": "Reading",
            "item_id": kinds.TYPE_STRING,
            "timestamp": ".google.protobuf.Timestamp",
            "target_value": kinds.TYPE_DOUBLE,
            "site": ".x.Site",
        },
    )
    reading.dependency.extend(["site.proto", "google/protobuf/timestamp.proto"])
    other = descriptor_pb2.DescriptorProto(name="Other")
    reading.message_type.insert(0, other)
    reference = {"name": "site.proto", "subject": "site", "version": 1}
    proto = {"schemaType": "PROTOBUF", "schema": "not needed"}
    registry.schemas["9"] = {**proto, "compiled": reading.SerializeToString(), "references": [reference]}
    registry.subjects["site", "1"] = {**proto, "compiled": site.SerializeToString()}
    pool = descriptor_pool.DescriptorPool()
    named = descriptor_pb2.FileDescriptorProto.FromString(reading.SerializeToString())
    named.name = "reading.proto"
    for file in (timestamp_pb2.DESCRIPTOR.serialized_pb, site.SerializeToString(), named.SerializeToString()):
        pool.AddSerializedFile(file)
    sent = message_factory.GetMessageClass(pool.FindMessageTypeByName("x.Reading"))()
    sent.item_id, sent.target_value, sent.site.region = "a", 1.25, "north"
    sent.timestamp.FromDatetime(datetime(2026, 1, 1, tzinfo=UTC))
    content = sent.SerializeToString()
    topic = broker.topic()
    second = bytes([2, 2])  # one number, which is 1, both as zigzag
    last = bytes([2, 1])  # -1, which must not mean the last message
    sent.timestamp.seconds = 10**15  # after the year 9999
    late = second + sent.SerializeToString()
    wrong = (bytes([2, 8]) + content, b"", last + content, late)
    broker.send(topic, [framed(9, part) for part in (second + content, *wrong)])

    more = options(registry, tmp_path, "protobuf")
    done = broker.pull(topic, tmp_path / "out", *more, "--dimension", "/site/region")

    assert rows(tmp_path / "out") == [ROW], done.err
    assert "offset 1: schema 9 has no message number 4" in done.err
    assert "offset 2: it does not name a message of its schema" in done.err
    assert "offset 3: it does not name a message of its schema" in done.err
    assert "offset 4: it does not match schema 9" in done.err


def test_a_schema_of_another_kind_says_which_format_to_choose(
    broker: Broker, registry: Registry, tmp_path: Path
) -> None:
    topic = broker.topic()
    registry.schemas["7"] = {"schemaType": "PROTOBUF", "schema": "message X {}"}
    broker.send(topic, [framed(7, b"\0")])

    refused = broker.pull(topic, tmp_path / "out", *options(registry, tmp_path, "avro"))

    assert "schema 7 is not an Avro schema: it is PROTOBUF: use that as --format" in refused.err


def test_a_registry_that_lets_nobody_in_is_said_without_the_password(
    broker: Broker, registry: Registry, tmp_path: Path
) -> None:
    topic = broker.topic()
    broker.send(topic, [framed(7, b"\0")])

    more = options(registry, tmp_path, "avro", user="ada:wrong-one")
    refused = broker.pull(topic, tmp_path / "out", *more)

    assert refused.code == 1
    assert f"the schema registry at {registry.url} refuses this client (401)" in refused.err
    assert "wrong-one" not in refused.err


def test_a_token_that_no_header_can_have_is_not_shown() -> None:
    client = Client({"url": "http://127.0.0.1:1", "bearer.auth.token": "hush\nhush"})

    with pytest.raises(ConnectorError, match="token cannot be sent in a header") as refused:
        client.schema(7)

    assert "hush" not in "".join(traceback.format_exception(refused.value))


def test_an_answer_without_a_schema_is_of_no_registry(registry: Registry) -> None:
    registry.schemas["7"] = {"id": 7}
    client = Client({"url": registry.url, "basic.auth.user.info": f"{USER}:{PASSWORD}"})

    with pytest.raises(ConnectorError, match="not a schema registry: its answer for schema 7 has none"):
        client.schema(7)


def test_a_registry_that_is_away_is_no_reason_to_pass_over_messages(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic()
    broker.send(topic, [framed(7, b"\0")])

    away = Registry("http://127.0.0.1:1")
    refused = broker.pull(topic, tmp_path / "out", *options(away, tmp_path, "avro"))

    assert refused.code == 1
    assert "the schema registry at http://127.0.0.1:1 does not answer" in refused.err
    assert not (tmp_path / "out").exists()


def test_json_with_the_id_of_a_schema_before_it(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic()
    broker.send(
        topic,
        [framed(7, json.dumps({"item_id": "a", "timestamp": "2026-01-01", "target_value": 3}).encode())],
    )

    broker.pull(topic, tmp_path)

    assert values(tmp_path) == [3]
