"""An item without any history: a blend of what similar items are forecast to do.

Similar is what shares attributes. How much an attribute counts follows from the items that have a history:
from the share of their differences in level and shape that it explains, and from pretending that each of
them is new, which also shows how wide the blend must be.
"""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.series.quantile_grid import MASSES, MEDIAN, OUTERMOST, PROBABILITIES
from stepcast.engine.auto.series.shrinkage import trust_in_factor
from stepcast.engine.losses import pinball_loss

__all__ = ["Analogues", "fit_analogues", "most_items"]


MOST_ITEMS = 300
MOST_CELLS = 1_000_000  # numbers kept, 8 bytes each
# How sharply blends prefer similar items: the weight of an item is exp(-sharpness * what it does not share).
SHARPNESS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
STEPS = 6  # of the horizon that blends are scored at
FACTORS = np.exp(np.linspace(0.0, np.log(2.0), 11))  # never narrower: a new item may be like none
LEVEL = 0.75  # weight of the level in an attribute's importance; the rest is of the shape
ALL_BUT = 0.95  # at most this share of differences counts as explained


@dataclass(frozen=True)
class Analogues:
    """Items that new ones are likened to.

    ``codes``    (items, attributes) of their categories, nan unknown.
    ``tables``   (items, horizon, PROBABILITIES) quantiles of their forecasts, in their own units.
    ``importance``(attributes,) how much it counts to share one.
    ``factors``  (PROBABILITIES,) how much wider than the blend the truth was.
    """

    codes: Floats
    tables: Floats
    importance: Floats
    factors: Floats

    def blend(self, codes: Floats) -> tuple[Floats, int, Floats]:
        """Quantiles (horizon, PROBABILITIES) for an item with ``codes``, from how many items, and how much
        each attribute had to do with it (attributes,)."""
        weights = _weights(self.codes, codes[None], self.importance)[0]
        table = np.stack([_mixture(self.tables[:, step], weights[None])[0] for step in range(self._horizon)])
        middle = table[:, MEDIAN : MEDIAN + 1]
        wide = np.sort(middle + (table - middle) * self.factors, axis=1)
        if float(self.tables.min()) >= 0:
            wide = np.maximum(wide, 0.0)
        effective = 1 / float(weights @ weights)
        return wide, max(1, round(effective)), np.where(np.isfinite(codes), self.importance, 0.0)

    @property
    def _horizon(self) -> int:
        return int(self.tables.shape[1])


def most_items(horizon: int) -> int:
    """How many items are kept, so that what is kept stays small.

    >>> most_items(14), most_items(500)
    (300, 133)
    """
    return max(2, min(MOST_ITEMS, MOST_CELLS // (horizon * len(PROBABILITIES))))


def fit_analogues(codes: Floats, tables: Floats) -> Analogues | None:
    """Learn from items (items, attributes) and their forecasts' quantiles (items, horizon, PROBABILITIES).

    None without any item.
    """
    if not len(tables):
        return None
    steps = np.unique(np.linspace(0, tables.shape[1] - 1, STEPS).astype(int))
    chosen = tables[:, steps]
    importance = _explained(codes, chosen[:, :, MEDIAN])
    nothing = np.ones(len(PROBABILITIES))
    if len(tables) < 3:
        return Analogues(codes, tables, importance, nothing)
    size = np.abs(chosen @ MASSES).mean(axis=1)
    size = size + float(size.mean()) + 1e-300
    best, lowest, blends = importance * 0.0, np.inf, chosen
    for sharpness in SHARPNESS if importance.any() else (0.0,):
        made = _left_out(codes, chosen, sharpness * importance)
        if (loss := float(_loss(made, chosen, size).sum())) < lowest * 0.995:
            best, lowest, blends = sharpness * importance, loss, made
    return Analogues(codes, tables, best, _factors(blends, chosen, size))


def _weights(codes: Floats, wanted: Floats, importance: Floats) -> Floats:
    """Weights (wanted, items), rows of sum one; what is unknown of the wanted is ignored."""
    distance = np.zeros((len(wanted), len(codes)))
    for column, counts in enumerate(importance):
        own = wanted[:, column, None]
        distance += counts * (np.isfinite(own) & (codes[None, :, column] != own))
    weights = np.exp(-(distance - distance.min(axis=1, keepdims=True)))
    result: Floats = weights / weights.sum(axis=1, keepdims=True)
    return result


def _mixture(tables: Floats, weights: Floats) -> Floats:
    """Quantiles (blends, PROBABILITIES) of mixtures: ``tables`` (items, PROBABILITIES) by ``weights``."""
    points = tables.ravel()
    order = np.argsort(points, kind="stable")
    masses = (weights[:, :, None] * MASSES).reshape(len(weights), -1)[:, order]
    ranks = np.cumsum(masses, axis=1) - masses / 2
    return np.stack([np.interp(PROBABILITIES, rank, points[order]) for rank in ranks])


def _left_out(codes: Floats, tables: Floats, importance: Floats) -> Floats:
    """The blend for every item from all others: (items, steps, PROBABILITIES)."""
    weights = _weights(codes, codes, importance)
    np.fill_diagonal(weights, 0.0)
    # where no other item is near, all the weight was its own: the others are alike then
    total = weights.sum(axis=1, keepdims=True)
    others = (1.0 - np.eye(len(codes))) / (len(codes) - 1)
    weights = np.where(total > 1e-12, weights / np.maximum(total, 1e-300), others)
    return np.stack([_mixture(tables[:, step], weights) for step in range(tables.shape[1])], axis=1)


def _loss(blends: Floats, tables: Floats, size: Floats) -> Floats:
    """Expected pinball loss (PROBABILITIES,) of the blends, if the items' own forecasts are the truth."""
    result = np.zeros(len(PROBABILITIES))
    for place, mass in enumerate(MASSES):
        error = (tables[:, :, place, None] - blends) / size[:, None, None]
        result += mass * pinball_loss(error, PROBABILITIES).mean(axis=(0, 1))
    return result


def _factors(blends: Floats, tables: Floats, size: Floats) -> Floats:
    """For each pair of probabilities around the median the widening of least loss, shrunk to one."""
    middle = blends[..., MEDIAN : MEDIAN + 1]
    losses = np.stack([_loss(middle + factor * (blends - middle), tables, size) for factor in FACTORS])
    result = np.ones(len(PROBABILITIES))
    for place in range(MEDIAN):
        pair = losses[:, place] + losses[:, -1 - place]
        result[[place, -1 - place]] = FACTORS[int(np.argmin(pair))] ** trust_in_factor(len(tables))
    result[:OUTERMOST], result[-OUTERMOST:] = result[OUTERMOST], result[-1 - OUTERMOST]
    return result


def _explained(codes: Floats, medians: Floats) -> Floats:
    """How much each attribute explains of the items' level and shape, in nats: -log(1 - share explained) / 2.

    ``medians`` (items, steps). The share is of the variance between items, less what as many groups would
    explain by chance; of what those attributes leave that explain more.
    """
    level = medians.mean(axis=1)
    floor = 1e-3 * float(np.abs(level).mean()) + 1e-300
    levels = np.log(np.maximum(level, floor)) if float(medians.min()) >= 0 else level / (1e3 * floor)
    shapes = medians / np.maximum(np.abs(level), floor)[:, None]
    rests = [levels[:, None] - levels.mean(), shapes - shapes.mean(axis=0)]
    importance = np.zeros(codes.shape[1])
    left = list(range(codes.shape[1]))
    while left:
        shares = [
            LEVEL * _share(codes[:, column], rests[0]) + (1 - LEVEL) * _share(codes[:, column], rests[1])
            for column in left
        ]
        best = int(np.argmax(shares))
        if shares[best] <= 0:
            break
        column = left.pop(best)
        importance[column] = -np.log(1 - min(shares[best], ALL_BUT)) / 2
        rests = [rest - _means(codes[:, column], rest) for rest in rests]
    return importance


def _means(groups: Floats, facts: Floats) -> Floats:
    """For each item the mean of ``facts`` (items, facts) in its group; zero where that is unknown."""
    known = np.isfinite(groups)
    result = np.zeros_like(facts)
    _, group = np.unique(groups[known], return_inverse=True)
    if len(group):
        sizes = np.bincount(group)
        means = np.stack([np.bincount(group, fact) / sizes for fact in facts[known].T], axis=1)
        result[known] = means[group]
    return result


def _share(groups: Floats, facts: Floats) -> float:
    """Adjusted share of the variance of ``facts`` (items, facts) between ``groups`` (items,), at least 0."""
    known = np.isfinite(groups)
    _, group = np.unique(groups[known], return_inverse=True)
    count = int(group.max()) + 1 if len(group) else 0
    free = len(group) - count
    if count < 2 or free < 1:
        return 0.0
    facts = facts[known] - facts[known].mean(axis=0)
    within = float(((facts - _means(groups[known], facts)) ** 2).sum())
    total = float((facts**2).sum())
    if total <= 0:
        return 0.0
    return max(0.0, 1 - within / free / (total / (len(group) - 1)))
