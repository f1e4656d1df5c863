"""The linear member: one ridge regression from the last lags to all steps ahead, shared by all series."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.auto.seasons import Seasons

__all__ = ["Ridge", "Windows", "fit_ridge", "lags_of", "windows_of"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Windows = NDArray[np.float32]

MOST_LAGS = 400
# Penalties by the number of windows, tried on the latest fifth of them.
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
WILD = 20.0  # a window whose target lies further than this many scales away teaches nothing


@dataclass(frozen=True)
class Ridge:
    """``coefficients`` (lags, horizon) from scaled lags, oldest first, to scaled steps ahead."""

    coefficients: Floats

    def forecast(self, values: Floats, origins: Integers) -> Floats:
        """Forecasts (origins, horizon); where an origin has fewer points than lags, the first is repeated."""
        lags = len(self.coefficients)
        places = np.maximum(origins[:, None] - lags + np.arange(lags), 0)
        scaled, middle, scale = _scaled(values[places])
        result: Floats = scaled @ self.coefficients * scale + middle
        return result


def lags_of(seasons: Seasons, shortest: int, horizon: int) -> int:
    """How many lags: two of the longest season, not more than the shorter histories can give."""
    wanted = max(2 * max(seasons.short, seasons.long) + 1, min(28, 3 * horizon), 8)
    return int(max(2, min(wanted, MOST_LAGS, shortest // 2)))


def windows_of(values: Floats, until: int, lags: int, horizon: int, count: int) -> Windows:
    """At most ``count`` windows (windows, lags + horizon) whose targets end at or before ``until``."""
    last = until - lags - horizon
    if last < 0:
        return np.empty((0, lags + horizon), np.float32)
    step = max(1, -(-(last + 1) // count))
    starts = np.arange(last, -1, -step)[::-1]
    chosen = np.lib.stride_tricks.sliding_window_view(values, lags + horizon)[starts]
    return chosen.astype(np.float32)  # half the memory, twice the speed, and more digits than data has


def fit_ridge(windows: Windows, lags: int) -> Ridge | None:
    """Fit to windows (windows, lags + horizon), in order of time; None where there are too few."""
    if len(windows) < max(20, lags // 4):
        return None
    inputs, middle, scale = _scaled(windows[:, :lags])
    targets = (windows[:, lags:] - middle) / scale
    calm = np.abs(targets).max(axis=1) < WILD
    inputs, targets = inputs[calm], targets[calm]
    if len(inputs) < max(20, lags // 4):
        return None
    cut = len(inputs) * 4 // 5
    gram = (inputs[:cut].T @ inputs[:cut]).astype(np.float64)
    cross = (inputs[:cut].T @ targets[:cut]).astype(np.float64)
    values, vectors = np.linalg.eigh(gram)
    turned, late = vectors.T @ cross, inputs[cut:] @ vectors
    losses = [
        float(np.abs(late @ (turned / (values + penalty * cut)[:, None]) - targets[cut:]).mean())
        for penalty in PENALTIES
    ]
    penalty = PENALTIES[int(np.argmin(losses))] * len(inputs)
    gram += inputs[cut:].T @ inputs[cut:]
    cross += inputs[cut:].T @ targets[cut:]
    gram[np.diag_indices(lags)] += penalty
    return Ridge(np.linalg.solve(gram, cross))


def _scaled(windows: Any) -> tuple[Any, Any, Any]:
    """Windows around zero and of about one in size, with their middle and scale (windows, 1)."""
    middle = windows.mean(axis=1, keepdims=True)
    scale = np.abs(windows - middle).mean(axis=1, keepdims=True) + 1e-3 * np.abs(middle) + 1e-9
    return (windows - middle) / scale, middle, scale
