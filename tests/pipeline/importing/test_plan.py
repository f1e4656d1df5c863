"""How series are divided among shards."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stepcast.pipeline.importing.plan import shard_starts


def test_there_are_at_least_four_shards_where_there_are_as_many_series() -> None:
    assert [len(shard_starts(np.full(count, 100))) for count in (1, 2, 3, 4, 5, 100)] == [1, 2, 3, 4, 4, 4]


def test_a_shard_has_at_most_500_series() -> None:
    starts = shard_starts(np.full(3001, 10))

    assert np.diff([*starts, 3001]).max() <= 500
    assert len(starts) == 7


def test_a_shard_has_about_two_million_points() -> None:
    lengths = np.full(100, 500_000)

    starts = shard_starts(lengths)

    assert np.add.reduceat(lengths, starts).max() <= 2_500_000


def test_a_long_series_has_a_shard_of_its_own() -> None:
    assert shard_starts(np.array([10, 5_000_000, 10])).tolist() == [0, 1, 2]


@given(st.lists(st.integers(1, 3_000_000), min_size=1, max_size=2000))
def test_every_series_is_in_one_shard_and_none_is_empty(lengths: list[int]) -> None:
    starts = shard_starts(np.array(lengths))

    assert starts[0] == 0
    assert np.all(np.diff([*starts, len(lengths)]) > 0)
    assert np.diff([*starts, len(lengths)]).max() <= 500
    assert len(starts) >= min(len(lengths), 4)
