"""What series teach of the members, by kind: series that the same members are good at teach one another more.

A panel is seldom of one kind: some series trend, some return to a level, some follow the year. The mean over
all of them suits none.
"""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers

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
        losses, products = self.losses[:, places], self.products[:, :, places[:, None], places]
        losses[:, places < 0] = np.nan
        products[:, :, places < 0] = np.nan
        products[:, :, :, places < 0] = np.nan
        weights = self.sizes.copy()
        if len(weights) > 1:
            met = np.isfinite(losses)
            apart = np.where(met, np.abs(losses - own), 0.0).sum(axis=(1, 2)) / np.maximum(
                met.sum(axis=(1, 2)), 1
            )
            weights *= np.exp(-(apart - apart.min()) / ALIKE * size / (size + SURE))
        return np.nan_to_num(_mean(losses, weights)), _mean(products, weights)


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


def _mean(values: Floats, weights: Floats | None = None) -> Floats:
    """The mean over the first axis of what is not nan; nan where all is."""
    each = np.ones(len(values)) if weights is None else weights / weights.sum()
    each = np.expand_dims(each, tuple(range(1, values.ndim)))
    known = np.isfinite(values)
    whole = (each * known).sum(axis=0)
    total = (each * np.where(known, values, 0.0)).sum(axis=0)
    result: Floats = np.where(whole > 0, total / np.where(whole > 0, whole, 1.0), np.nan)
    return result
