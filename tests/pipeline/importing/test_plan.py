"""How series are divided among shards."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stepcast.pipeline.importing.target.plan import shard_starts


def shards(count: int, length: int, slow: bool) -> int:
    return len(shard_starts(np.full(count, length), slow))


def test_of_a_slow_algorithm_there_are_four_shards_where_there_are_as_many_series() -> None:
    assert [shards(count, 100, slow=True) for count in (1, 2, 3, 4, 5, 100)] == [1, 2, 3, 4, 4, 4]


def test_otherwise_a_shard_is_worth_its_function() -> None:
    assert [shards(count, 100, slow=False) for count in (3, 50, 51, 151, 2000)] == [1, 1, 2, 4, 4]
    assert [shards(4, length, slow=False) for length in (50_000, 50_001, 150_001)] == [1, 2, 4]


def test_a_shard_has_at_most_500_series() -> None:
    starts = shard_starts(np.full(3001, 10), slow=False)

    assert np.diff([*starts, 3001]).max() <= 500
    assert len(starts) == 7


def test_a_shard_has_about_two_million_points() -> None:
    lengths = np.full(100, 500_000)

    starts = shard_starts(lengths, slow=False)

    assert np.add.reduceat(lengths, starts).max() <= 2_500_000


def test_a_long_series_has_a_shard_of_its_own() -> None:
    assert shard_starts(np.array([10, 5_000_000, 10]), slow=False).tolist() == [0, 1, 2]


@given(st.lists(st.integers(1, 3_000_000), min_size=1, max_size=2000), st.booleans())
def test_every_series_is_in_one_shard_and_none_is_empty(lengths: list[int], slow: bool) -> None:
    starts = shard_starts(np.array(lengths), slow)

    assert starts[0] == 0
    assert np.all(np.diff([*starts, len(lengths)]) > 0)
    assert np.diff([*starts, len(lengths)]).max() <= 500
    assert len(starts) >= (min(len(lengths), 4) if slow else 1)
