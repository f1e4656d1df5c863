"""Records of items: bytes that say all there is of an item, and are safe to read."""

import numpy as np
import pytest

from stepcast.engine import online
from stepcast.engine.online import records
from tests.engine.online.streams import END, Stream, same, seasonal


@pytest.fixture(scope="module")
def stream() -> Stream:
    return seasonal(items=4)


@pytest.fixture(scope="module")
def told(stream: Stream) -> online.State:
    state = stream.start()
    online.update(state, *stream.observations())
    online.add(state, ["new", "known a little"], [np.empty(0), np.array([3.0, 4.0])], END + 60)
    return state


def records_of(state: online.State) -> list[bytes]:
    return online.items_to_bytes(state, np.arange(len(state)))


def test_records_give_the_same_state_and_the_same_records(stream: Stream, told: online.State) -> None:
    other = stream.start()

    places = online.put_items(other, records_of(told))

    assert same(other, told)
    assert places.tolist() == list(range(6))
    assert records_of(other) == records_of(told)
    assert np.array_equal(online.forecast(other), online.forecast(told))


def test_records_of_items_the_state_does_not_have_are_added(stream: Stream, told: online.State) -> None:
    part = stream.start()
    made = records_of(told)

    places = online.put_items(part, [made[5], made[1]])

    assert part.ids == ["item-0", "item-1", "item-2", "item-3", "known a little"]
    assert places.tolist() == [4, 1]


def test_a_record_is_small(told: online.State) -> None:
    assert max(map(len, records_of(told))) < 20_000


@pytest.mark.parametrize("cut", [0, 3, 10, 200, -1])
def test_a_damaged_record_is_refused_and_changes_nothing(
    stream: Stream, told: online.State, cut: int
) -> None:
    state, untouched = stream.start(), stream.start()
    good, bad = records_of(told)[:2]

    with pytest.raises(online.RecordMismatch):
        online.put_items(state, [good, bad[:cut]])

    assert same(state, untouched)


def test_every_flipped_bit_is_refused(stream: Stream, told: online.State) -> None:
    state, record = stream.start(), bytearray(records_of(told)[0])
    draw = np.random.default_rng(0)
    for place in [*range(40), *draw.integers(40, len(record), 60)]:
        broken = bytearray(record)
        broken[place] ^= 1 << int(draw.integers(8))
        with pytest.raises(online.RecordMismatch):
            online.put_items(state, [bytes(broken)])


def test_a_name_that_is_no_text_is_refused(stream: Stream, told: online.State) -> None:
    record = records_of(told)[0]
    _, _, _, *facts = records.HEADER.unpack_from(record)
    body = b"\xff" + record[records.HEADER.size + 1 :]
    forged = (
        records.HEADER.pack(records.MAGIC, records.VERSION, records._checksum(body, *facts), *facts) + body
    )

    with pytest.raises(online.RecordMismatch, match="not UTF-8"):
        online.put_items(stream.start(), [forged])


def test_a_record_of_an_earlier_version_is_refused_by_name(stream: Stream, told: online.State) -> None:
    older = bytearray(records_of(told)[0])
    older[len(records.MAGIC)] = records.VERSION - 1

    with pytest.raises(online.RecordMismatch, match="another version wrote it; start from the panel again"):
        online.put_items(stream.start(), [bytes(older)])


def test_a_record_of_another_predictor_is_refused(told: online.State) -> None:
    other = seasonal(items=5).start()

    with pytest.raises(online.RecordMismatch, match="another predictor or task"):
        online.put_items(other, records_of(told)[:1])


def test_a_whole_state_is_kept(stream: Stream, told: online.State) -> None:
    other = online.from_bytes(online.to_bytes(told), stream.task, stream.shared)

    assert same(other, told)
    assert np.array_equal(online.forecast(other), online.forecast(told))
