"""Moto's objects as data: what goes in comes out, and a file brings nothing into being that it may not."""

import json
import threading
from collections import OrderedDict, defaultdict, deque
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.sqs.models import Message
from moto.sqs.models import Queue as MotoQueue

from localaws.durability.codec import NotData, decode, encode


class _NoBlobs:
    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}

    def keep(self, body: bytes) -> str:
        self.held[str(len(self.held))] = body
        return str(len(self.held) - 1)

    def load(self, name: str) -> bytes:
        return self.held[name]


def through(thing: Any, omitted: Any = None) -> Any:
    blobs = _NoBlobs()
    return decode(encode(thing, omitted or {}, blobs), omitted or {}, blobs)


@pytest.mark.parametrize(
    "thing",
    [
        None,
        True,
        2**80,
        0.1,
        float("inf"),
        "é\ud800\x00",
        b"\x00\xff",
        b"large" * 100_000,
        [1, [2, (3, "4")]],
        {"a": {1: 2, (1, "b"): {3}}},
        frozenset({1, 2}),
        deque([1, 2], maxlen=2),
        datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        datetime(2026, 1, 2),
        timedelta(days=1, microseconds=1),
        Decimal("0.10"),
        OrderedDict([("b", 1), ("a", 2)]),
        defaultdict(list, {"a": [1]}),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_plain_things_come_back_as_they_were(thing: Any) -> None:
    back = through(thing)

    assert back == thing
    assert type(back) is type(thing)


def test_ordered_and_default_dicts_go_on_working() -> None:
    ordered, default = through([OrderedDict(b=1, a=2), defaultdict(list)])

    ordered["c"] = 3
    default["new"].append(1)

    assert list(ordered) == ["b", "a", "c"]
    assert default == {"new": [1]}


def test_shared_and_circular_objects_stay_one() -> None:
    message = Message("id", "body")
    message.message_attributes["itself"] = message

    first, second = through([message, message])

    assert first is second
    assert first.message_attributes["itself"] is first
    assert (first.body, first.sender_id) == ("body", message.sender_id)


def test_objects_that_are_keys_are_whole_before_they_are_hashed() -> None:
    back = through({DynamoType({"S": "a"}): 1})

    assert back[DynamoType({"S": "a"})] == 1


def test_what_is_kept_elsewhere_is_left_out_and_made_empty() -> None:
    queue = MotoQueue("q", "us-east-1", "123456789012")
    queue.add_message(Message("id", "secret"))
    omitted = {(MotoQueue, "_messages"): list, (MotoQueue, "_pending_messages"): set}
    blobs = _NoBlobs()

    text = encode(queue, omitted, blobs)

    assert b"secret" not in text
    back = decode(text, omitted, blobs)
    assert (back._messages, back._pending_messages, back.name) == ([], set(), "q")
    assert isinstance(back._messages_lock, threading.Condition)


def test_what_is_no_data_is_refused_by_name() -> None:
    message = Message("id", "body")
    message.message_attributes["opened"] = threading.Thread()

    with pytest.raises(NotData, match=r"threading:Thread cannot be stored"):
        through(message)


@pytest.mark.parametrize(
    "table",
    [
        [[1], ["object", "subprocess:Popen", {"args": "id"}]],
        [[1], ["class", "os:system"]],
        [[1], ["factory", "os:system"]],
        [[1], ["factory", "moto.core.utils:unix_time"]],
        [[1], ["enum", "moto.sqs.models:Queue", "name"]],
        [[1], ["state", "moto.sqs.models:Queue", {}]],
        [[1], ["backend", "os.path", "Backend", "1", "us-east-1"]],
        [[1], ["object", "moto.core.exceptions:ServiceException", {}]],
        [[1], ["object", "moto.sqs.models:Queue.__init__", {}]],
        [[1], ["object", "moto.sqs.models:re.Pattern", {}]],
        [[1], ["object", "moto.no_such_module:X", {}]],
        [[1], ["object", "moto.core:../../evil", {}]],
        [[1], ["value", "x"]],
        [[1], ["later", "x"]],
        [[1], ["__init__", "x"]],
        [[7]],
        {"not": "a table"},
    ],
    ids=json.dumps,
)
def test_a_file_makes_nothing_but_moto_s_data(table: Any) -> None:
    with pytest.raises(NotData):
        decode(json.dumps(table).encode(), {}, _NoBlobs())


def test_no_method_of_a_class_runs_when_it_is_read() -> None:
    table = [[1], ["object", "moto.sqs.models:Queue", {"name": "bad name!", "_setstate": 1}]]

    back = decode(json.dumps(table).encode(), {}, _NoBlobs())

    assert back.__dict__ == {"name": "bad name!", "_setstate": 1}
