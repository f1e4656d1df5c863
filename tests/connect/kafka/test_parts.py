"""Part files: whatever batches are put, in whatever order, each offset is in one file."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepcast.connect.kafka.folders import LocalFolder
from stepcast.connect.kafka.observations import Message, reader
from stepcast.connect.kafka.parts import Batch, Parts
from tests.connect.kafka.conftest import values

READER = reader(lambda value: {"v": int(value)}, "key", "message", "/v", {})


def parts(folder: Path, topic: str = "t") -> Parts:
    return Parts(LocalFolder(folder), topic, READER.columns)


def batch(first: int, last: int, gone: int | None = None) -> Batch:
    """Messages whose values are their offsets, all of one item; ``gone`` is a tombstone."""
    made = Batch(first, first)
    for offset in range(first, last + 1):
        value = None if offset == gone else str(offset).encode()
        made.take(Message(0, offset, 1_767_225_600_000, b"a", value, ()), READER)
    return made


RANGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(sorted), min_size=1, max_size=8)


@settings(deadline=None)  # a busy machine proves nothing
@given(ranges=RANGES)
def test_overlapping_batches_put_each_offset_once(
    tmp_path_factory: pytest.TempPathFactory, ranges: list[list[int]]
) -> None:
    folder = tmp_path_factory.mktemp("parts")

    for first, last in ranges:
        parts(folder).put(0, batch(first, last))

    expected = {offset for first, last in ranges for offset in range(first, last + 1)}
    assert sorted(values(folder)) == sorted(expected)


def test_the_same_batch_again_is_the_same_file(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        parts(folder).put(0, batch(3, 9))

    assert parts(one).put(0, batch(3, 9)) == []
    ((name, first),) = ((path.name, path.read_bytes()) for path in one.iterdir())
    assert (two / name).read_bytes() == first


def test_topics_and_partitions_with_names_that_begin_alike_are_told_apart(tmp_path: Path) -> None:
    parts(tmp_path, "t-1").put(0, batch(0, 1))
    parts(tmp_path, "t").put(1, batch(0, 2))
    parts(tmp_path, "t").put(10, batch(0, 3))

    assert [len(values_of) for values_of in (parts(tmp_path).of(1), parts(tmp_path, "t-1").of(0))] == [1, 1]
    assert parts(tmp_path).after(1, 0) == 3
    assert parts(tmp_path, "t-1").after(0, 0) == 2
    assert parts(tmp_path).after(0, 0) == 0


def test_a_tombstone_that_was_followed_before_is_not_followed_again(tmp_path: Path) -> None:
    """What came after it stays, when another group reads it anew."""
    parts(tmp_path).put(0, batch(0, 3, gone=2))
    parts(tmp_path).put(0, batch(4, 5))

    parts(tmp_path).put(0, batch(0, 5, gone=2))

    assert values(tmp_path) == [3, 4, 5]


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "t-0-notes.csv").write_text("x")

    parts(tmp_path).put(0, batch(0, 1))

    assert (tmp_path / "t-0-notes.csv").read_text() == "x"
    assert len(parts(tmp_path).of(0)) == 1
