"""Which series all others learn from: a bounded sample that depends on their names only."""

from hashlib import blake2b

from stepcast.engine.panel import Panel

__all__ = ["SAMPLE_POINTS", "SAMPLE_SERIES", "rank_of", "sample_of"]

# At most so many series and, all together, so many points. One series is always taken whole.
SAMPLE_SERIES = 1_000
SAMPLE_POINTS = 4_000_000


def rank_of(label: str) -> int:
    """Where a series stands in the order of drawing: as good as random, the same on every machine.

    >>> rank_of("lamp") == rank_of("lamp"), rank_of("lamp") == rank_of("chair")
    (True, False)
    """
    return int.from_bytes(blake2b(label.encode(), digest_size=8).digest())


def sample_of(panel: Panel) -> Panel:
    """The series of lowest rank, in the panel's order: the same series whatever else is done with the panel.

    A panel that is small enough is its own sample.
    """
    order = sorted(range(len(panel)), key=lambda place: (rank_of(panel.ids[place]), panel.ids[place]))
    chosen: list[int] = []
    points = 0
    for place in order[:SAMPLE_SERIES]:
        points += len(panel.values[place])
        if chosen and points > SAMPLE_POINTS:
            break
        chosen.append(place)
    return panel if len(chosen) == len(panel) else panel.take(sorted(chosen))
