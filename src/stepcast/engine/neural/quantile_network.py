"""Networks that give all quantiles of the whole horizon at once.

CNN-QR and LSTM differ in what reads the past. Source: Wen, Torkkola, Narayanaswamy and Madeka (2017), A
multi-horizon quantile recurrent forecaster, https://arxiv.org/abs/1711.11053.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.quantile_grid import MEDIAN, PROBABILITIES, with_mean
from stepcast.engine.neural.arrays import Array, Weights, namespace
from stepcast.engine.neural.layers import Maker, conv_to_last, dense, lstm, shares, softplus, with_categories
from stepcast.engine.neural.shape import Shape
from stepcast.engine.neural.windows import Columns, Windows, outcomes_at, windows_at

__all__ = ["QuantileNetwork"]

SEEN = 2  # features of a period of the context before the others: its value, and whether it is known
FURTHEST = 2.0  # that a forecast may leave its level, in what values are clipped to
SUMMARY = 12  # numbers that the past is summed up in for each period of the horizon


@dataclass(frozen=True)
class QuantileNetwork:
    """``encoder`` reads the context, ``cells`` wide; ``hidden`` units decode each period of the horizon."""

    shape: Shape
    encoder: Literal["convolutions", "lstm"]
    cells: int
    layers: int
    hidden: int
    features: int  # of a period: own and shared
    static_features: int
    categories: tuple[int, ...]
    mean_is_median: bool

    @property
    def cost(self) -> float:
        """Operations of training on a window, roughly: three times those of a forecast."""
        first = SEEN + self.features
        if self.encoder == "convolutions":  # each layer has half of the positions of the one before
            read = self.shape.context * self.cells * (first + self.cells)
        else:
            read = self.shape.context * 4 * self.cells * (first + (2 * self.layers - 1) * self.cells)
        inputs = 2 * self.hidden + SUMMARY + self.features + 2 * self.shape.candidates
        return 6.0 * (read + self.shape.horizon * self.hidden * inputs)

    def weights(self, seed: int) -> dict[str, Array]:
        make = Maker(seed)
        if self.encoder == "convolutions":
            for layer in range(self.layers):
                make.dense(f"conv{layer}", 2 * (self.cells if layer else SEEN + self.features), self.cells)
        else:
            for layer in range(self.layers):
                make.lstm(f"lstm{layer}", self.cells if layer else SEEN + self.features, self.cells)
        known = self.static_features + make.embeddings(self.categories)
        make.dense("state", self.cells + known, self.hidden)
        make.dense("by_period", self.hidden, self.shape.horizon * SUMMARY)
        inputs = self.hidden + SUMMARY + self.features + 2 * self.shape.candidates
        make.dense("decode", inputs, self.hidden)
        make.dense("refine", self.hidden, self.hidden)
        make.dense("quantiles", self.hidden, len(PROBABILITIES), gain=0.1)
        make.dense("mix", self.hidden, self.shape.candidates + 1, gain=0.1)
        return make.weights

    def quantiles(self, weights: Weights, windows: Windows) -> Array:
        """(batch, horizon, PROBABILITIES) in the windows' units; they rise."""
        xp = namespace(windows.context)
        if self.encoder == "convolutions":
            past = conv_to_last(weights, "conv", windows.context, self.layers)
        else:
            past = windows.context
            for layer in range(self.layers):
                past = lstm(weights, f"lstm{layer}", past, self.cells)
            past = past[:, -1]
        known = with_categories(weights, windows.static, windows.codes)
        state = dense(weights, "state", xp.concatenate([past, known], axis=1))
        state = xp.maximum(state, 0.0)
        batch = state.shape[0]
        by_period = xp.tanh(dense(weights, "by_period", state)).reshape(batch, self.shape.horizon, SUMMARY)
        everywhere = xp.broadcast_to(state[:, None], (batch, self.shape.horizon, self.hidden))
        flags = windows.lags_known.astype("f4")
        inputs = [everywhere, by_period, windows.future, windows.lags, flags]
        x = xp.maximum(dense(weights, "decode", xp.concatenate(inputs, axis=2)), 0.0)
        x = x + xp.maximum(dense(weights, "refine", x), 0.0)
        noise = windows.noise[:, None, None]
        counts = shares(dense(weights, "mix", x), windows.lags_known)
        base = (counts[..., :-1] * windows.lags).sum(axis=-1)
        return _rising(base[..., None], dense(weights, "quantiles", x), noise)

    def loss(self, weights: Weights, columns: Columns, rows: Array, origins: Array) -> Array:
        """Mean pinball loss (batch,) of all quantiles and known outcomes, in the windows' units."""
        xp = namespace(columns.values)
        windows = windows_at(columns, self.shape, rows, origins)
        values, known = outcomes_at(columns, self.shape, rows, origins)
        largest = self.shape.largest
        scaled = xp.clip((values - windows.level[:, None]) / windows.scale[:, None], -largest, largest)
        error = scaled[..., None] - self.quantiles(weights, windows)
        levels = PROBABILITIES.astype("f4")
        lost = xp.maximum(levels * error, (levels - 1) * error).mean(axis=-1)
        return xp.where(known, lost, 0.0).sum(axis=1) / xp.maximum(known.sum(axis=1), 1)

    def forecast(
        self,
        weights: Weights,
        columns: Columns,
        rows: Integers,
        origins: Integers,
        seeds: Integers,  # noqa: ARG002  # nothing is drawn here
    ) -> Floats:
        """Quantiles and the mean (batch, horizon, PROBABILITIES + 1) in the units of the series."""
        windows = windows_at(columns, self.shape, rows, origins)
        scaled = self.quantiles(weights, windows).astype("f8")
        scaled = np.clip(scaled, -FURTHEST * self.shape.largest, FURTHEST * self.shape.largest)
        table = scaled * windows.scale[:, None, None] + windows.level[:, None, None]
        if self.mean_is_median:
            return np.concatenate([table, table[..., MEDIAN : MEDIAN + 1]], axis=-1)
        return with_mean(table)


def _rising(base: Array, raw: Array, noise: Array) -> Array:
    """Quantiles around ``base`` plus the median of ``raw``; steps between them are positive."""
    xp = namespace(raw)
    median = base + noise * raw[..., MEDIAN : MEDIAN + 1]
    steps = noise * softplus(raw - STEP_BIAS)
    below = median - xp.flip(xp.cumsum(xp.flip(steps[..., :MEDIAN], -1), -1), -1)
    above = median + xp.cumsum(steps[..., MEDIAN + 1 :], -1)
    return xp.concatenate([below, median, above], axis=-1)


STEP_BIAS = np.float32(1.0)  # the first forecast is about as wide as a season's noise
