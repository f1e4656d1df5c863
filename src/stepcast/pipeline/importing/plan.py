"""How series are divided among shards."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["shard_starts"]

SERIES = 500  # in a shard, at most
POINTS = 2_000_000  # in a shard, about: one more series may be needed to get over it
PARALLEL = 4  # shards at least, where there are as many series

Integers = NDArray[np.int64]


def shard_starts(lengths: Integers) -> Integers:
    """Where each shard begins among series of these ``lengths`` (in periods), which keep their order.

    Shards hold about the same number of points. The same lengths always give the same shards.

    >>> shard_starts(np.array([10, 10, 10, 10, 10, 10, 10, 50]))
    array([0, 3, 6, 7])
    """
    count = len(lengths)
    shards = max(-(-count // SERIES), -(-int(lengths.sum()) // POINTS), min(count, PARALLEL))
    starts, ends = [0], np.cumsum(lengths)
    while (begin := starts[-1]) < count:
        left = max(shards - len(starts) + 1, 1)
        done = int(ends[begin - 1]) if begin else 0
        share = min((int(ends[-1]) - done) / left, POINTS)
        # The first series that reaches the share ends the shard, unless too few would be left for the others.
        stop = int(np.searchsorted(ends, done + share)) + 1
        stop = min(stop, begin + SERIES, count - (left - 1))
        starts.append(max(stop, begin + 1))
    return np.array(starts[:-1], np.int64)
