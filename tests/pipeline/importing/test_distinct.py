"""Counting different values in bounded memory."""

import numpy as np
import pytest

from stepcast.pipeline.importing.columns.distinct import DistinctCount, hashes_of_numbers, hashes_of_texts


def test_few_values_are_counted_exactly() -> None:
    count = DistinctCount()
    for _ in range(3):
        count.add(hashes_of_numbers(np.arange(10_000)))

    assert count.exact
    assert count.count == 10_000


@pytest.mark.parametrize("true", [50_000, 1_000_000])
def test_many_values_are_estimated_within_three_percent(true: int) -> None:
    count = DistinctCount()
    for begin in range(0, true, 50_000):
        count.add(hashes_of_numbers(np.arange(begin, begin + 50_000)))

    assert not count.exact
    assert count.count == pytest.approx(true, rel=0.03)  # almost four standard errors


def test_the_order_of_values_does_not_matter() -> None:
    values = hashes_of_numbers(np.arange(100_000))
    rising, falling = DistinctCount(), DistinctCount()
    rising.add(values[:50_000])
    rising.add(values[50_000:])
    falling.add(values[::-1])

    assert rising.count == falling.count


def test_texts_are_told_apart() -> None:
    count = DistinctCount()
    count.add(hashes_of_texts(["a", "b", "ab", "a"]))

    assert count.count == 3
