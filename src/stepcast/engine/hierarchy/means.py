"""Means of all levels that add up."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.hierarchy.combination import Combination, combination, expected_square
from stepcast.engine.hierarchy.methods import Method
from stepcast.engine.hierarchy.tree import Groups, Tree

__all__ = ["Levels", "Way", "reconciled", "shares_of"]

ROUNDS = 8  # in which what a bound holds back is given to others


@dataclass(frozen=True)
class Levels:
    """The same of the nodes (origins, nodes, horizon) and of the series (origins, series, horizon)."""

    nodes: Floats
    series: Floats

    def at(self, tree: Tree, number: int) -> Floats:
        """That of a level; that of the series below the deepest."""
        return self.series if number == tree.depth else self.nodes[:, tree.level(number)]


@dataclass(frozen=True)
class Way:
    """``means`` of the series, reconciled; ``combined`` by origin and level, for samples to go the same way.

    ``together``  (nodes,) how much the parts of a node move together: 0 not at all, 1 as one.
    """

    means: Floats
    combined: list[list[Combination]]
    together: Floats


def together(tree: Tree, spreads: Levels) -> tuple[Floats, Floats]:
    """The correlation (nodes,) of the parts of each node that makes their sum as wide as its own forecast.

    And the variance of that (nodes,), relative to the variance of the sum if its parts were independent.
    """
    result, widened = np.zeros(len(tree)), np.ones(len(tree))
    for number in range(tree.depth):
        groups, own = tree.children(number), spreads.nodes[:, tree.level(number)]
        parts = np.moveaxis(spreads.at(tree, number + 1), 1, 0)
        alone = groups.sums(parts**2)
        as_one = groups.sums(parts) ** 2
        wanted = np.moveaxis(own, 1, 0) ** 2
        room = (as_one - alone).sum(axis=(1, 2))
        found = (wanted - alone).sum(axis=(1, 2)) / np.where(room > 0, room, 1.0)
        result[tree.level(number)] = np.where(room > 0, np.clip(found, 0.0, 0.98), 0.0)
        least, whole = alone.sum(axis=(1, 2)), wanted.sum(axis=(1, 2))
        widened[tree.level(number)] = np.where(least > 0, whole / np.where(least > 0, least, 1.0), 1.0)
    return result, widened


def shares_of(groups: Groups, spreads: Floats, moving: Floats) -> Floats:
    """How much of a change of the sum each part takes, before it is divided by that of all (members, ...).

    The covariance of a part's error with the sum's. ``spreads`` (members, ...), ``moving`` (groups,).
    """
    own = moving[groups.of].reshape(-1, *(1,) * (spreads.ndim - 1))
    whole: Floats = groups.sums(spreads)[groups.of]
    return (1 - own) * spreads**2 + own * spreads * whole


def reconciled(
    tree: Tree,
    method: Method,
    means: Levels,
    spreads: Levels,
    actual: Floats,
    limits: tuple[Floats, Floats],
) -> Way:
    """Reconciled means of the series (origins, series, horizon); those of the nodes are their sums.

    Origin 0 is the forecast, the others are the backtest's windows, the latest first: each is combined by the
    errors of those before it. ``actual`` (windows, nodes, horizon), nan where unknown. ``limits`` (series,)
    two of them, which the means of the series keep.
    """
    moving, widened = together(tree, spreads)
    if method == "BottomUp":
        return Way(means.series, [], moving)
    if method == "TopDown":
        return Way(np.stack([_divided(tree, one) for one in _each(means)]), [], moving)
    origins, usual = len(means.nodes), expected_square(widened)
    combined: list[list[Combination]] = [[] for _ in range(origins)]
    up = np.empty_like(means.nodes)
    sums = np.empty_like(means.nodes)
    parts = means.series
    for number in reversed(range(tree.depth)):
        place, groups = tree.level(number), tree.children(number)
        sums[:, place] = np.stack([groups.sums(one) for one in parts])
        own = means.nodes[:, place]
        errors = actual[:, place] - own[1:], actual[:, place] - sums[1:, place]
        for origin in range(origins):
            found = combination(
                errors[0][origin:], errors[1][origin:], spreads.nodes[1 + origin :, place], usual[place]
            )
            combined[origin].insert(0, found)
            weight = np.where(np.isfinite(own[origin]), found.weight[:, None], 0.0)
            up[origin, place] = weight * np.nan_to_num(own[origin]) + (1 - weight) * sums[origin, place]
        parts = up[:, place]
    result = np.empty_like(means.series)
    for origin in range(origins):
        result[origin] = _down(
            tree, up[origin], sums[origin], means.series[origin], _each(spreads)[origin], moving, limits
        )
    return Way(result, combined, moving)


def _each(levels: Levels) -> list[Levels]:
    """By origin, with an axis of one."""
    return [
        Levels(levels.nodes[origin : origin + 1], levels.series[origin : origin + 1])
        for origin in range(len(levels.nodes))
    ]


def _down(
    tree: Tree,
    up: Floats,
    sums: Floats,
    series: Floats,
    spreads: Levels,
    moving: Floats,
    limits: tuple[Floats, Floats],
) -> Floats:
    """The series' means (series, horizon), from those that nodes have so far (nodes, horizon)."""
    wanted = up[tree.level(0)]
    for number in range(tree.depth):
        place, groups = tree.level(number), tree.children(number)
        last = number == tree.depth - 1
        parts = series if last else up[tree.level(number + 1)]
        shares = shares_of(groups, spreads.at(tree, number + 1)[0], moving[place])
        low, high = limits if last else (np.full(len(parts), -np.inf), np.full(len(parts), np.inf))
        wanted = _given(groups, parts, wanted - sums[place], shares, low[:, None], high[:, None])
    return wanted


def _given(
    groups: Groups, parts: Floats, change: Floats, shares: Floats, low: Floats, high: Floats
) -> Floats:
    """``parts`` with the ``change`` (groups, horizon) of their sum, by ``shares``, between ``low`` and
    ``high``. What nobody can take is left out."""
    result = np.clip(parts, low, high)
    left = change + groups.sums(parts) - groups.sums(result)
    for _ in range(ROUNDS):
        if not left.any():
            break
        moved = left[groups.of]
        able = np.where(moved > 0, result < high, result > low) & (shares > 0)
        free = np.where(able, shares, 0.0)
        whole = groups.sums(free)[groups.of]
        step = np.where(whole > 0, moved * free / np.where(whole > 0, whole, 1.0), 0.0)
        fresh = np.clip(result + step, low, high)
        left = left - groups.sums(fresh - result)
        left = np.where(np.abs(left) > 1e-12 * np.abs(change), left, 0.0)
        if (fresh == result).all():
            break
        result = fresh
    return result


def _divided(tree: Tree, means: Levels) -> Floats:
    """The total's mean, divided among its parts as their own forecasts are, level by level."""
    wanted = np.nan_to_num(means.nodes[0, tree.level(0)])
    for number in range(tree.depth):
        groups, parts = tree.children(number), np.nan_to_num(means.at(tree, number + 1)[0])
        whole = groups.sums(parts)
        members = np.bincount(groups.of, minlength=groups.count)[groups.of][:, None]
        usable = whole != 0
        shares = np.where(usable[groups.of], parts / np.where(usable, whole, 1.0)[groups.of], 1.0 / members)
        wanted = wanted[groups.of] * shares
    return wanted
