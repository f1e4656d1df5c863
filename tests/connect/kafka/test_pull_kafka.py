"""The function that Lambda gives messages of MSK, deployed with the real template, fills the bucket."""

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from localaws import LocalAws

ROOT = Path(__file__).parents[3]
EVENT = json.loads((ROOT / "events/pull_kafka.json").read_text())
PARAMETERS = {
    "KafkaTopic": "readings",
    "KafkaItem": "key",
    "KafkaDimensions": "unit=header:unit site=/site",
    "SettleSeconds": "3600",  # what is written starts a run, which nobody waits for
}


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        aws.deploy(ROOT / "template.yaml", "stepcast", PARAMETERS)
        yield aws


def record(offset: int, value: Any, partition: int = 0, key: str | None = "a") -> dict[str, Any]:
    """As the recorded event has it; what is null is left out."""
    plain = {**EVENT["records"]["readings-0"][0], "offset": offset, "partition": partition}
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    plain["value"] = base64.b64encode(content).decode()
    plain["key"] = base64.b64encode((key or "").encode()).decode()
    return {
        name: given
        for name, given in plain.items()
        if not (name == "value" and value is None) and not (name == "key" and key is None)
    }


def reading(number: int) -> dict[str, Any]:
    return {"timestamp": 1_767_225_600 + 3600 * number, "target_value": number, "site": "hall"}


def invoke(aws: LocalAws, *batches: list[dict[str, Any]]) -> dict[str, Any]:
    records = {f"readings-{batch[0]['partition']}": batch for batch in batches}
    answer = aws.client("lambda").invoke(
        FunctionName="stepcast-PullKafka", Payload=json.dumps({**EVENT, "records": records})
    )
    said: dict[str, Any] = json.load(answer["Payload"])
    assert "errorType" not in said, said
    return said


def bucket(aws: LocalAws) -> str:
    names = [row["Name"] for row in aws.client("s3").list_buckets()["Buckets"]]
    (name,) = (name for name in names if name.startswith("stepcast-"))
    return str(name)


def rows(aws: LocalAws, partition: int) -> list[dict[str, Any]]:
    s3, found = aws.client("s3"), []
    listed = s3.list_objects_v2(Bucket=bucket(aws), Prefix=f"train/readings-{partition}-")
    for entry in listed.get("Contents", ()):
        body = io.BytesIO(s3.get_object(Bucket=bucket(aws), Key=entry["Key"])["Body"].read())
        found += pyarrow.parquet.ParquetFile(body, pre_buffer=False).read(use_threads=False).to_pylist()
    return found


def test_a_batch_is_a_file_for_each_partition(aws: LocalAws) -> None:
    said = invoke(
        aws, [record(5, reading(0)), record(6, reading(1))], [record(0, reading(2), partition=1, key="b")]
    )

    assert said == {
        "files": [
            "readings-0-00000000000000000005-00000000000000000006.parquet",
            "readings-1-00000000000000000000-00000000000000000000.parquet",
        ],
        "rows": 3,
        "unreadable": 0,
    }
    (row,) = rows(aws, 1)
    stamp = "2026-01-01 02:00:00"
    assert row == {"item_id": "b", "unit": "kWh", "site": "hall", "timestamp": stamp, "target_value": 2}


def test_a_batch_that_comes_again_with_other_ends_adds_what_is_new(aws: LocalAws) -> None:
    def batch(*numbers: int) -> list[dict[str, Any]]:
        return [record(number, reading(number), partition=2) for number in numbers]

    invoke(aws, batch(0, 1, 2))
    again = invoke(aws, batch(0, 1, 2))
    invoke(aws, batch(1, 2, 3, 4))

    assert again["files"] == []
    assert [row["target_value"] for row in rows(aws, 2)] == [0, 1, 2, 3, 4]


def test_what_cannot_be_read_is_kept_with_the_reason_and_holds_nothing_up(aws: LocalAws) -> None:
    said = invoke(
        aws, [record(7, b"{half", partition=3), record(8, reading(1), partition=3), record(9, {}, 3, None)]
    )

    key = "reports/kafka/readings-3-00000000000000000007-00000000000000000009.json"
    letters = json.load(aws.client("s3").get_object(Bucket=bucket(aws), Key=key)["Body"])
    assert (said["rows"], said["unreadable"]) == (1, 2)
    assert [letter["offset"] for letter in letters] == [7, 9]
    assert base64.b64decode(letters[0]["value"]) == b"{half"
    assert letters[1]["reason"] == "it has no key"


def test_a_message_without_a_value_deletes_its_item(aws: LocalAws) -> None:
    invoke(aws, [record(0, reading(0), partition=4), record(1, reading(1), partition=4, key="b")])
    invoke(aws, [record(2, None, partition=4)])

    assert [row["item_id"] for row in rows(aws, 4)] == ["b"]


def test_headers_of_bytes_above_127_are_signed(aws: LocalAws) -> None:
    given = record(0, reading(0), partition=5)
    given["headers"] = [{"unit": [-62, -80, 67]}]  # °C in UTF-8, as Java has bytes

    invoke(aws, [given])

    assert [row["unit"] for row in rows(aws, 5)] == ["°C"]


def test_the_recorded_event_is_taken_as_it_is(aws: LocalAws) -> None:
    event = {**EVENT, "records": {"readings-0": EVENT["records"]["readings-0"]}}
    answer = aws.client("lambda").invoke(FunctionName="stepcast-PullKafka", Payload=json.dumps(event))
    said = json.load(answer["Payload"])

    assert said["unreadable"] == 2  # it has no /site
    assert "errorType" not in said
