"""A histogram of transaction times, with Prometheus's buckets."""

from collections.abc import Sequence

__all__ = ["BOUNDS", "Histogram"]

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds


class Histogram:
    """``counts`` by bucket, the last one above all BOUNDS; ``total`` is the sum in seconds."""

    def __init__(self, counts: Sequence[int] = (), total: float = 0.0) -> None:
        self.counts = list(counts) or [0] * (len(BOUNDS) + 1)
        self.total = total

    def add(self, seconds: float) -> None:
        place = next((place for place, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        self.counts[place] += 1
        self.total += seconds

    def __add__(self, other: "Histogram") -> "Histogram":
        counts = [mine + its for mine, its in zip(self.counts, other.counts, strict=True)]
        return Histogram(counts, self.total + other.total)
