"""How much a sum's own forecast counts beside the sum of its parts' forecasts: as past errors say.

Of two forecasts of the same, the combination of least variance follows from the mean squares of their errors
and from how much these are alike (Bates and Granger, 1969). In a hierarchy this is minimum trace
reconciliation (Wickramasuriya, Athanasopoulos and Hyndman, 2019), one node at a time. A backtest has few
errors, those of one window are much alike, and both forecasts err alike: what was measured is shrunk a node's
to its level's, and a level's to what is expected of both forecasts (benchmarks/hierarchy.py). That depends on
how the parts move: where they move together, each part's own noise hides what the sum shows.
"""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats

__all__ = ["Combination", "combination", "expected_square"]

# Expected: the mean square of the sums' errors, that of own forecasts being 1, and how alike both are. The
# square grows with this power of the variance of a sum relative to that of as many independent parts.
WORSE, POWER, ALIKE = 1.02, 0.12, 0.95
MOST_WIDENED = 4.0  # parts that cancel out, or have forecasts that are too wide, count as that much
COUNTED = 0.9  # as alike at most, for weights: otherwise, small differences would throw them about
PER_WINDOW = 2.0  # independent errors in a backtest window of a node
EXPECTED, LEVEL = 200.0, 200.0  # as many of them as what is expected, or a level, counts
LARGEST = 5.0  # errors beyond so many spreads count as that
LEAST = 1e-12  # size of errors, so that nothing is divided by zero


@dataclass(frozen=True)
class Combination:
    """``weight`` (nodes,) of a node's own forecast; ``alike`` (nodes,) the correlation of both errors."""

    weight: Floats
    alike: Floats


def expected_square(widened: Floats) -> Floats:
    """Of the errors of sums (nodes,), that of own forecasts being 1, before any is known.

    ``widened`` (nodes,) the variance of each sum by its own forecast, relative to that of independent parts.

    >>> expected_square(np.array([1.0, 10.0])).round(2)
    array([1.02, 1.34])
    """
    result: Floats = WORSE * np.maximum(widened, 1 / MOST_WIDENED) ** POWER
    return result


def combination(own: Floats, parts: Floats, spread: Floats, expected: Floats) -> Combination:
    """From past errors of both forecasts of a level's nodes.

    Shapes:  ``own`` and ``parts`` (windows, nodes, horizon) errors of the node's own forecast and of the sum
             of its parts', nan where unknown; ``spread`` likewise, what the node's own forecast expected of
             its errors; ``expected`` (nodes,) the ``expected_square``. No windows are allowed.

    Before anything is known, both count about alike; where the sums were much better, these:

    >>> errors, usual = np.full((5, 1, 3), 2.0), expected_square(np.ones(1))
    >>> for windows in (0, 5):
    ...     found = combination(errors[:windows], errors[:windows] / 10, np.ones((windows, 1, 3)), usual)
    ...     print(found.weight.round(2))
    [0.55]
    [0.05]
    """
    known = np.isfinite(own) & np.isfinite(parts) & (spread > 0)
    scale = np.where(known, spread, 1.0)
    first = np.clip(np.where(known, own, 0.0) / scale, -LARGEST, LARGEST)
    second = np.clip(np.where(known, parts, 0.0) / scale, -LARGEST, LARGEST)
    points = known.sum(axis=(0, 2))
    counts = PER_WINDOW * known.any(axis=2).sum(axis=0)
    products = np.stack([first * first, second * second, first * second]).sum(axis=(1, 3))
    means = products / np.maximum(points, 1)  # (3, nodes)
    usual = np.stack([np.ones_like(expected), expected, ALIKE * np.sqrt(expected)])
    # nodes of a level err together: a hundred tell as much as ten
    independent = counts.sum() / np.sqrt(len(counts))
    of_level = means @ counts / max(counts.sum(), 1.0)
    prior = (independent * of_level[:, None] + EXPECTED * usual) / (independent + EXPECTED)
    square, other, both = (counts * means + LEVEL * prior) / (counts + LEVEL)
    size = np.sqrt(np.maximum(square * other, LEAST))
    alike = np.clip(both / size, 0.0, 0.99)
    common = np.minimum(alike, COUNTED) * size
    weight = (other - common) / (square + other - 2 * common)
    return Combination(np.clip(weight, 0.0, 1.0), alike)
