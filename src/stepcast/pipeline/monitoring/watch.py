"""Prepare a shard's series and their forecasts for the engine's drift tests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from stepcast.engine.arrays import Flags, Floats
from stepcast.engine.drift import Watched
from stepcast.engine.frequency import LONGEST_SEASON, SECONDS, Frequency
from stepcast.engine.panel import Panel
from stepcast.engine.seasonality import season_length, week_length
from stepcast.pipeline import layout
from stepcast.pipeline.monitoring.by_item import ByItem
from stepcast.pipeline.monitoring.past import Past, Span

__all__ = ["Forecasts", "ShardForecasts", "actual_of", "engine_outputs", "quantiles_of", "watched_blocks"]

Key = tuple[str, ...]
MOST_PERIODS = 20_000  # of history compared; with a yearly season, three years, at most twice this
MOST_CELLS = 2_000_000  # items times periods per block: bounds memory


@dataclass(frozen=True)
class ShardForecasts:
    """Forecasts for one shard's items; nan if there is none.

    ``values``     per vintage in ``Span.pasts``: (items, horizon, outputs).
    ``actual``, ``tested``  the baseline's backtest: (items, windows, horizon), and the same by outputs.
    ``known``      (items,) whether the baseline forecast the item.
    """

    values: tuple[Floats, ...]
    actual: Floats
    tested: Floats
    known: Flags


class Forecasts:
    """The span's forecasts and the baseline's backtest, read alongside the shards."""

    def __init__(self, s3: Any, bucket: str, span: Span, key_names: Sequence[str]) -> None:
        self._span = span
        self.outputs = outputs_of(span.baseline)
        self.engine_outputs = engine_outputs(self.outputs)
        keys = tuple(name.lower() for name in key_names)

        def files(prefix: str, numbers: tuple[str, ...]) -> ByItem:
            return ByItem(s3, bucket, prefix, keys, numbers)

        self._forecasts = [
            files(layout.raw(past.root, past.manifest.vintage), self.outputs) for past in span.pasts
        ]
        tested = layout.accuracy(span.baseline.manifest.predictor, "forecasted-values")
        self._backtest = files(tested, ("target_value", *self.outputs))

    def take(self, keys: tuple[Key, ...]) -> ShardForecasts:
        """The forecasts for the next shard."""
        count = len(self.outputs)
        values = []
        for past, files in zip(self._span.pasts, self._forecasts, strict=True):
            horizon, found = past.manifest.horizon, files.take(keys)
            nothing = np.full((horizon, count), np.nan)
            own = (found.get(key, nothing) for key in keys)
            values.append(np.stack([row if len(row) == horizon else nothing for row in own]))
        horizon = self._span.baseline.manifest.horizon
        found = self._backtest.take(keys)
        windows = max((len(rows) // horizon for rows in found.values()), default=0)
        rows = np.full((len(keys), windows * horizon, count + 1), np.nan)
        for place, key in enumerate(keys):
            if key in found:
                rows[place, : len(found[key])] = found[key]
        tested = rows.reshape(len(keys), windows, horizon, count + 1)
        known = np.isfinite(values[0]).any(axis=(1, 2))
        return ShardForecasts(tuple(values), tested[..., 0], tested[..., 1:], known)

    def vanished(self) -> list[Key]:
        """Items in the baseline forecast that no shard contains."""
        return self._forecasts[0].rest()


def outputs_of(past: Past) -> tuple[str, ...]:
    """The output columns of a forecast: quantiles in ascending order, then the mean."""
    names = [name for name, kind in past.manifest.wide_columns.items() if kind == "double"]
    return tuple(sorted(names, key=lambda name: 100 if name == "mean" else int(name.removeprefix("p"))))


def quantiles_of(outputs: Sequence[str]) -> tuple[float, ...]:
    """The quantiles among the output columns of a forecast.

    >>> quantiles_of(("p5", "p50", "mean"))
    (0.05, 0.5)
    """
    return tuple(int(name.removeprefix("p")) / 100 for name in outputs if name != "mean")


def engine_outputs(outputs: Sequence[str]) -> tuple[float | Literal["mean"], ...]:
    """The output columns of a forecast as the engine's task names them."""
    quantiles: tuple[float | Literal["mean"], ...] = quantiles_of(outputs)
    return (*quantiles, "mean") if "mean" in outputs else quantiles


def actual_of(panel: Panel, first: int, last: int) -> Floats:
    """Observed values from period ``first`` to ``last``, (items, periods); nan if missing."""
    actual = np.full((len(panel), last - first + 1), np.nan)
    for row, values, observed in zip(actual, panel.values, panel.observed, strict=True):
        begin = panel.end - len(values) + 1
        start, stop = max(first, begin), min(last, panel.end) + 1
        if start < stop:
            inside = slice(start - begin, stop - begin)
            row[start - first : stop - first] = np.where(observed[inside], values[inside], np.nan)
    return actual


def watched_blocks(
    panel: Panel, found: ShardForecasts, span: Span, outputs: Sequence[str]
) -> Iterator[Watched]:
    """The shard's items in blocks, in order."""
    year = _year(panel.frequency)
    longest = max((len(values) - (panel.end - span.last) for values in panel.values), default=0)
    longest = max(longest, span.new)
    length = min(
        longest, span.new + max(MOST_PERIODS if not year else 3 * year, 8 * span.new), MOST_PERIODS * 2
    )
    seasons = [season_length(panel.frequency), week_length(panel.frequency)]
    seasons = [season for season in seasons if 1 < season <= min(LONGEST_SEASON, (length - span.new) // 4)]
    quantiles = quantiles_of(outputs)
    chained, leads = _chained(found.values, span, len(outputs))
    reach = min(leads, found.actual.shape[2])
    each = max(1, MOST_CELLS // max(length, 1))
    for begin in range(0, len(panel), each):
        block = slice(begin, begin + each)
        part = panel.take(list(range(len(panel)))[block])
        items = len(part)
        yield Watched(
            values=actual_of(part, span.last - length + 1, span.last),
            new=span.new,
            seasons=tuple(seasons),
            year=year if max(seasons, default=0) < year < length - span.new else 0,
            quantiles=quantiles,
            forecast=chained[block, :, : len(quantiles)],
            tested_actual=found.actual[block, :, :reach].reshape(items, -1),
            tested_forecast=found.tested[block, :, :reach, : len(quantiles)].reshape(
                items, -1, len(quantiles)
            ),
            features=_features(part, span.last - length + 1, span.last),
        )


def _chained(values: Sequence[Floats], span: Span, outputs: int) -> tuple[Floats, int]:
    """For each new period the newest forecast before it, (items, new, outputs), and the longest such lead."""
    chained = np.full((len(values[0]), span.new, outputs), np.nan)
    leads = np.zeros(span.new, np.int64)
    for past, forecast in zip(span.pasts, values, strict=True):
        offset = past.start - span.first
        reach = min(past.manifest.horizon, span.new - offset)
        there = np.isfinite(forecast[:, :reach]).all(axis=(1, 2))
        chained[there, offset : offset + reach] = forecast[there, :reach]
        leads[offset : offset + reach] = np.arange(1, reach + 1)
    return chained, int(leads.max())


def _features(panel: Panel, first: int, last: int) -> dict[str, Floats]:
    """Related series by name, each (items, periods)."""
    if panel.related is None:
        return {}
    features = {}
    for number, name in enumerate(panel.related.names):
        rows = np.full((len(panel), last - first + 1), np.nan)
        for row, values, given in zip(rows, panel.values, panel.related.values, strict=True):
            begin = panel.end - len(values) + 1
            start, stop = max(first, begin), min(last, panel.end) + 1
            if start < stop:
                row[start - first : stop - first] = given[number, start - begin : stop - begin]
        features[name] = rows
    return features


def _year(frequency: Frequency) -> int:
    """Periods per year; 0 if there are fewer than two."""
    periods = round(SECONDS["Y"] / frequency.seconds)
    return periods if periods > 1 else 0
