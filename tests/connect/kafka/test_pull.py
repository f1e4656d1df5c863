"""``stepcast pull kafka`` against a real broker: what is in a topic is in the part files, once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import Producer

from localaws import LocalAws
from tests.connect.kafka.conftest import PATIENCE, Broker, reading, rows, values

HOUR = "2026-01-01 {:02}:00:00"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def part(topic: str, partition: int, first: int, last: int) -> str:
    return f"{topic}-{partition}-{first:020}-{last:020}.parquet"


def test_messages_become_rows_in_files_named_by_their_offsets(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic(2)
    broker.send(topic, [reading(0), reading(1)], partition=0)
    broker.send(topic, [reading(2, "b")], partition=1)

    first = broker.pull(topic, tmp_path, "--json").json
    broker.send(topic, [reading(3, "b")], partition=1)
    second = broker.pull(topic, tmp_path, "--json").json

    assert rows(tmp_path) == [
        {"item_id": "a", "timestamp": HOUR.format(0), "target_value": 0},
        {"item_id": "a", "timestamp": HOUR.format(1), "target_value": 1},
        {"item_id": "b", "timestamp": HOUR.format(2), "target_value": 2},
        {"item_id": "b", "timestamp": HOUR.format(3), "target_value": 3},
    ]
    assert first["files"] == [part(topic, 0, 0, 1), part(topic, 1, 0, 0)]
    assert second["files"] == [part(topic, 1, 1, 1)]
    assert second["lag"] == [
        {"partition": 0, "committed": 2, "end": 2, "lag": 0},
        {"partition": 1, "committed": 2, "end": 2, "lag": 0},
    ]


def test_lag_is_shown_and_another_group_reads_everything_again(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic()
    broker.send(topic, [reading(number) for number in range(5)])

    shown = broker.pull(topic, tmp_path / "one")
    again = broker.pull(topic, tmp_path / "one")
    other = broker.pull(topic, tmp_path / "two", group="another")

    assert "5 rows of 5 messages in 1 new file" in shown.out
    assert shown.out.splitlines()[-1].split() == ["0", "5", "5", "0"]
    assert "0 rows of 0 messages in 0 new files" in again.out
    assert "5 rows of 5 messages" in other.out
    (one,), (two,) = ([path.read_bytes() for path in (tmp_path / name).iterdir()] for name in ("one", "two"))
    assert one == two  # the same offsets are the same bytes


def test_another_group_adds_nothing_to_a_folder_that_has_it(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic()
    broker.send(topic, [reading(number) for number in range(5)])
    broker.pull(topic, tmp_path)
    broker.send(topic, [reading(5)])

    pulled = broker.pull(topic, tmp_path, "--json", group="another").json

    assert pulled["files"] == [part(topic, 0, 5, 5)]
    assert values(tmp_path) == [0, 1, 2, 3, 4, 5]


def test_what_was_put_but_not_committed_is_not_put_again_with_more(broker: Broker, tmp_path: Path) -> None:
    """As after a crash between the two, when the topic has grown meanwhile: batches do not shift."""
    topic = broker.topic()
    broker.send(topic, [reading(number) for number in range(3)])
    broker.pull(topic, tmp_path, group="crashes after its put, as far as the next one knows")
    before = (tmp_path / part(topic, 0, 0, 2)).read_bytes()
    broker.send(topic, [reading(number) for number in range(3, 6)])

    pulled = broker.pull(topic, tmp_path, "--json").json

    assert names(tmp_path) == [part(topic, 0, 0, 2), part(topic, 0, 3, 5)]
    assert (tmp_path / part(topic, 0, 0, 2)).read_bytes() == before
    assert pulled["lag"][0]["lag"] == 0


def test_what_lies_between_two_files_is_filled(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic()
    broker.send(topic, [reading(number) for number in range(9)])
    broker.pull(topic, tmp_path, "--part-rows", "3")
    kept = part(topic, 0, 3, 5)
    for name in set(names(tmp_path)) - {kept}:
        (tmp_path / name).unlink()

    broker.pull(topic, tmp_path, group="another")

    assert values(tmp_path) == list(range(9))
    assert kept in names(tmp_path)


def test_key_headers_dimensions_and_the_messages_own_time(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic()
    document = {"at": {"site/1": "hall"}, "temperatures": [20.5, "21.5"]}
    broker.send(topic, [document], key="m1", headers={"unit": b"C"}, timestamp=1_767_225_600_000)
    places = ("--item", "key", "--timestamp", "message", "--value", "/temperatures/1")
    dimensions = ("--dimension", "site=/at/site~11", "--dimension", "unit=header:unit")

    assert broker.pull(topic, tmp_path, *places, *dimensions).code == 0

    assert rows(tmp_path) == [
        {"item_id": "m1", "site": "hall", "unit": "C", "timestamp": HOUR.format(0), "target_value": 21.5}
    ]


def test_csv_values_with_the_item_as_key(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic()
    broker.send(topic, [b'2026-01-01T01:00+01:00,"1,5",2.5\n'], key="k")

    places = ("--item", "key", "--timestamp", "/0", "--value", "/2", "--dimension", "note=/1")
    assert broker.pull(topic, tmp_path, "--format", "csv", *places).code == 0

    (row,) = rows(tmp_path)
    assert row == {"item_id": "k", "note": "1,5", "timestamp": HOUR.format(0), "target_value": 2.5}


def test_what_cannot_be_read_goes_to_the_dead_letters_as_it_is(broker: Broker, tmp_path: Path) -> None:
    topic, dead = broker.topic(), broker.topic()
    broker.send(topic, [reading(0), b"{half", {**reading(1), "target_value": "much"}, reading(2)], key="k")

    pulled = broker.pull(topic, tmp_path, "--dead-letters", dead, "--json").json
    first, second = broker.read(dead, 2)

    assert values(tmp_path) == [0, 2]
    assert pulled["unreadable"] == 2
    assert (first.key(), first.value()) == (b"k", b"{half")
    told = {name: text.decode() for name, text in first.headers()}
    assert told.pop("stepcast.reason").startswith("it is not JSON: ")
    assert told.pop("stepcast.timestamp")
    assert told == {"stepcast.topic": topic, "stepcast.partition": "0", "stepcast.offset": "1"}
    assert dict(second.headers())["stepcast.reason"] == b"its value 'much' is not a number"


def test_without_dead_letters_it_is_counted_and_shown(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic()
    broker.send(topic, [reading(0), b"{half", {**reading(1), "timestamp": "soon"}])

    done = broker.pull(topic, tmp_path)

    assert done.code == 0
    assert "warning: 2 messages could not be read: skipped" in done.err
    assert f"{topic}[0] offset 2: its timestamp 'soon' is neither ISO 8601 nor a time since 1970" in done.err
    assert values(tmp_path) == [0]


def test_strict_stops_before_it_and_goes_on_when_told_otherwise(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic()
    broker.send(topic, [reading(0), b"{half", reading(1)])

    refused = broker.pull(topic, tmp_path, "--strict")
    before = values(tmp_path)
    broker.pull(topic, tmp_path)

    assert refused.code == 1
    assert f"{topic}[0] offset 1: it is not JSON" in refused.err
    assert before == [0]
    assert values(tmp_path) == [0, 1]


def test_where_nothing_can_be_read_nothing_is_committed(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic()
    broker.send(topic, [reading(0), reading(1)])

    refused = broker.pull(topic, tmp_path, "--value", "/valeu")
    broker.pull(topic, tmp_path)

    assert refused.code == 1
    assert f"none of 2 messages could be read; {topic}[0] offset 0: it has no /valeu" in refused.err
    assert values(tmp_path) == [0, 1]


def test_a_tombstone_deletes_the_item_that_its_key_names(broker: Broker, tmp_path: Path) -> None:
    """In the files before, in the batch, and not what came after it."""
    topic = broker.topic()
    for number, key in enumerate(["gone", "stays", "gone", "alone"]):
        broker.send(topic, [reading(number)], key=key)
    broker.pull(topic, tmp_path, "--item", "key", "--part-rows", "3")
    broker.send(topic, [reading(4)], key="gone")
    broker.send(topic, [None], key="gone")
    broker.send(topic, [None], key="alone")
    broker.send(topic, [reading(5)], key="gone")

    pulled = broker.pull(topic, tmp_path, "--item", "key", "--json").json

    assert pulled["deleted"] == 2
    assert [(row["item_id"], row["target_value"]) for row in rows(tmp_path)] == [("stays", 1), ("gone", 5)]
    assert names(tmp_path) == [part(topic, 0, 0, 2), part(topic, 0, 4, 7)]  # a file without rows is none


def test_a_tombstone_without_an_item_is_counted(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic()
    broker.send(topic, [reading(0), None], key="k")

    done = broker.pull(topic, tmp_path)

    assert "1 message without a value deleted nothing: they name an item only with --item key" in done.err
    assert values(tmp_path) == [0]


@pytest.mark.parametrize(
    "setting", ["group.protocol=consumer", "partition.assignment.strategy=cooperative-sticky"]
)
def test_other_protocols_of_groups(broker: Broker, tmp_path: Path, setting: str) -> None:
    topic = broker.topic(2)
    broker.send(topic, [reading(0), reading(1)], partition=1)

    pulled = broker.pull(topic, tmp_path, "--json", "--config", setting).json

    assert values(tmp_path) == [0, 1]
    assert [one["lag"] for one in pulled["lag"]] == [0, 0]


def test_letters_that_would_come_again_are_refused(broker: Broker, tmp_path: Path) -> None:
    refused = broker.pull(topic := broker.topic(), tmp_path, "--dead-letters", topic)

    assert refused.code == 2
    assert "again: name another topic" in refused.err


def test_only_committed_transactions_are_read_and_their_markers_are_no_lag(
    broker: Broker, tmp_path: Path
) -> None:
    topic = broker.topic()
    producer = Producer({"bootstrap.servers": broker.address, "transactional.id": topic})
    producer.init_transactions(PATIENCE)
    for number, end in enumerate((producer.commit_transaction, producer.abort_transaction)):
        producer.begin_transaction()
        producer.produce(topic, json.dumps(reading(number)))
        producer.flush(PATIENCE)
        end()

    pulled = broker.pull(topic, tmp_path, "--json").json
    everything = broker.pull(
        topic, tmp_path / "all", "--config", "isolation.level=read_uncommitted", group="other"
    )

    assert values(tmp_path) == [0]
    assert pulled["lag"] == [{"partition": 0, "committed": 4, "end": 4, "lag": 0}]
    assert everything.code == 0
    assert values(tmp_path / "all") == [0, 1]


def test_ctrl_c_puts_and_commits_what_was_read(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic()
    broker.send(topic, [reading(0)])
    command = broker.line(topic, tmp_path, "--until-idle", "-1", "--json", "--part-time", "1s")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + PATIENCE
    while not list(tmp_path.glob("*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.1)

    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    pulled = json.loads(out)
    assert pulled["stopped"]
    assert pulled["lag"] == [{"partition": 0, "committed": 1, "end": 1, "lag": 0}]
    assert values(tmp_path) == [0]


def test_a_topic_of_the_same_name_made_anew_is_refused(broker: Broker, tmp_path: Path) -> None:
    from confluent_kafka.admin import AdminClient

    from tests.services.kafka import create_topics

    topic = broker.topic()
    broker.send(topic, [reading(0), reading(1)])
    broker.pull(topic, tmp_path)
    admin = AdminClient({"bootstrap.servers": broker.address})
    admin.delete_topics([topic])[topic].result(PATIENCE)
    time.sleep(2)  # until the broker has forgotten it
    create_topics(broker.server, {topic: 1})
    broker.send(topic, [reading(7), reading(8), reading(9)])

    refused = broker.pull(topic, tmp_path, group="new")

    assert refused.code == 1
    assert f"the topic {topic} was deleted and created again after" in refused.err


def test_a_topic_that_is_deleted_meanwhile_is_said(broker: Broker, tmp_path: Path) -> None:
    from confluent_kafka.admin import AdminClient

    topic = broker.topic()
    broker.send(topic, [reading(0)])
    at_once = ("topic.metadata.refresh.interval.ms=1000", "topic.metadata.propagation.max.ms=1000")
    config = [word for pair in at_once for word in ("--config", pair)]
    command = broker.line(topic, tmp_path, "--until-idle", "-1", "--part-rows", "1", *config)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + PATIENCE
    while not list(tmp_path.glob("*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.1)

    admin = AdminClient({"bootstrap.servers": broker.address})
    admin.delete_topics([topic])[topic].result(PATIENCE)
    _, told = process.communicate(timeout=PATIENCE)

    assert process.returncode == 1
    assert f"there is no topic {topic} at " in told


def test_without_its_packages_a_format_says_what_to_install(
    broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = broker.topic()
    monkeypatch.setitem(sys.modules, "fastavro", None)

    more = ("--format", "avro", "--config", "schema.registry.url=http://127.0.0.1:1")
    refused = broker.pull(topic, tmp_path, *more)

    assert 'pip install "stepcast[kafka-schemas]"' in refused.err


def test_other_columns_than_the_folder_has_are_refused(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic()
    broker.send(topic, [reading(0)])
    broker.pull(topic, tmp_path)

    refused = broker.pull(topic, tmp_path, "--dimension", "x=/item_id", group="new")

    assert refused.code == 1
    assert "has the columns item_id, timestamp, target_value, and item_id, x, timestamp" in refused.err


def test_messages_that_expired_before_they_were_read_are_told(broker: Broker, tmp_path: Path) -> None:
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient

    topic = broker.topic()
    broker.send(topic, [reading(number) for number in range(3)])
    broker.pull(topic, tmp_path)
    broker.send(topic, [reading(number) for number in range(3, 9)])
    admin = AdminClient({"bootstrap.servers": broker.address})
    for deleted in admin.delete_records([TopicPartition(topic, 0, 7)]).values():
        deleted.result(PATIENCE)

    done = broker.pull(topic, tmp_path)

    assert "warning: 4 messages expired in the topic before they were read" in done.err
    assert values(tmp_path) == [0, 1, 2, 7, 8]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--topic", "nowhere"), "there is no topic nowhere at "),
        (("--config", "acks.of=all"), 'No such configuration property: "acks.of"'),
        (("--config", "group.id=x"), "group.id cannot be set: give --group"),
        (
            ("--config", "sasl.password=x"),
            "write it to a file for --config-file, or set STEPCAST_KAFKA_SASL_PASSWORD",
        ),
        (("--item", "sensor"), "--item 'sensor' is not a JSON pointer"),
        (("--dimension", "timestamp=/x"), "--dimension timestamp: a column name has letters"),
        (("--format", "xml"), "--format xml: choose one of json, csv, avro, protobuf"),
        (("--format", "avro"), "no schema registry is named: give schema.registry.url"),
        (("--dead-letters", "nowhere"), "there is no topic nowhere at "),
        (("--until-idle", "soon"), "for --until-idle: 'soon' is not a duration"),
    ],
)
def test_a_wrong_option_is_answered_with_what_to_change(
    broker: Broker, tmp_path: Path, more: tuple[str, ...], said: str
) -> None:
    topic = broker.topic()

    refused = broker.pull(topic, tmp_path, *more)

    assert refused.code != 0
    assert said in " ".join(refused.err.replace("│", "").split())
    assert "Traceback" not in refused.err


def test_no_broker_is_said_with_the_reason(broker: Broker, tmp_path: Path) -> None:
    refused = broker.pull("x", tmp_path, "--bootstrap", "127.0.0.1:1")

    assert refused.code == 1
    assert "no broker answers at 127.0.0.1:1: " in refused.err
    assert "Connection refused" in refused.err


def test_a_bucket_without_keys_is_said_with_what_to_set(broker: Broker, tmp_path: Path) -> None:
    topic, nowhere = broker.topic(), str(tmp_path / "none")
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE")
    files = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
    environment = {
        **dict.fromkeys(keys),
        **dict.fromkeys(files, nowhere),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
    }

    refused = broker.pull(topic, "s3://nowhere/train/", env=environment)

    assert refused.code == 1
    assert "Unable to locate credentials: set AWS_ACCESS_KEY_ID" in refused.err


def test_a_bucket_gets_the_same_files(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic()
    broker.send(topic, [reading(0), reading(1)])
    with LocalAws() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket="somewhere")
        env = {"AWS_ENDPOINT_URL": aws.endpoint, "AWS_DEFAULT_REGION": "us-east-1"}
        env |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "local")
        env["XDG_STATE_HOME"] = os.fspath(tmp_path)
        first = broker.pull(topic, "s3://somewhere/train/", "--json", env=env).json
        second = broker.pull(topic, "s3://somewhere/train", "--json", group="new", env=env).json
        (there,) = s3.list_objects_v2(Bucket="somewhere")["Contents"]
        body = s3.get_object(Bucket="somewhere", Key=there["Key"])["Body"].read()
    broker.pull(topic, tmp_path / "here", group="third")

    assert first["files"] == [part(topic, 0, 0, 1)]
    assert there["Key"] == f"train/{part(topic, 0, 0, 1)}"
    assert second["files"] == []
    assert body == (tmp_path / "here" / part(topic, 0, 0, 1)).read_bytes()
