"""Rows with timestamps far from all others: one mistyped year moves the end of every item."""

from itertools import islice

import numpy as np

from stepcast.engine.arrays import Integers
from stepcast.engine.calendar import period_of, stamp_of
from stepcast.pipeline import layout
from stepcast.pipeline.importing.checks.second_look import Place, SecondLook
from stepcast.pipeline.importing.columns.timestamps import YEAR_10_000, moment_text
from stepcast.pipeline.importing.periods.occupancy import Apart
from stepcast.pipeline.importing.target.series_collector import SeriesCollector
from stepcast.pipeline.importing.target.target_rows import TargetRows
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report

__all__ = ["check_stamps"]


LEAST_OBSERVED = 0.01  # of the periods of most items


def check_stamps(
    params: Params,
    collected: SeriesCollector,
    order: Integers,
    lengths: Integers,
    look: SecondLook,
    report: Report,
) -> None:
    """V06: an error if the forecast would extend past the year 9999, or if hardly any period has a row.

    A warning if few rows are far before or after all others. ``lengths`` belong to the series in ``order``.
    """
    horizon = params.predictor.forecast_horizon
    last = stamp_of(np.array([collected.end + horizon]), collected.frequency).astype(np.int64)[0]
    apart = collected.occupancy.apart(horizon)
    if last >= YEAR_10_000 and not any(one.late for one in apart):
        what = f"the last timestamp is {collected.latest}, so the forecast would extend past the year 9999"
        report.add(Problem("V06", "error", what, "Correct the timestamp", file=layout.TRAIN))
    _, counts = collected.spill.extents(len(collected.keys))
    known = lengths > 0
    observed = float(np.median(counts[order][known] / lengths[known]))
    wrong = last >= YEAR_10_000 or observed < LEAST_OBSERVED
    for one in apart:
        report.add(_problem(params, collected, one, _first(params, one, look), wrong))


def _first(params: Params, apart: Apart, look: SecondLook) -> Place:
    """The first of the distant rows, in the order of the files."""

    def marks(rows: TargetRows) -> tuple[Integers, Integers]:
        periods = period_of(rows.seconds.view("datetime64[s]"), params.frequency)
        found = np.flatnonzero(periods >= apart.edge if apart.late else periods <= apart.edge)
        return found, found

    return next(islice(look.places(marks), 1))


def _problem(params: Params, collected: SeriesCollector, apart: Apart, first: Place, wrong: bool) -> Problem:
    stated, frequency = params.timestamp_format, collected.frequency
    rows = "1 row is" if apart.rows == 1 else f"{apart.rows:,} rows are"
    side = "after" if apart.late else "before"
    what = f"{rows} about {apart.gap:,} periods of {frequency} {side} all other rows"
    what += f"; the first is {first.text(stated)}"
    if apart.late:
        begin = int(stamp_of(np.array([collected.end + 1]), frequency).astype(np.int64)[0])
        others = "the item" if len(collected.keys) == 1 else f"all {len(collected.keys):,} items"
        begins = f" and forecast from {moment_text(begin, stated)}" if begin < YEAR_10_000 else ""
        filled = "would be" if wrong else "is" if len(collected.keys) == 1 else "are"
        what += f". The data end at the last of these rows, so {others} {filled} filled up to there{begins}"
    else:
        what += ". The item starts there and is filled from there on"
    remedy = "Correct the timestamp, or delete the row"
    if not wrong:
        remedy += "; if it is correct, no change is needed"
    return Problem(
        "V06",
        "error" if wrong else "warning",
        what,
        remedy,
        file=first.file,
        line=first.line,
        item=first.item,
    )
