"""Writes collected series to shards in the bucket."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from stepcast.engine.arrays import Integers
from stepcast.engine.calendar import stamp_of
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel
from stepcast.pipeline import layout, objects, shard_list
from stepcast.pipeline.importing.columns.timestamps import moment_text
from stepcast.pipeline.importing.covariates.covariates import Covariates
from stepcast.pipeline.importing.entries.aggregate import Entries, values_of
from stepcast.pipeline.importing.entries.filling import Grid, fill
from stepcast.pipeline.importing.files.reading import Progress
from stepcast.pipeline.importing.periods.clock_changes import Skipped
from stepcast.pipeline.importing.target.level_sums import LevelSums
from stepcast.pipeline.importing.target.plan import shard_starts
from stepcast.pipeline.importing.target.series_collector import SeriesCollector
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report
from stepcast.pipeline.shards import Shard, label, write_shard

__all__ = ["Written", "write_series"]

Keys = tuple[tuple[str, ...], ...]
Check = Callable[[Integers, Panel, Report], None]  # of the series with these numbers


@dataclass
class Written:
    """The number of shards, and of periods: all, observed, and filled.

    ``step`` is the shortest distance between two observations of a series, in periods; None without any.
    """

    shards: int = 0
    points: int = 0
    observed: int = 0
    filled: int = 0
    step: int | None = None


def write_series(
    s3: Any,
    bucket: str,
    run: str,
    params: Params,
    collected: SeriesCollector,
    covariates: Covariates,
    order: Integers,
    lengths: Integers,
    check: Check,
    folder: Path,
    report: Report,
    progress: Progress,
) -> Written:
    """Write the series in ``order`` (their numbers), shard by shard, then their sums, and the list of shards.

    ``folder`` has room for the sums of a hierarchy.

    Infinite values, and problems that ``covariates`` and ``check`` find, are errors in ``report``; in that
    case, no shard remains in the bucket.
    """
    horizon = params.predictor.forecast_horizon
    # each feature is as long as the series; a series without history still costs a forecast
    sizes = np.maximum(lengths * (1 + covariates.features), horizon * (lengths == 0))
    starts = shard_starts(sizes, slow=params.predictor.algorithm is not None)
    written, frequency = Written(), collected.frequency
    skipped = collected.clock_changes.skipped(frequency, collected.end, horizon)
    if skipped is not None:
        covariates.skipped = skipped.periods
        if skipped.periods[0] <= collected.end:
            report.note(_skipped_note(skipped, frequency, params))
    sums = None
    if params.predictor.hierarchy is not None:
        sums = LevelSums(params, collected.keys.at(order), covariates, int(lengths.max()), folder)
        if not sums.check(report):
            return Written()
    for keys, entries in _shards(collected, order, starts):
        grid = _grid(entries, len(keys), collected.end, params)
        if skipped is not None:
            _leave_out(skipped, grid, collected.end)
        _report_infinite(grid, keys, report)
        sink = io.BytesIO()
        panel = covariates.aligned(keys, _panel(grid, keys, collected.end, frequency), report)
        begin = starts[written.shards]
        check(order[begin : begin + len(keys)], panel, report)
        write_shard(sink, Shard(params.series_key, keys, panel))
        objects.write(s3, bucket, layout.shard(run, written.shards), sink.getvalue())
        if sums is not None and not report.errors:
            sums.add(panel)
        _count(written, grid, entries)
        progress("shards", written.shards, len(starts))
    if report.errors:
        objects.delete_all(s3, bucket, layout.shards(run))
        return Written()
    of_sums = 0
    for shard in sums.shards(collected.end, frequency) if sums is not None else ():
        sink = io.BytesIO()
        write_shard(sink, shard)
        objects.write(s3, bucket, layout.shard(run, written.shards + of_sums), sink.getvalue())
        of_sums += 1
    shard_list.write(s3, bucket, run, written.shards, of_sums)
    return written


def _shards(collected: SeriesCollector, order: Integers, starts: Integers) -> Iterator[tuple[Keys, Entries]]:
    """The keys and the combined entries of each shard; the entries' series are numbered within the shard."""
    bounds = np.append(starts, len(order))
    for shards, entries in collected.spill.partitions(order, starts):
        cuts = np.searchsorted(
            np.ascontiguousarray(entries["series"]), bounds[shards.start : shards.stop + 1]
        )
        for shard, begin, stop in zip(shards, cuts[:-1], cuts[1:], strict=True):
            own = entries[begin:stop]
            own["series"] -= bounds[shard]
            yield collected.keys.at(order[bounds[shard] : bounds[shard + 1]]), own


def _grid(entries: Entries, count: int, end: int, params: Params) -> Grid:
    """The filled series of a shard of ``count``; those without entries are empty."""
    if not len(entries):
        return Grid(np.empty(0), np.empty(0, bool), np.zeros(count + 1, np.int64))
    values = values_of(entries, params.filling.aggregation)
    present, series = np.unique(entries["series"], return_inverse=True)
    grid = fill(series.astype(np.int64), entries["period"], values, end, params.filling)
    lengths = np.zeros(count, np.int64)
    lengths[present] = np.diff(grid.offsets)
    return Grid(grid.values, grid.observed, np.concatenate([[0], np.cumsum(lengths)]))


def _leave_out(skipped: Skipped, grid: Grid, end: int) -> None:
    """Remove filled values at times that do not exist, if a series has rows on both sides."""
    first = end + 1 - np.diff(grid.offsets)
    for begin, count in skipped.runs():
        inside = np.flatnonzero((first < begin) & (begin + count <= end))
        places = grid.offsets[inside] + begin - first[inside]
        places = places[grid.observed[places - 1] & grid.observed[places + count]]
        hole = (places[:, None] + np.arange(count)).ravel()
        hole = hole[~grid.observed[hole]]
        grid.values[hole] = np.nan


def _skipped_note(skipped: Skipped, frequency: Frequency, params: Params) -> str:
    stamp = int(stamp_of(skipped.periods[:1], frequency).astype(np.int64)[0])
    when = moment_text(stamp, params.timestamp_format)
    return (
        f"Clocks skip an hour, as in {skipped.zone}, for example {when}. The hour is not filled, because no "
        "row can have it."
    )


def _panel(grid: Grid, keys: Keys, end: int, frequency: Frequency) -> Panel:
    own = [slice(*cuts) for cuts in pairwise(grid.offsets.tolist())]
    return Panel(
        ids=tuple(label(key) for key in keys),
        values=tuple(grid.values[part] for part in own),
        observed=tuple(grid.observed[part] for part in own),
        end=end,
        frequency=frequency,
    )


def _report_infinite(grid: Grid, keys: Keys, report: Report) -> None:
    places = np.flatnonzero(np.isinf(grid.values))
    for series in np.unique(np.searchsorted(grid.offsets, places, side="right") - 1):
        what = "the sum or mean of its rows is too large for a 64-bit number"
        remedy = "Write the target in a larger unit"
        report.add(Problem("V05", "error", what, remedy, file=layout.TRAIN, item=label(keys[series])))


def _count(written: Written, grid: Grid, entries: Entries) -> None:
    written.shards += 1
    written.points += len(grid.values)
    written.observed += int(grid.observed.sum())
    written.filled += int((~grid.observed & np.isfinite(grid.values)).sum())
    same = entries["series"][1:] == entries["series"][:-1]
    steps = np.diff(entries["period"])[same]
    if len(steps):
        written.step = min(int(steps.min()), written.step or int(steps.min()))
