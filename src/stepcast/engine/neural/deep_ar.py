"""Deep_AR_Plus: a recurrent network that says how the next value is distributed, fed with what it drew.

Where values add up, as totals do, it forecasts what is added (``units`` of the shape: change). An error then
stays in all later steps, so that it learns the sum over the horizon, too.

Source: Salinas, Flunkert and Gasthaus (2017), DeepAR: probabilistic forecasting with autoregressive recurrent
networks, https://arxiv.org/abs/1704.04110.
"""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.neural.arrays import Array, Weights, namespace
from stepcast.engine.neural.layers import Maker, dense, lstm_from, lstm_step, shares, with_categories
from stepcast.engine.neural.likelihoods import LIKELIHOODS, location
from stepcast.engine.neural.shape import Shape
from stepcast.engine.neural.windows import Columns, Windows, changes_of, last_before, windows_at

__all__ = ["DeepAR"]

PATHS = 100  # drawn for each series
NEAR = 3  # lags beside those of the seasons
NEAR_CHANGES = 24  # of changes up to a season, at most: their mean is what is added of late


@dataclass(frozen=True)
class DeepAR:
    """``layers`` of LSTM with ``cells`` each, over the context and on through the horizon."""

    shape: Shape
    likelihood: str
    cells: int
    layers: int
    features: int  # of a period: own and shared
    static_features: int
    categories: tuple[int, ...]

    @property
    def lags(self) -> tuple[int, ...]:
        """How far back the values lie that the network sees beside the features of a period."""
        seasons = (season * number for season, count in self.shape.lags for number in range(1, count + 1))
        return tuple(sorted({*range(1, self.near + 1), *seasons}))

    @property
    def near(self) -> int:
        return NEAR if self.shape.units != "change" else max(NEAR, min(self.shape.season, NEAR_CHANGES))

    @property
    def slopes(self) -> tuple[int, ...]:
        """Lags, by their place, from which a line through the last value leads to the next one."""
        return tuple(place for place, lag in enumerate(self.lags) if lag in {2, 3, self.shape.season} - {1})

    @property
    def cost(self) -> float:
        """Operations of training on a window, roughly: three times those of a forecast."""
        time = self.shape.context + self.shape.horizon
        inputs = self.features + 2 * len(self.lags) + self.static_features + 2 * self.cells * self.layers
        return 6.0 * time * 4 * self.cells * inputs

    def weights(self, seed: int) -> dict[str, Array]:
        make = Maker(seed)
        static = self.static_features + make.embeddings(self.categories)
        inputs = self.features + 2 * len(self.lags) + static
        for layer in range(self.layers):
            make.lstm(f"lstm{layer}", self.cells if layer else inputs, self.cells)
        make.dense("distribution", self.cells, LIKELIHOODS[self.likelihood].numbers, gain=0.1)
        others = 1 if self.shape.units == "change" else len(self.slopes)
        make.dense("mix", self.cells, len(self.lags) + others + 1, gain=0.1)
        return make.weights

    def loss(self, weights: Weights, columns: Columns, rows: Array, origins: Array) -> Array:
        """Negative log likelihood (batch,) of the known values of context and horizon, a value.

        Of changes, with the error of their sum over the horizon, in units of noise, a value.
        """
        xp = namespace(columns.values)
        shape, likelihood = self.shape, LIKELIHOODS[self.likelihood]
        if shape.units == "change":
            columns = changes_of(columns)
        windows = windows_at(columns, shape, rows, origins)
        time = xp.arange(-shape.context, shape.horizon)
        where = origins[:, None] + shape.seen + time[None]
        values, known = self._scaled(columns, windows, rows[:, None], where)
        seen, there = self._lagged(columns, windows, rows, where)
        features = self._features(windows)
        x = self._inputs(self._static(weights, windows), features, seen, there)
        for layer in range(self.layers):
            zeros = xp.zeros((x.shape[0], self.cells), x.dtype)
            x, _ = lstm_from(weights, f"lstm{layer}", x, (zeros, zeros))
        base = self._base(weights, x, seen, there)
        noise, values = self._units(windows, values)
        raw = dense(weights, "distribution", x)
        lost = likelihood.loss(raw, base, noise[:, None], values)
        lost = xp.where(known, lost, 0.0).sum(axis=1) / xp.maximum(known.sum(axis=1), 1)
        if shape.units == "change":
            off = (values - location(raw, base, noise[:, None])) / noise[:, None]
            off, known = (one[:, -shape.horizon :] for one in (xp.where(known, off, 0.0), known))
            lost = lost + abs(off.sum(axis=1)) / xp.maximum(known.sum(axis=1), 1)
        return lost

    def paths(self, weights: Weights, columns: Columns, rows: Array, origins: Array, draws: Floats) -> Floats:
        """Paths in the units of the series, from ``draws`` between 0 and 1: both (batch, paths, horizon)."""
        shape, likelihood = self.shape, LIKELIHOODS[self.likelihood]
        levels = columns
        if shape.units == "change":
            columns = changes_of(columns)
        windows = windows_at(columns, shape, rows, origins)
        batch, many = draws.shape[:2]
        time = np.arange(-shape.context, 0)
        where = origins[:, None] + shape.seen + time[None]
        features = self._features(windows)
        states: list[tuple[Array, Array]] = []
        seen, there = self._lagged(columns, windows, rows, where)
        static = self._static(weights, windows)
        x = self._inputs(static, features[:, : shape.context], seen, there)
        for layer in range(self.layers):
            zeros = np.zeros((batch, self.cells), x.dtype)
            x, state = lstm_from(weights, f"lstm{layer}", x, (zeros, zeros))
            states.append((np.repeat(state[0], many, axis=0), np.repeat(state[1], many, axis=0)))
        longest = max(self.lags)
        back = origins[:, None] + shape.seen + np.arange(-longest, 0)[None]
        past, past_known = self._scaled(columns, windows, rows[:, None], back)
        values = np.zeros((batch, many, longest + shape.horizon), "f4")
        values[..., :longest] = past[:, None]
        flags = np.concatenate([past_known, np.ones((batch, shape.horizon), bool)], axis=1)
        noise = np.repeat(self._units(windows, past)[0], many)
        static = np.repeat(self._static(weights, windows), many, axis=0)
        made = np.empty((batch, many, shape.horizon))
        for step in range(shape.horizon):
            places = [longest + step - lag for lag in self.lags]
            seen = values[..., places].reshape(batch * many, 1, -1)
            there = np.repeat(flags[:, None, places], many, axis=0)
            at = np.repeat(features[:, shape.context + step, None], many, axis=0)
            x = self._inputs(static, at, seen, there)[:, 0]
            for layer in range(self.layers):
                states[layer] = lstm_step(weights, f"lstm{layer}", states[layer], x)
                x = states[layer][0]
            base = self._base(weights, x, seen[:, 0], there[:, 0])
            raw = dense(weights, "distribution", x).astype("f8")
            drawn = likelihood.draw(raw, base.astype("f8"), noise, draws[..., step].reshape(-1))
            drawn = drawn.reshape(batch, many)
            made[..., step] = drawn if not likelihood.centred else self._restored(drawn, windows)
            scaled = drawn if likelihood.centred else drawn / windows.scale[:, None]
            values[..., longest + step] = np.clip(scaled, -shape.largest, shape.largest)
        if shape.units == "change":
            made = last_before(levels, shape, rows, origins)[:, None, None] + made.cumsum(axis=-1)
        return made

    def forecast(
        self, weights: Weights, columns: Columns, rows: Integers, origins: Integers, seeds: Integers
    ) -> Floats:
        """Quantiles and the mean of paths (batch, horizon, PROBABILITIES + 1), in the units of the series."""
        draws = np.stack([_stratified(int(seed), self.shape.horizon) for seed in seeds])
        paths = self.paths(weights, columns, rows, origins, draws)
        table = np.moveaxis(np.quantile(paths, PROBABILITIES, axis=1), 0, -1)
        return np.concatenate([table, paths.mean(axis=1)[..., None]], axis=-1)

    def _restored(self, drawn: Floats, windows: Windows) -> Floats:
        restored: Floats = drawn * windows.scale[:, None] + windows.level[:, None]
        return restored

    def _units(self, windows: Windows, values: Array) -> tuple[Array, Array]:
        """What stands for noise in the likelihood, and ``values`` in its units: of counts, counts."""
        if self.shape.units == "size":
            return windows.scale, values * windows.scale[:, None]
        return windows.noise, values

    def _scaled(self, columns: Columns, windows: Windows, rows: Array, where: Array) -> tuple[Array, Array]:
        xp = namespace(columns.values)
        known = columns.known[rows, where]
        extra = (slice(None),) + (None,) * (where.ndim - 1)
        values = (columns.values[rows, where] - windows.level[extra]) / windows.scale[extra]
        largest = self.shape.largest
        return xp.where(known, xp.clip(values, -largest, largest), 0.0).astype("f4"), known

    def _lagged(self, columns: Columns, windows: Windows, rows: Array, where: Array) -> tuple[Array, Array]:
        xp = namespace(columns.values)
        lags = xp.asarray(np.array(self.lags))
        return self._scaled(columns, windows, rows[:, None, None], where[..., None] - lags)

    def _features(self, windows: Windows) -> Array:
        """(batch, context + horizon, features) own and shared ones."""
        xp = namespace(windows.context)
        return xp.concatenate([windows.context[..., 2:], windows.future], axis=1)

    def _static(self, weights: Weights, windows: Windows) -> Array:
        """(batch, features) of a window as a whole, its categories among them."""
        return with_categories(weights, windows.static, windows.codes)

    def _inputs(self, static: Array, features: Array, seen: Array, there: Array) -> Array:
        xp = namespace(features)
        everywhere = xp.broadcast_to(static[:, None], (*features.shape[:2], static.shape[1]))
        return xp.concatenate([features, seen, there.astype("f4"), everywhere], axis=2)

    def _base(self, weights: Weights, x: Array, seen: Array, there: Array) -> Array:
        """A mixture of the values at the lags and of others."""
        xp = namespace(x)
        others, known = (self._mean if self.shape.units == "change" else self._lines)(seen, there)
        candidates = xp.concatenate([seen, xp.clip(others, -self.shape.largest, self.shape.largest)], axis=-1)
        counts = shares(dense(weights, "mix", x), xp.concatenate([there, known], axis=-1))
        return (counts[..., :-1] * candidates).sum(axis=-1)

    def _lines(self, seen: Array, there: Array) -> tuple[Array, Array]:
        """Where lines from some of the lags through the last value lead, and whether they are known."""
        last = seen[..., :1]
        places = list(self.slopes)
        steps = np.array([self.lags[place] - 1 for place in places], "f4")
        return last + (last - seen[..., places]) / steps, there[..., places] & there[..., :1]

    def _mean(self, seen: Array, there: Array) -> tuple[Array, Array]:
        """The mean of the latest values, and whether there is one."""
        xp = namespace(seen)
        seen, there = seen[..., : self.near], there[..., : self.near]
        count = there.sum(axis=-1, keepdims=True).astype("f4")
        mean = xp.where(there, seen, 0.0).sum(axis=-1, keepdims=True) / xp.maximum(count, 1.0)
        return mean.astype("f4"), count > 0


def _stratified(seed: int, horizon: int) -> Floats:
    """Probabilities (PATHS, horizon): of each period one from every PATHS-th part of 0 to 1, in any order."""
    random = np.random.default_rng(seed)
    parts = random.permuted(np.tile(np.arange(PATHS)[:, None], (1, horizon)), axis=0)
    return (parts + random.uniform(1e-3, 1 - 1e-3, parts.shape)) / PATHS
