"""The fast way to read plain messages gives what the way for all messages gives."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepcast.connect.kafka.worker.order import Places
from stepcast.connect.kafka.worker.partition import Observation
from stepcast.connect.kafka.worker.reading import Unreadable, read_of

JANUARY = 1_704_067_200_000


@dataclass
class Given:
    """A message as the client hands it out."""

    content: Any
    headers_: list[tuple[str, bytes]] = field(default_factory=list)

    def value(self) -> bytes | None:
        return self.content if isinstance(self.content, bytes | None) else json.dumps(self.content).encode()

    def key(self) -> bytes:
        return b"of the key"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return 0

    def timestamp(self) -> tuple[int, int]:
        return 1, JANUARY

    def headers(self) -> list[tuple[str, bytes]]:
        return self.headers_


def outcome(read: Any, content: Any) -> Observation | str | None:
    try:
        found: Observation | None = read(Given(content))
    except Unreadable as error:
        return str(error)
    return found


moments = st.sampled_from(
    [
        "2024-01-01 00:00:00",
        "2024-01-01T01:00:00+01:00",
        "2024-01-01",
        1704067200,
        1704067200000,
        "",
        "soon",
        None,
    ]
)
numbers = st.one_of(
    st.floats(), st.integers(), st.sampled_from(["1.5", "", "many", True, [1], "1_0"]), st.none()
)
documents = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "item_id": st.sampled_from(["a", "", 7, None, True]),
            "timestamp": moments,
            "target_value": numbers,
        },
    ),
    st.sampled_from([b"no JSON", b"\xff", b"[]", b"1", None]),
)


@given(st.lists(documents, max_size=8))
def test_plain_messages_are_read_as_all_others(given_documents) -> None:
    """One after another, because the fast way remembers moments."""
    fast = read_of(Places(), {})
    slow = read_of(Places(item="/item_id", dimensions={"unused": "/item_id"}), {})

    for document in given_documents:
        wanted = outcome(slow, document)
        if isinstance(wanted, Observation):
            item = wanted.item.partition(" / ")[0]
            wanted = wanted._replace(item=item)
        assert outcome(fast, document) == wanted


def test_the_item_has_its_dimensions_as_the_predictor_calls_them() -> None:
    read = read_of(Places(item="key", value="/v/0", timestamp="message", dimensions={"shop": "/shop"}), {})

    assert read(Given({"shop": "Berlin", "v": [2]})) == Observation("of the key / Berlin", JANUARY, 2.0)


def test_a_line_of_csv_is_an_observation_too() -> None:
    read = read_of(Places("csv"), {})

    assert read(Given(b"a,2024-01-01,3")) == Observation("a", JANUARY, 3.0)


def test_what_cannot_be_read_says_why() -> None:
    with pytest.raises(Unreadable, match="its timestamp 'soon' is neither"):
        read_of(Places(), {})(Given({"item_id": "a", "timestamp": "soon", "target_value": 1}))
