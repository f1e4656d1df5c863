"""Realised accuracy: by item and lead (the SQL table ``monitor``), and by vintage."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from stepcast.engine.accuracy import Sums
from stepcast.engine.arrays import Floats
from stepcast.engine.losses import pinball_loss, point_forecast, seasonal_error
from stepcast.engine.panel import Panel
from stepcast.engine.seasonality import season_length
from stepcast.engine.task import Metric
from stepcast.pipeline.monitoring.past import Past
from stepcast.pipeline.monitoring.watch import ShardForecasts, engine_outputs, quantiles_of
from stepcast.pipeline.params import Params
from stepcast.pipeline.tables import monitor_keys

__all__ = ["METRICS", "Realised", "backtest_sums", "monitor_schema", "realised_sums"]

METRICS: tuple[Metric, ...] = ("AverageWeightedQuantileLoss", "MAPE", "MASE", "RMSE", "WAPE")


class Realised:
    """Sums over one shard's outcomes by item and lead, for all forecasts added."""

    def __init__(self, items: int, horizon: int, outputs: Sequence[str]) -> None:
        self.quantiles = quantiles_of(outputs)
        self._outputs = engine_outputs(outputs)
        names = ("outcomes", "size", "absolute", "signed", "inside")
        self._sums = {name: np.zeros((items, horizon)) for name in names}
        self._losses = np.zeros((items, horizon, len(self.quantiles)))

    def add(self, actual: Floats, forecast: Floats) -> None:
        """``actual`` (items, leads) and ``forecast`` (items, leads, outputs) of one vintage."""
        reach = actual.shape[1]
        scored = np.isfinite(actual) & np.isfinite(forecast).all(axis=2)
        y, f = np.where(scored, actual, 0.0), np.where(scored[..., None], forecast, 0.0)
        error = np.where(scored, point_forecast(f, self._outputs) - y, 0.0)
        quantiles = f[..., : len(self.quantiles)]
        inside = (
            scored & (quantiles[..., 0] <= y) & (y <= quantiles[..., -1])
            if self.quantiles
            else scored & False
        )
        for name, values in (
            ("outcomes", scored),
            ("size", np.abs(y)),
            ("absolute", np.abs(error)),
            ("signed", error),
            ("inside", inside),
        ):
            self._sums[name][:, :reach] += values
        for number, quantile in enumerate(self.quantiles):
            self._losses[:, :reach, number] += pinball_loss(y - quantiles[..., number], quantile)

    def table(self, keys: Sequence[tuple[str, ...]], params: Params, vintage: str) -> pa.Table:
        """One row per item and lead with an outcome; lead 0 is all leads of the item together."""
        sums = {name: _with_all(values) for name, values in self._sums.items()}
        losses = _with_all(self._losses)
        items, leads = np.nonzero(sums["outcomes"] > 0)
        count, size = sums["outcomes"][items, leads], sums["size"][items, leads]

        def share(values: Floats) -> pa.Array:
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = values / size
            return pa.array(np.where(size > 0, ratio, np.nan), from_pandas=True)

        none = pa.nulls(len(items), pa.float64())
        many = len(self.quantiles)
        columns = [
            pa.array([keys[item][part] for item in items.tolist()], pa.string())
            for part in range(len(keys[0]))
        ]
        columns += [
            pa.array(leads.astype(np.int32)),
            pa.array(count.astype(np.int64)),
            share(2 * losses[items, leads].mean(axis=-1)) if many else none,
            share(sums["absolute"][items, leads]),
            pa.array(sums["inside"][items, leads] / count) if many > 1 else none,
            share(sums["signed"][items, leads]),
            pa.array([vintage], pa.string()).take(np.zeros(len(items), np.int64)),
        ]
        return pa.Table.from_arrays(columns, schema=monitor_schema(params))


def monitor_schema(params: Params) -> pa.Schema:
    """Columns of the SQL table ``monitor``."""
    keys = [(name, pa.string()) for name in monitor_keys(params)]
    counts = [("lead", pa.int32()), ("outcomes", pa.int64())]
    figures = [(name, pa.float64()) for name in ("wql", "wape", "coverage", "bias")]
    return pa.schema([*keys, *counts, *figures, ("vintage", pa.string())])


def realised_sums(panel: Panel, past: Past, actual: Floats, forecast: Floats, outputs: Sequence[str]) -> Sums:
    """Realised losses of a vintage in one shard, summed as in the backtest; sums of shards can be added.

    ``actual`` (items, leads) may end before the horizon does.
    """
    forecast = forecast[:, : actual.shape[1]]
    return Sums.of(actual, forecast, engine_outputs(outputs), _scales(panel, past.start))


def backtest_sums(panel: Panel, past: Past, found: ShardForecasts, outputs: Sequence[str]) -> Sums:
    """Backtest losses of a vintage's predictor in one shard, in the same form."""
    scale = np.repeat(_scales(panel, past.start)[:, None], found.actual.shape[1], axis=1)
    return Sums.of(found.actual, found.tested, engine_outputs(outputs), scale)


def _scales(panel: Panel, start: int) -> Floats:
    """The denominator of MASE, (items,), from observations before period ``start``."""
    season = season_length(panel.frequency)
    before = (_until(panel, item, start) for item in range(len(panel)))
    return np.array([seasonal_error(known, season if len(known) >= 2 * season else 1) for known in before])


def _until(panel: Panel, item: int, start: int) -> Floats:
    """Observations of an item before period ``start``; nan if missing."""
    values, observed = panel.values[item], panel.observed[item]
    count = max(len(values) - (panel.end - start + 1), 0)
    return np.where(observed[:count], values[:count], np.nan)


def _with_all(values: Floats) -> Floats:
    """``values`` with the sum over all leads in front."""
    return np.concatenate([values.sum(axis=1, keepdims=True), values], axis=1)
