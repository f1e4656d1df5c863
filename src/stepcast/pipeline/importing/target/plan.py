"""Divides series among shards."""

import numpy as np

from stepcast.engine.arrays import Integers

__all__ = ["shard_starts"]

SERIES = 500  # in a shard, at most
POINTS = 2_000_000  # in a shard, approximately: the last series may exceed it
PARALLEL = 4  # shards at least, if there are enough series and each is worth a function
WORTH_SERIES, WORTH_POINTS = (
    50,
    200_000,
)  # the AutoPredictor processes these in the time that a function takes to start


def shard_starts(lengths: Integers, slow: bool) -> Integers:
    """The index of the first series of each shard, for series of these ``lengths`` (in periods), in order.

    Shards have about the same number of points. The same arguments always give the same shards.
    ``slow``  each series takes seconds, as with a named algorithm: a few series are worth a shard.

    >>> shard_starts(np.array([10, 10, 10, 10, 10, 10, 10, 50]), slow=True)
    array([0, 3, 6, 7])
    >>> shard_starts(np.array([10, 10, 10, 10, 10, 10, 10, 50]), slow=False)
    array([0])
    """
    count, points = len(lengths), int(lengths.sum())
    worth = count if slow else max(-(-count // WORTH_SERIES), -(-points // WORTH_POINTS))
    shards = max(-(-count // SERIES), -(-points // POINTS), min(count, worth, PARALLEL))
    starts, ends = [0], np.cumsum(lengths)
    while (begin := starts[-1]) < count:
        left = max(shards - len(starts) + 1, 1)
        done = int(ends[begin - 1]) if begin else 0
        share = min((int(ends[-1]) - done) / left, POINTS)
        # The first series that reaches the share ends the shard, unless too few would remain for the others.
        stop = int(np.searchsorted(ends, done + share)) + 1
        stop = min(stop, begin + SERIES, count - (left - 1))
        starts.append(max(stop, begin + 1))
    return np.array(starts[:-1], np.int64)
