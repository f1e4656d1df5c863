"""Forecasts as messages, in JSON and in Avro with the schema in a registry."""

import io
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")
pytest.importorskip("fastavro", reason="the extra kafka-schemas is not installed")

import fastavro

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.settings import Settings
from stepcast.connect.kafka.worker.messages import AvroMessages, JsonMessages, avro_schema
from stepcast.connect.kafka.worker.order import Order, Source
from stepcast.connect.kafka.worker.partition import Forecasts
from stepcast.connect.kafka.worker.plan import Plan
from stepcast.connect.kafka.worker.sources import work_of
from tests.connect.kafka.registry import PASSWORD, USER, Registry, registered
from tests.connect.kafka.worker.conftest import Broker
from tests.connect.kafka.worker.smoothing import Smoothing
from tests.connect.kafka.worker.test_stream import SMOOTHING, hours, stream
from tests.stream_chaos.stream import produce, read_all

ROOT = Path(__file__).parents[4]
SUBJECT = "forecasts-value"
HOUR = 482_136  # 2025-01-01 00:00
FORECASTS = Forecasts(
    HOUR, ("a", "bö"), np.array([[[1, 2, 3], [4, 5, 6.5]], [[7, np.nan, 9], [0, 1e300, np.inf]]])
)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with registered() as running:
        yield running


def settings(registry: Registry, **more: str) -> dict[str, str]:
    return {"url": registry.url, "basic.auth.user.info": f"{USER}:{PASSWORD}", **more}


def read(registry: Registry, value: bytes) -> Any:
    """As a consumer reads it: by the schema that the registry has for the id before the content."""
    assert value[0] == 0
    schema = registry.schemas[str(int.from_bytes(value[1:5], "big"))]["schema"]
    return fastavro.schemaless_reader(io.BytesIO(value[5:]), fastavro.parse_schema(json.loads(schema)), None)


def test_both_formats_say_the_same(registry: Registry) -> None:
    """Numbers that are not finite are null: NaN is not JSON."""
    texts = [(key, json.loads(value)) for key, value in JsonMessages(Smoothing()).of(FORECASTS)]
    binary = list(AvroMessages(Smoothing(), settings(registry), SUBJECT).of(FORECASTS))

    found = [(key, read(registry, value)) for key, value in binary]
    for _, document in found:
        assert {moment.tzinfo for moment in (document["origin"], document["forecast"][0]["timestamp"])} == {
            UTC
        }
        for row in (document, *document["forecast"]):
            name = "origin" if row is document else "timestamp"
            row[name] = f"{row[name]:%Y-%m-%d %H:%M:%S}"
    assert found == texts
    assert texts[0] == (
        b"a",
        {
            "item_id": "a",
            "origin": "2025-01-01 00:00:00",
            "predictor": "smoothing",
            "forecast": [
                {"timestamp": "2025-01-01 01:00:00", "p10": 1, "p50": 2, "p90": 3},
                {"timestamp": "2025-01-01 02:00:00", "p10": 4, "p50": 5, "p90": 6.5},
            ],
        },
    )
    assert texts[1][0] == "bö".encode()
    assert texts[1][1]["forecast"][1] == {
        "timestamp": "2025-01-01 02:00:00", "p10": 0, "p50": 1e300, "p90": None
    }  # fmt: skip


def test_a_schema_is_registered_once_and_then_looked_up(registry: Registry) -> None:
    for _ in range(2):
        AvroMessages(Smoothing(), settings(registry), "a/b")

    lookup = "/subjects/a%2Fb"
    assert registry.asked == [lookup, f"{lookup}/versions", lookup]
    assert [json.loads(one["schema"]) for one in registry.subjects.values()] == [
        avro_schema(["p10", "p50", "p90"])
    ]


def test_a_client_that_may_not_register_uses_what_is_registered(registry: Registry) -> None:
    registry.refused[SUBJECT] = 403, "User is denied operation Write"

    with pytest.raises(ConnectorError, match=f"register the schema in subject {SUBJECT} yourself"):
        AvroMessages(Smoothing(), settings(registry), SUBJECT)
    registry.subjects[SUBJECT, "1"] = {"id": 7, "schema": json.dumps(avro_schema(["p10", "p50", "p90"]))}
    (_, value), _ = AvroMessages(Smoothing(), settings(registry), SUBJECT).of(FORECASTS)

    assert value[:5] == bytes([0, 0, 0, 0, 7])


@pytest.mark.parametrize(("status", "why"), [(409, "not compatible"), (422, "answers 422 for subject")])
def test_a_schema_that_the_registry_refuses_is_said(registry: Registry, status: int, why: str) -> None:
    registry.refused[SUBJECT] = status, "reader union lacking writer type: RECORD"

    with pytest.raises(ConnectorError, match=f"{why}.*reader union lacking"):
        AvroMessages(Smoothing(), settings(registry), SUBJECT)


def test_avro_without_a_registry_is_refused() -> None:
    with pytest.raises(ConnectorError, match=r"give schema\.registry\.url"):
        AvroMessages(Smoothing(), {}, SUBJECT)


@pytest.mark.parametrize(("before", "after"), [("p10 p50", "p10 p50 p90 mean"), ("p10 p90", "p25 p75")])
def test_schemas_of_predictors_with_other_outputs_are_compatible(before: str, after: str) -> None:
    """In both directions, as a registry asks for: what one writes, the other reads."""
    names = [before.split(), after.split()]
    schemas = [fastavro.parse_schema(avro_schema(labels)) for labels in names]
    for (written, reads), (there, wanted) in zip((schemas, schemas[::-1]), (names, names[::-1]), strict=True):
        sink = io.BytesIO()
        row = {"timestamp": datetime(2025, 1, 1, tzinfo=UTC), **dict.fromkeys(there, 1.5)}
        document = {"item_id": "a", "origin": 0, "predictor": "x", "forecast": [row]}
        fastavro.schemaless_writer(sink, written, document)

        found = fastavro.schemaless_reader(io.BytesIO(sink.getvalue()), written, reads)["forecast"][0]

        assert {label: found[label] for label in wanted} == {
            label: 1.5 if label in there else None for label in wanted
        }


def test_the_documented_schema_is_the_one_that_is_registered() -> None:
    text = (ROOT / "docs/how-to/stream.md").read_text("utf-8")
    blocks: Sequence[str] = re.findall(r"```json\n(.*?)```", text, re.DOTALL)

    assert avro_schema(["p10", "p50", "p90"]) in [json.loads(block) for block in blocks]


def test_predictions_of_a_users_model_have_no_schema() -> None:
    source = Source(model="tests.connect.kafka.worker.models:Keeping")
    order = Order(Settings("127.0.0.1:1"), "a", "b", "g", "m-0", source, Plan(), output="avro")

    with pytest.raises(ConnectorError, match="--output-format avro is for forecasts"):
        work_of(order)


def test_a_stream_writes_avro(broker: Broker, registry: Registry, tmp_path: Path) -> None:
    topic = broker.topic()
    produce(broker.address, topic, hours(3, "a"))
    file = tmp_path / "registry.properties"
    file.write_text(
        "".join(f"schema.registry.{name}={value}\n" for name, value in settings(registry).items())
    )
    options = ("--from", topic, "--to", f"{topic}-out", *SMOOTHING, "--until-idle", "1s")

    done = stream(
        broker, "--group", f"{topic}-g", *options, "--output-format", "avro", "--config-file", str(file)
    )

    assert done.returncode == 0, done.stderr
    assert (f"{topic}-out-value", "1") in registry.subjects
    (messages,) = read_all(broker.address, f"{topic}-out")
    documents = [read(registry, value) for _, value in messages]
    assert [key for key, _ in messages] == [b"a", b"a"]
    assert [one["origin"] for one in documents] == [datetime(2024, 1, 1, hour, tzinfo=UTC) for hour in (0, 1)]
    assert documents[1]["forecast"][1] == {
        "timestamp": datetime(2024, 1, 1, 3, tzinfo=UTC), "p10": -0.9, "p50": 0.1, "p90": 1.1
    }  # fmt: skip
