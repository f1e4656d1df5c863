"""A bucket is looked at when told, and each change of its input is said once."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from stepcast.connect.s3.watch import Watch

BUCKET = "watched"
PATIENCE = 60  # seconds; a watchdog


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client
        client.close()


class Looked:
    """What was said, and how often the bucket was looked at."""

    def __init__(self, s3: Any) -> None:
        self.said: list[datetime] = []
        self.looks = 0
        self._s3 = s3

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def head_object(self, **given: Any) -> Any:  # the first call of a look
        self.looks += 1
        return self._s3.head_object(**given)


def put(s3: Any, key: str, body: str = "x") -> str:
    return str(s3.put_object(Bucket=BUCKET, Key=key, Body=body.encode())["ETag"])


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def look_again(watch: Watch, looked: Looked) -> None:
    """A look that began after now has ended."""
    for _ in range(2):
        before = looked.looks
        watch.look()
        until(lambda before=before: looked.looks > before)  # type: ignore[misc]


def test_each_change_is_said_once_and_what_came_before_with_its_own_time(s3: Any) -> None:
    put(s3, "params.json")
    put(s3, "train/a.csv")
    uploaded = s3.head_object(Bucket=BUCKET, Key="train/a.csv")["LastModified"]
    watch, looked = Watch(BUCKET, every=0), Looked(s3)
    with watch.running(looked, looked.said.append):
        until(lambda: len(looked.said) == 1)
        assert looked.said == [uploaded]

        look_again(watch, looked)
        assert len(looked.said) == 1

        put(s3, "train/a.csv", "y")
        before = datetime.now(UTC)
        look_again(watch, looked)
        assert len(looked.said) == 2
        assert before <= looked.said[1] <= datetime.now(UTC) + timedelta(seconds=1)

        put(s3, "forecast/x.csv")
        s3.delete_object(Bucket=BUCKET, Key="train/a.csv")
        look_again(watch, looked)
        assert len(looked.said) == 2


def test_what_has_sent_its_event_is_not_said_again(s3: Any) -> None:
    watch, looked = Watch(BUCKET, every=0), Looked(s3)
    with watch.running(looked, looked.said.append):
        until(lambda: looked.looks > 0)
        watch.announced("train/a.csv", put(s3, "train/a.csv"))
        put(s3, "train/large.csv")
        watch.announced("train/large.csv", "")  # an upload in parts
        look_again(watch, looked)
        assert looked.said == []

        watch.announced("train/a.csv", put(s3, "train/a.csv", "y"))
        put(s3, "train/a.csv", "z")  # and another one, by another way
        look_again(watch, looked)
        assert len(looked.said) == 1


def test_many_calls_are_one_look(s3: Any) -> None:
    watch, looked = Watch(BUCKET, every=0), Looked(s3)
    with watch.running(looked, looked.said.append):
        until(lambda: looked.looks == 1)
        for _ in range(200):
            watch.look()
        until(lambda: looked.looks == 2)
    assert looked.looks <= 3


def test_a_store_that_is_away_is_looked_at_again_and_the_change_is_not_lost(s3: Any) -> None:
    watch, looked = Watch(BUCKET, every=0.05), Looked(s3)
    away = threading.Event()
    away.set()

    def start(when: datetime) -> None:
        if away.is_set():
            raise ConnectionError("nobody there")
        looked.said.append(when)

    put(s3, "train/a.csv")
    with watch.running(looked, start):
        until(lambda: looked.looks >= 3)
        assert looked.said == []
        away.clear()
        until(lambda: len(looked.said) == 1)
