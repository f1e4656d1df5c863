"""What series teach of the members, by kind: series that the same members are good at teach one another more.

A panel is seldom of one kind: some series trend, some return to a level, some follow the year. The mean over
all of them suits none.
"""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled

__all__ = ["Kinds"]


MOST, FEWEST = 8, 30  # kinds, and series of each in the mean
ROUNDS = 20  # in which kinds are looked for
ALIKE = 0.1  # by which a kind's losses are further from the series' own, and it counts a third
SURE = 3.0  # whole horizons known of a series at which half of how alike it is to a kind is believed


@dataclass(frozen=True)
class Kinds:
    """Means over the series of each kind, nan where no series of it has a member, or two of them.

    ``sizes``     (kinds,) how many series it has.
    ``losses``    (kinds, members, BUCKETS) as in weights, of the members ``names``.
    ``products``  (kinds, BUCKETS, members, members) as in stacking.
    """

    names: tuple[str, ...]
    sizes: Floats
    losses: Floats
    products: Floats

    @classmethod
    def of(cls, names: tuple[str, ...], losses: Floats, products: Floats) -> "Kinds":
        """Of each series' ``losses`` (series, members, BUCKETS) and ``products``, nan unknown.

        Two kinds of sixty series each, of which one likes the first member and the other the second:

        >>> losses = np.repeat([[[-1.0], [1.0]], [[1.0], [-1.0]]], 60, axis=0)
        >>> found = Kinds.of(("a", "b"), losses, np.ones((120, 1, 2, 2)))
        >>> found.expected(("a", "b"), losses[0], size=100.0)[0].round(1)
        array([[-1.],
               [ 1.]])
        """
        of = _grouped(losses, min(MOST, len(losses) // FEWEST))
        kinds = [of == kind for kind in np.unique(of)]
        return cls(
            names,
            np.array([own.sum() for own in kinds], dtype=float),
            np.stack([_mean(losses[own]) for own in kinds]),
            np.stack([_mean(products[own]) for own in kinds]),
        )

    def expected(self, names: tuple[str, ...], own: Floats, size: float) -> tuple[Floats, Floats]:
        """Losses (members, BUCKETS) and products (BUCKETS, members, members) of a series' members ``names``.

        Its ``own`` losses (members, BUCKETS), of so many whole horizons, say how alike it is to each kind.
        Losses of members that no series had are zero, their products nan.
        """
        known = {name: place for place, name in enumerate(self.names)}
        places = np.array([known.get(name, -1) for name in names])
        losses, products = np.zeros(own.shape), np.full((own.shape[1], len(names), len(names)), np.nan)
        believed = size / (size + SURE) / ALIKE
        _expected(self.sizes, self.losses, self.products, places, own, believed, losses, products)
        return losses, products


@compiled
def _expected(sizes, losses, products, places, own, believed, out_losses, out_products):  # type: ignore[no-untyped-def]
    """Weighted means over the kinds into ``out_losses`` and ``out_products``; what no kind knows is left."""
    kinds, (members, buckets) = len(sizes), own.shape
    apart = np.zeros(kinds)
    for kind in range(kinds):
        met = 0
        for member in range(members):
            for bucket in range(buckets):
                distance = abs(losses[kind, places[member], bucket] - own[member, bucket])
                if places[member] >= 0 and not np.isnan(distance):
                    apart[kind] += distance
                    met += 1
        apart[kind] /= max(met, 1)
    weights = sizes * np.exp(-(apart - apart.min()) * believed)
    for one in range(members):
        if places[one] < 0:
            continue
        for bucket in range(buckets):
            whole = total = 0.0
            for kind in range(kinds):
                value = losses[kind, places[one], bucket]
                if not np.isnan(value):
                    whole += weights[kind]
                    total += weights[kind] * value
            if whole > 0:
                out_losses[one, bucket] = total / whole
            for other in range(members):
                if places[other] < 0:
                    continue
                whole = total = 0.0
                for kind in range(kinds):
                    value = products[kind, bucket, places[one], places[other]]
                    if not np.isnan(value):
                        whole += weights[kind]
                        total += weights[kind] * value
                if whole > 0:
                    out_products[bucket, one, other] = total / whole


def _grouped(losses: Floats, count: int) -> Integers:
    """The kind of each series (series,), at most ``count``: means of series that are nearest to them."""
    if count < 2:
        return np.zeros(len(losses), dtype=np.int64)
    series = np.where(np.isfinite(losses), losses, _mean(losses)).reshape(len(losses), -1)
    centres = series[np.random.default_rng(0).choice(len(series), count, replace=False)]
    of = np.zeros(len(series), dtype=np.int64)
    for _ in range(ROUNDS):
        of = np.stack([np.abs(series - centre).mean(axis=1) for centre in centres]).argmin(axis=0)
        fresh = np.stack(
            [
                series[of == kind].mean(axis=0) if (of == kind).any() else centres[kind]
                for kind in range(count)
            ]
        )
        if (fresh == centres).all():
            break
        centres = fresh
    return of


def _mean(values: Floats) -> Floats:
    """The mean over the first axis of what is not nan; nan where all is."""
    known = np.isfinite(values)
    total, count = np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0)
    result: Floats = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return result
