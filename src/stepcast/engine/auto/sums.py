"""Sums of series, forecast twice: by what all series teach, and by what sums teach by themselves.

What all teach suits items, which are noisier than their sums; what few sums teach is little. The mean of both
distributions errs less than either (benchmarks/hierarchy.py).
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.results import Explanation, Trained, coverage_of
from stepcast.engine.task import Task

__all__ = ["LIKE_ANY", "half_each"]

LIKE_ANY = "LikeAnySeries"  # the model of sums' forecasts by what all series teach, for comparison


def half_each(by_all: Trained, by_sums: Trained, task: Task) -> Trained:
    """Forecasts and backtest of both, half each: the first model; the second is ``by_all``'s alone."""
    ours, *others = by_all.models
    first, second = by_all.backtest.predicted, by_sums.backtest.predicted
    mixed = (first[:, :, :1] + second[:, :, :1]) / 2
    backtest = replace(by_all.backtest, predicted=np.concatenate([mixed, first], axis=2))
    return replace(
        by_all,
        models=(ours, LIKE_ANY, *others),
        backtest=backtest,
        explanations=tuple(map(_explained, by_all.explanations, by_sums.explanations)),
        coverage=coverage_of(backtest, task),
        tables=_mean(by_all.tables, by_sums.tables),
    )


def _mean(one: Floats | None, other: Floats | None) -> Floats | None:
    return None if one is None or other is None else (one + other) / 2


def _explained(one: Explanation, other: Explanation) -> Explanation:
    return replace(
        one,
        weights=_halves([*one.weights, *other.weights]),
        sources=_halves([*one.sources, *other.sources]),
        impacts=_halves([*one.impacts, *other.impacts]),
    )


def _halves(named: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """The mean of two lists in one, the largest first; a name that one of them has not is zero there."""
    total: dict[str, float] = {}
    for name, number in named:
        total[name] = total.get(name, 0.0) + number / 2
    return tuple((name, round(total[name], 4)) for name in sorted(total, key=lambda name: -abs(total[name])))
