"""Which series all others learn from: a bounded sample that depends on their names only."""

from dataclasses import dataclass, replace
from functools import reduce
from hashlib import blake2b
from operator import add

from stepcast.engine.panel import Panel

__all__ = ["SAMPLE_POINTS", "SAMPLE_SERIES", "Draw", "rank_of", "sample_of"]

# At most so many series; no more are drawn once they have so many points together.
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
        if points > SAMPLE_POINTS:
            break
        chosen.append(place)
        points += len(panel.values[place])
    return panel if len(chosen) == len(panel) else panel.take(sorted(chosen))


@dataclass(frozen=True)
class Draw:
    """The sample of a panel that comes in parts: draws of the parts add up to that of the whole panel.

    ``series``, ``points``  how many the parts have, of which only the sample is kept.
    ``sums``  the same of those parts alone that are sums of series; None where there are none.
    """

    sample: Panel
    series: int
    points: int
    sums: "Draw | None" = None

    @classmethod
    def of(cls, part: Panel, *, sums: bool = False) -> "Draw":
        """The draw of a part; ``sums`` says that its series are sums of others."""
        own = cls(_copied(sample_of(part)), len(part), sum(map(len, part.values)))
        return replace(own, sums=own) if sums else own

    def __add__(self, other: "Draw") -> "Draw":
        # What is in the sample of no part is in none of the whole: all that goes before it is still there.
        sample = sample_of(self.sample + other.sample)
        of_sums = [one.sums for one in (self, other) if one.sums is not None]
        sums = reduce(add, of_sums) if of_sums else None
        return Draw(sample, self.series + other.series, self.points + other.points, sums)


def _copied(panel: Panel) -> Panel:
    """The same in memory of its own: arrays that are cut out of large ones keep these alive."""
    related = panel.related and replace(
        panel.related, values=tuple(values.copy() for values in panel.related.values)
    )
    return replace(
        panel,
        values=tuple(values.copy() for values in panel.values),
        observed=tuple(observed.copy() for observed in panel.observed),
        related=related,
    )
