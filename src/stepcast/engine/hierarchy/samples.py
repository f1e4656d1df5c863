"""Samples of all series at once, and of their sums.

Each series' samples have its own forecast distribution. What is declared is how they belong together, a
Gaussian copula: the parts of a node share a factor to the degree that makes their sum as wide as the node's
own forecast is, which a backtest has calibrated.
"""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES, at_probabilities
from stepcast.engine.hierarchy.tree import Tree

__all__ = ["Scores", "quantiles_of_samples", "ranked", "samples_of"]


def ranked(values: Floats) -> Integers:
    """The rank of each sample (..., samples), from 0."""
    return np.argsort(np.argsort(values, axis=-1, kind="stable"), axis=-1, kind="stable")


@dataclass(frozen=True)
class Scores:
    """How far each node is from its middle in each sample: standard normal scores (nodes, samples).

    A series' own are drawn when they are needed, alike each time, and kept by nobody.
    """

    nodes: Floats
    tree: Tree
    moving: Floats
    seed: int

    @classmethod
    def drawn(cls, tree: Tree, moving: Floats, samples: int, seed: int = 0) -> "Scores":
        """``moving`` (nodes,) is the correlation of the parts of each."""
        chance = np.random.default_rng((seed, 0))
        nodes = np.empty((len(tree), samples))
        for number in range(tree.depth):
            place = tree.level(number)
            own = chance.standard_normal((place.stop - place.start, samples))
            if number:
                share = moving[tree.parents[place]][:, None]
                own = np.sqrt(share) * nodes[tree.parents[place]] + np.sqrt(1 - share) * own
            nodes[place] = own
        return cls(nodes, tree, moving, seed)

    def ranks(self, series: slice) -> Integers:
        """The rank of each sample (series, samples) of some series: each has every rank once."""
        parents = self.tree.series[series]
        samples = self.nodes.shape[1]
        own = np.stack(
            [
                np.random.default_rng((self.seed, 1 + number)).standard_normal(samples)
                for number in range(series.start, series.stop)
            ]
        )
        share = self.moving[parents][:, None]
        return ranked(np.sqrt(share) * self.nodes[parents] + np.sqrt(1 - share) * own)


def samples_of(tables: Floats, ranks: Integers) -> Floats:
    """The samples (members, steps, samples) of distributions, by rank.

    ``tables`` (members, steps, PROBABILITIES) quantiles; ``ranks`` (members, samples).
    """
    count = ranks.shape[-1]
    levels = at_probabilities(tables, (np.arange(count) + 0.5) / count)
    return np.take_along_axis(levels, np.broadcast_to(ranks[:, None], (*levels.shape[:2], count)), axis=-1)


def quantiles_of_samples(samples: Floats) -> Floats:
    """Quantiles (..., PROBABILITIES) of ``samples`` (..., samples), each in the middle of its share.

    >>> quantiles_of_samples(np.arange(200.0)[::-1])[[0, 7, 14]]
    array([  1.5,  99.5, 197.5])
    """
    result: Floats = np.quantile(samples, PROBABILITIES, axis=-1, method="hazen")
    return np.moveaxis(result, 0, -1)
