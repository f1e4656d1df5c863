"""The API of totals: sums of the forecasts of many items.

A forecast has quantiles of each item, and none of their sum: that depends on whether items err together. How
much they do is estimated from the backtest, as one correlation of all pairs, and a quantile of the sum lies
as far from its middle as errors so correlated add up to. The page marks it as approximate.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stepcast.console.answers import Answer, Refusal, json_answer, number
from stepcast.console.forecasts import Forecasts
from stepcast.console.kept import Kept
from stepcast.console.requests import Request
from stepcast.console.series_data import Seconds, SeriesReader, finite_or_none
from stepcast.console.vintage_index import Floats, VintageIndex, central, outer, outputs_of

__all__ = ["Totals", "add_up", "correlation"]

KEPT = 16
MOST_GROUPS = 500
JUDGED = 8  # shards whose backtests are read to see how far items err together


class Totals:
    """Of any items of a vintage: those that a search finds, those with some value of an attribute."""

    def __init__(self, forecasts: Forecasts) -> None:
        self._forecasts = forecasts
        self._totals = Kept[tuple[str, ...], dict[str, Any]](KEPT)

    def groups(self, request: Request) -> Answer:
        """The items that a search finds, by the values of an attribute: how many, and their volume."""
        index = self._forecasts.index(request.text("vintage"))
        mask = self._found(index, request)
        attribute = request.text("by")
        groups: list[dict[str, Any]] = []
        if attribute:
            column = _attribute(index, attribute)
            codes = column.indices.to_numpy(zero_copy_only=False)[mask]
            names = column.dictionary.to_pylist()
            items = np.bincount(codes, minlength=len(names))
            volume = np.bincount(codes, index.volume[mask], minlength=len(names))
            groups = [
                {"value": names[code], "items": int(items[code]), "volume": number(volume[code])}
                for code in np.argsort(-volume, kind="stable").tolist()
                if items[code]
            ]
        return json_answer(
            {
                "vintage": index.manifest.vintage,
                "attributes": sorted(index.attributes),
                "items": int(mask.sum()),
                "volume": number(float(index.volume[mask].sum())),
                "total": len(groups),
                "groups": groups[:MOST_GROUPS],
            }
        )

    def total(self, request: Request) -> Answer:
        """The sum of the chosen items' histories and forecasts."""
        index = self._forecasts.index(request.text("vintage"))
        mask = self._found(index, request)
        chosen = tuple(request.text(name) for name in ("search", "by", "value"))
        if request.text("by"):
            column = _attribute(index, request.text("by"))
            mask &= pc.equal(column, _value(request)).to_numpy(zero_copy_only=False)
        if not mask.any():
            raise Refusal(404, "no item is chosen: search for other words, or take another value")
        key = (index.manifest.vintage, *chosen)
        return json_answer(self._totals.get(key, lambda: _total(index, self._forecasts.reader, mask)))

    def _found(self, index: VintageIndex, request: Request) -> NDArray[np.bool_]:
        return index.found(request.text("search").split())


def _value(request: Request) -> str:
    """Of an attribute, as JSON: it may be empty."""
    try:
        given = json.loads(request.text("value"))
    except ValueError:
        given = None
    if not isinstance(given, str):
        raise Refusal(400, 'value must be a JSON text, such as "red"')
    return given


def _attribute(index: VintageIndex, name: str) -> pa.DictionaryArray:
    if name not in index.attributes:
        known = ", ".join(sorted(index.attributes)) or "none"
        raise Refusal(400, f"the items have no attribute {name!r}: they have {known}")
    return index.attributes[name]


def _total(index: VintageIndex, reader: SeriesReader, mask: NDArray[np.bool_]) -> dict[str, Any]:
    manifest, shards = index.manifest, np.unique(index.shards[mask]).tolist()
    together = None
    edges = outer(manifest)
    if mask.sum() > 1 and edges is not None:
        together = correlation(_judged(index, reader, mask, shards), central(manifest), edges)
    moments, forecasts = _forecasts(index, reader, mask, shards)
    outputs = add_up(forecasts, central(manifest), 1.0 if together is None else together)
    history = _history(index, reader, mask, shards)
    return {
        "vintage": manifest.vintage,
        "items": int(mask.sum()),
        "frequency": manifest.frequency,
        "target": next(name for name, kind in manifest.clean_columns.items() if kind == "double"),
        "outputs": outputs_of(manifest),
        "central": central(manifest),
        "correlation": together,
        "volume": number(float(index.volume[mask].sum())),
        "forecast": {
            "t": moments.tolist(),
            "outputs": {name: finite_or_none(values) for name, values in outputs.items()},
        },
        "history": None
        if history is None
        else {"t": history[0].tolist(), "v": finite_or_none(history[1]), "filled": []},
        "windows": [],
    }


def _forecasts(
    index: VintageIndex, reader: SeriesReader, mask: NDArray[np.bool_], shards: list[int]
) -> tuple[Seconds, Iterator[dict[str, Floats]]]:
    """The moments, and shard by shard the outputs of the chosen series: (series, horizon)."""
    horizon, names = index.manifest.horizon, outputs_of(index.manifest)
    moments, _ = reader.forecast(index, int(np.flatnonzero(mask)[0]))

    def each() -> Iterator[dict[str, Floats]]:
        for shard in shards:
            table = reader.wide(index, shard, keep=len(shards) == 1)
            own = mask[index.shards == shard]
            yield {name: table.column(name).to_numpy().reshape(-1, horizon)[own] for name in names}

    return moments, each()


def add_up(forecasts: Iterable[dict[str, Floats]], middle: str, together: float) -> dict[str, Floats]:
    """The outputs of the sum of series, given those of each (series, horizon), some series at a time.

    ``together`` is the correlation of any two series' errors: at 1, quantiles add up; at 0, their distances
    from the ``middle`` add up as independent errors do.

    >>> one = {"p10": np.array([[7.0], [6.0]]), "p50": np.array([[10.0], [10.0]])}
    >>> [add_up([one], "p50", rho)["p10"].tolist() for rho in (1.0, 0.0)]
    [[13.0], [15.0]]
    """
    totals: dict[str, Floats] = {}
    distances: dict[str, Floats] = {}
    squares: dict[str, Floats] = {}
    for outputs in forecasts:
        for name, values in outputs.items():
            away = values - outputs[middle]
            totals[name] = totals.get(name, 0.0) + values.sum(axis=0)
            distances[name] = distances.get(name, 0.0) + away.sum(axis=0)
            squares[name] = squares.get(name, 0.0) + (away**2).sum(axis=0)
    return {
        name: values
        if name in (middle, "mean")
        else totals[middle]
        + np.sign(distances[name]) * np.sqrt((1 - together) * squares[name] + together * distances[name] ** 2)
        for name, values in totals.items()
    }


def _history(
    index: VintageIndex, reader: SeriesReader, mask: NDArray[np.bool_], shards: list[int]
) -> tuple[Seconds, Floats] | None:
    """The sum of what is known of each period; None if the histories are gone."""
    total, known = np.zeros(0), np.zeros(0, bool)
    moments: Seconds | None = None
    for shard in shards:
        stored = reader.shard(index, shard, keep=len(shards) == 1)
        if stored is None:
            return None
        places = np.flatnonzero(mask[index.shards == shard])
        for place in places.tolist():
            values = stored.panel.values[place]
            if len(values) > len(total):
                more = len(values) - len(total)
                total, known = np.pad(total, (more, 0)), np.pad(known, (more, 0))
                moments = reader.moments(stored, len(values))
            if len(values):
                there = np.isfinite(values)
                total[-len(values) :] += np.where(there, values, 0.0)
                known[-len(values) :] |= there
    return (moments if moments is not None else np.zeros(0, np.int64)), np.where(known, total, np.nan)


def _judged(
    index: VintageIndex, reader: SeriesReader, mask: NDArray[np.bool_], shards: list[int]
) -> Iterator[pa.Table]:
    """Backtests of the chosen series, of some shards where there are many."""
    for shard in shards[:: -(-len(shards) // JUDGED)]:
        table = reader.backtest(index, shard)
        if table is None:
            continue
        own = pa.array(np.flatnonzero(mask & (index.shards == shard)))
        keys = pc.binary_join_element_wise(*(column.take(own) for column in index.texts), "\n")
        rows = pc.binary_join_element_wise(*(table.column(name) for name in index.key_names), "\n")
        yield table.filter(pc.is_in(rows, value_set=keys))


def correlation(backtests: Iterable[pa.Table], middle: str, edges: tuple[str, str]) -> float | None:
    """How far series err together in the backtest, from 0 to 1; None where that is not known.

    Errors are relative to the width of the series' own interval. For every window and moment, the products
    of the errors of all pairs of series are compared with the squares.
    """
    times = ["backtestwindow_start_time", "timestamp"]
    pairs = squares = 0.0
    for table in backtests:
        low, high, expected = (table.column(name).to_numpy() for name in (*edges, middle))
        with np.errstate(divide="ignore", invalid="ignore"):
            error = (table.column("target_value").to_numpy() - expected) / (high - low)
        usable = np.isfinite(error)
        rows = pa.table({**{name: table.column(name) for name in times}, "e": error, "s": error**2})
        sums = (
            rows.filter(pa.array(usable))
            .group_by(times)
            .aggregate([("e", "sum"), ("s", "sum"), ("s", "count")])
        )
        square, count = sums.column("s_sum").to_numpy(), sums.column("s_count").to_numpy()
        pairs += float((sums.column("e_sum").to_numpy() ** 2 - square).sum())
        squares += float(((count - 1) * square).sum())
    return float(np.clip(pairs / squares, 0.0, 1.0)) if squares > 0 else None
