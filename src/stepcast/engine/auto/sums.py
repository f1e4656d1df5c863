"""Sums of series, forecast twice: by what all series teach, and by what sums teach by themselves.

What all teach suits items, which are noisier than their sums; what few sums teach is little. A mixture of
both distributions errs less than either, half and half or as earlier windows say (benchmarks/hierarchy.py).
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.losses import pinball_loss
from stepcast.engine.results import Backtest, Explanation, Trained, coverage_of
from stepcast.engine.task import Task

__all__ = ["LIKE_ANY", "mixed", "shares_of"]

LIKE_ANY = "LikeAnySeries"  # the model of sums' forecasts by what all series teach, for comparison
BETTER = 2.0  # by how much a share grows with the logarithm of how much better it was


def mixed(by_all: Trained, by_sums: Trained, task: Task) -> Trained:
    """Forecasts and backtest of both together: the first model; the second is ``by_all``'s alone.

    Holds:  no window of the backtest is mixed by what it or a later one shows.
    """
    ours, *others = by_all.models
    first, second = by_all.backtest.predicted, by_sums.backtest.predicted[:, :, :1]
    share = shares_of(_losses(by_all.backtest, task), _losses(by_sums.backtest, task))
    of_windows = share[:, 1:, None, None, None]
    ahead = first[:, :, :1] + of_windows * (second - first[:, :, :1])
    backtest = replace(by_all.backtest, predicted=np.concatenate([ahead, first], axis=2))
    tables = by_all.tables
    if tables is not None and by_sums.tables is not None:
        tables = tables + share[:, 0, None, None] * (by_sums.tables - tables)
    return replace(
        by_all,
        models=(ours, LIKE_ANY, *others),
        backtest=backtest,
        explanations=tuple(map(_explained, by_all.explanations, by_sums.explanations, share[:, 0].tolist())),
        coverage=coverage_of(backtest, task),
        tables=tables,
    )


def shares_of(losses: Floats, others: Floats) -> Floats:
    """The share of the ``others``, from the losses of both (series, windows), the latest window first.

    The result (series, windows + 1) is that of the forecast from the end, then those of the windows, each by
    the windows before it:

    >>> shares_of(np.array([[6.0, 1.0, 0.0]]), np.array([[5.0, 1.0, 0.0]])).round(2)
    array([[0.81, 0.5 , 0.5 , 0.5 ]])
    """
    before = [np.cumsum(each[:, ::-1], axis=1)[:, ::-1] for each in (losses, others)]
    one, other = (np.pad(each, ((0, 0), (0, 1))) for each in before)
    known = one + other > 0
    ratio = 2 * (one - other) / np.where(known, one + other, 1.0)  # the logarithm, but also where one is zero
    shares: Floats = np.clip(0.5 + BETTER * ratio, 0.0, 1.0)
    return shares


def _losses(tested: Backtest, task: Task) -> Floats:
    """Pinball losses (series, windows) of the first model; zero where nothing was observed."""
    quantiles = np.array(task.quantiles)
    errors = tested.actual[..., None] - tested.predicted[:, :, 0, :, : len(quantiles)]
    result: Floats = np.nansum(pinball_loss(errors, quantiles), axis=(2, 3))
    return result


def _explained(one: Explanation, other: Explanation, share: float) -> Explanation:
    return replace(
        one,
        weights=_together(one.weights, other.weights, share),
        sources=_together(one.sources, other.sources, share),
        impacts=_together(one.impacts, other.impacts, share),
    )


def _together(
    one: Iterable[tuple[str, float]], other: Iterable[tuple[str, float]], share: float
) -> tuple[tuple[str, float], ...]:
    """One list of both, the ``other`` with its share, the largest first; what has no share is left out."""
    total: dict[str, float] = {}
    for named, part in ((one, 1 - share), (other, share)):
        for name, number in named:
            total[name] = total.get(name, 0.0) + part * number
    rounded = {name: round(number, 4) for name, number in total.items()}
    return tuple(
        (name, rounded[name]) for name in sorted(rounded, key=lambda n: -abs(rounded[n])) if rounded[name]
    )
