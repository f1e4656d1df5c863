"""The linear member: one ridge regression from the last lags to all steps ahead, shared by all series."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.series.seasons import Seasons

__all__ = ["Ridge", "Windows", "fit_ridge", "lags_of", "starts_of", "windows_of"]

Singles = NDArray[np.float32]

MOST_LAGS = 400
# Penalties by the number of windows, tried on the latest fifth of them and on at most so many of the steps.
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
STEPS_TRIED = 48
WILD = 20.0  # a window whose target lies further than this many scales away teaches nothing


@dataclass(frozen=True)
class Ridge:
    """``coefficients`` (lags, horizon) from scaled lags, oldest first, to scaled steps ahead.

    ``penalty``  by the number of windows, None where it was not kept.
    """

    coefficients: Floats
    penalty: float | None = None

    def forecast(self, values: Floats, origins: Integers) -> Floats:
        """Forecasts (origins, horizon); where an origin has fewer points than lags, the first is repeated."""
        scaled = np.empty((len(origins), len(self.coefficients)))
        middle, scale = np.empty((2, len(origins), 1))
        _lags_before(values, origins, scaled, middle, scale)
        result: Floats = scaled @ self.coefficients
        result *= scale
        result += middle
        return result


@dataclass(frozen=True)
class Windows:
    """Scaled ``inputs`` (windows, lags) and ``targets`` (windows, horizon) of usable windows.

    In single precision: half the memory, twice the speed, and more digits than data has.
    """

    inputs: Singles
    targets: Singles


def lags_of(seasons: Seasons, shortest: int, horizon: int) -> int:
    """How many lags: two of the longest season, not more than the shorter histories can give."""
    wanted = max(2 * max(seasons.short, seasons.long) + 1, min(28, 3 * horizon), 8)
    return int(max(2, min(wanted, MOST_LAGS, shortest // 2)))


def starts_of(until: int, size: int, count: int) -> Integers:
    """Where at most ``count`` windows of ``size`` points begin, rising; they end at or before ``until``.

    >>> starts_of(20, 5, 6)
    array([ 0,  3,  6,  9, 12, 15])
    """
    last = until - size
    step = max(1, -(-(last + 1) // count))
    return np.arange(last, -1, -step)[::-1].copy()


def windows_of(series: list[Floats], starts: list[Integers], lags: int, horizon: int) -> Windows:
    """Windows of all ``series`` that begin at ``starts``, in order of time: those that end latest last."""
    cuts = np.cumsum([0, *map(len, starts)])
    inputs = np.empty((int(cuts[-1]), lags), np.float32)
    targets = np.empty((int(cuts[-1]), horizon), np.float32)
    usable = np.empty(int(cuts[-1]), bool)
    for place, values in enumerate(series):
        own = slice(cuts[place], cuts[place + 1])
        _windows(values, starts[place], inputs[own], targets[own], usable[own])
    if len(series) == 1 and usable.all():
        return Windows(inputs, targets)
    age = np.concatenate([np.arange(len(own))[::-1] for own in starts])
    order = np.argsort(-age, kind="stable")
    order = order[usable[order]]
    return Windows(inputs[order], targets[order])


def fit_ridge(windows: Windows, penalty: float | None = None) -> Ridge | None:
    """Fit to windows in order of time; None where there are too few.

    Without a ``penalty`` the one is taken that does best on the latest windows.
    """
    inputs, targets = windows.inputs, windows.targets
    count, lags = inputs.shape
    if count < max(20, lags // 4):
        return None
    cut = count * 4 // 5 if penalty is None else count
    gram: Floats = (inputs[:cut].T @ inputs[:cut]).astype(np.float64)
    cross: Floats = (inputs[:cut].T @ targets[:cut]).astype(np.float64)
    if penalty is None:
        penalty = _best_penalty(gram, cross, windows, cut)
        gram += inputs[cut:].T @ inputs[cut:]
        cross += inputs[cut:].T @ targets[cut:]
    gram[np.diag_indices(lags)] += penalty * count
    return Ridge(np.linalg.solve(gram, cross).astype(np.float64), penalty)


def _best_penalty(gram: Floats, cross: Floats, windows: Windows, cut: int) -> float:
    """The penalty of the least error on the windows from ``cut`` on, fitted to those before."""
    every = -(-cross.shape[1] // STEPS_TRIED)
    targets = windows.targets[cut:, ::every]
    values, vectors = np.linalg.eigh(gram)
    turned, late = vectors.T @ cross[:, ::every], windows.inputs[cut:] @ vectors
    losses = [
        float(np.abs(late @ (turned / (values + penalty * cut)[:, None]) - targets).mean())
        for penalty in PENALTIES
    ]
    return PENALTIES[int(np.argmin(losses))]


@compiled
def _middle_and_scale(lags):  # type: ignore[no-untyped-def]
    """What makes ``lags`` (lags,) lie around zero and be of about one in size."""
    middle = _mean_distance(lags, 0.0, False)
    return middle, _mean_distance(lags, middle, True) + 1e-3 * abs(middle) + 1e-9


@compiled
def _mean_distance(lags, middle, absolute):  # type: ignore[no-untyped-def]
    """Four sums at a time: one would wait for each addition, and the compiler may not change their order."""
    a = b = c = d = 0.0
    whole = len(lags) // 4 * 4
    for lag in range(0, whole, 4):
        w, x, y, z = (
            lags[lag] - middle,
            lags[lag + 1] - middle,
            lags[lag + 2] - middle,
            lags[lag + 3] - middle,
        )
        if absolute:
            w, x, y, z = abs(w), abs(x), abs(y), abs(z)
        a += w
        b += x
        c += y
        d += z
    for lag in range(whole, len(lags)):
        w = lags[lag] - middle
        a += abs(w) if absolute else w
    return (a + b + c + d) / len(lags)


@compiled
def _lags_before(values, origins, scaled, middles, scales):  # type: ignore[no-untyped-def]
    """The lags before each origin into ``scaled`` (origins, lags), their middle and scale (origins, 1)."""
    for place in range(len(origins)):
        row = scaled[place]
        first = origins[place] - len(row)
        for lag in range(len(row)):
            row[lag] = values[max(first + lag, 0)]
        middle, scale = _middle_and_scale(row)
        for lag in range(len(row)):
            row[lag] = (row[lag] - middle) / scale
        middles[place, 0], scales[place, 0] = middle, scale


@compiled
def _windows(values, starts, inputs, targets, usable):  # type: ignore[no-untyped-def]
    """Scaled windows that begin at ``starts``, and whether no target lies far away."""
    lags, horizon = inputs.shape[1], targets.shape[1]
    for place in range(len(starts)):
        window = values[starts[place] : starts[place] + lags + horizon]
        middle, scale = _middle_and_scale(window[:lags])
        row = inputs[place]
        for lag in range(lags):
            row[lag] = (window[lag] - middle) * (1 / scale)
        row, largest = targets[place], 0.0
        for step in range(horizon):
            target = (window[lags + step] - middle) * (1 / scale)
            row[step] = target
            largest = max(largest, abs(target))
        usable[place] = largest < WILD
