"""Warnings about several rows in one period, if the data have one row per period."""

from collections.abc import Sequence

import numpy as np

from stepcast.engine.arrays import Integers
from stepcast.pipeline.importing.checks.second_look import Place, SecondLook
from stepcast.pipeline.importing.files.source import Source
from stepcast.pipeline.importing.periods.anchor import span_in_words
from stepcast.pipeline.importing.periods.clock_changes import comes_twice
from stepcast.pipeline.importing.periods.doubled_rows import Doubled, Hashes
from stepcast.pipeline.importing.quoting import listed
from stepcast.pipeline.importing.target.series_collector import SeriesCollector
from stepcast.pipeline.importing.target.target_rows import TargetRows
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report

__all__ = ["report_doubled"]

Pair = tuple[Place, Place]

FILES_NAMED = 4
TWICE = 2  # rows per period: with more, the declared frequency is wrong
PARTS = "; if each row is part of its period, such as an order, set a finer DataFrequency"
PUT_TOGETHER = {
    "sum": "the values were added up",
    "avg": "the mean was used",
    "first": "the earliest value was used",
    "min": "the smallest value was used",
    "max": "the largest value was used",
}


def report_doubled(
    params: Params, collected: SeriesCollector, observed: int, look: SecondLook, report: Report
) -> int:
    """Warn of repeated rows and of periods with different rows; return the number of surplus rows.

    Silent if the data are finer than the forecast's periods or have no rhythm, as orders do: rows in one
    period are then parts of it, unless they repeat a row and every other timestamp has only one.
    ``observed`` is the number of periods with a row.
    """
    if collected.doubled.rows == observed:
        return 0  # each period has one row
    declared, agreement = params.data_frequency, collected.anchor.agreement()
    finer = declared.seconds < params.frequency.seconds
    if finer and agreement.share == 1:
        return 0  # orders stamped with their day, declared finer because they are parts of it
    comes_once = collected.rhythm.keeps(declared) or (agreement.reached and not finer)
    if params.target.data_frequency and not finer:  # declared as one row per period
        comes_once |= collected.doubled.rows <= TWICE * observed
    step = collected.rhythm.step
    if not comes_once and step is not None and step < declared.seconds and params.target.data_frequency:
        what = f"Most rows are {span_in_words(step)} apart, closer than the DataFrequency, {declared}"
        report.note(f"{what}. Rows in the same period are treated as parts of it.")
    if not comes_once and (step is None or collected.rhythm.several):
        _report_copies(look.files, report)
        return 0
    found = collected.doubled.count()
    if not comes_once:  # different rows in one period are expected: only repeated ones are surplus
        found = Doubled(repeated=found.repeated, rows=found.repeated, exact=found.exact)
    if not found.repeated and not found.differing:
        return 0
    exact, other = _examples(found, look)
    if found.repeated:
        report.add(_repeated(params, found, exact))
    if found.differing:
        report.add(_differing(params, found, other))
    return found.rows


def _examples(found: Doubled, look: SecondLook) -> tuple[list[Pair], list[Pair]]:
    """The first two rows of some periods of both kinds, in the order in which their second row appears."""
    count = len(found.exact)

    def marks(rows: TargetRows) -> tuple[Integers, Integers]:
        given = look.collected.doubled.fingerprints(rows.series, rows.dimensions, rows.seconds, rows.values)
        exact, other = _places_in(found.exact, given["row"]), _places_in(found.other, given["period"])
        rows_of_both = np.concatenate([np.flatnonzero(exact >= 0), np.flatnonzero(other >= 0)])
        marks_of_both = np.concatenate([exact[exact >= 0], other[other >= 0] + count])
        order = np.argsort(rows_of_both, kind="stable")
        return rows_of_both[order], marks_of_both[order]

    first: dict[int, Place] = {}
    pairs: dict[int, Pair] = {}
    for place in look.places(marks):
        if first.setdefault(place.mark, place) is not place and place.mark not in pairs:
            pairs[place.mark] = first[place.mark], place
            if len(pairs) == count + len(found.other):
                break
    exact = [pair for mark, pair in pairs.items() if mark < count]
    return exact, [pair for mark, pair in pairs.items() if mark >= count]


def _places_in(wanted: Hashes, given: Hashes) -> Integers:
    """The position in the ascending ``wanted`` of each of ``given``, or -1."""
    if not len(wanted):
        return np.full(len(given), -1)
    place = np.minimum(np.searchsorted(wanted, given), len(wanted) - 1)
    return np.where(wanted[place] == given, place, -1)


def _report_copies(files: Sequence[Source], report: Report) -> None:
    """Warn of identical files: the only check possible for rows without a rhythm."""
    first: dict[tuple[str, int], str] = {}
    for file in files:
        if (other := first.setdefault((file.etag, file.size), file.key)) != file.key:
            what = f"this file is identical to {other}, so its rows are counted twice"
            report.add(Problem("V06", "warning", what, "Delete one of the two files", file=file.key))


def _repeated(params: Params, found: Doubled, examples: list[Pair]) -> Problem:
    first, again = examples[0]
    rows = "row repeats" if found.repeated == 1 else "rows repeat"
    what = (
        f"{found.repeated:,} {rows} another row with the same item, timestamp and value; the first is "
        f"{again.text(params.timestamp_format)}, which repeats {first.file} line {first.line:,}"
    )
    what += _between(examples) + _put_together(params)
    remedy = f"Send each row once{_where(examples)}{_clocks(params, examples)}{PARTS}"
    return Problem("V06", "warning", what, remedy, file=again.file, line=again.line, item=again.item)


def _differing(params: Params, found: Doubled, examples: list[Pair]) -> Problem:
    first, again = examples[0]
    stated, frequency = params.timestamp_format, params.data_frequency
    periods = f"period of {frequency} has" if found.differing == 1 else f"periods of {frequency} have"
    what = (
        f"{found.differing:,} {periods} several different rows for one item; the first are "
        f"{first.text(stated)} and {again.text(stated)}"
    )
    what += _between(examples) + _put_together(params)
    remedy = f"Send one row for each item and period{_where(examples)}{_clocks(params, examples)}"
    if first.seconds != again.seconds:
        remedy += ", or set TimeAlignmentBoundary to change where periods begin"
    remedy += f"; to use one of the values or their mean instead, set aggregation in Featurizations{PARTS}"
    return Problem("V06", "warning", what, remedy, file=again.file, line=again.line, item=again.item)


def _clocks(params: Params, examples: list[Pair]) -> str:
    """What to do if all of them are in an hour that occurs twice."""
    if not params.data_frequency.has_time_of_day:
        return ""
    zones = [comes_twice(first.seconds, params.time_zone) for first, _ in examples]
    if None in zones or any(first.seconds != again.seconds for first, again in examples):
        return ""
    return (
        f"; clocks are set back at that time, as in {zones[0]}, so the hour occurs twice: aggregation avg "
        "uses "
        "the mean (suitable for a load), sum adds the values up (suitable for sales)"
    )


def _put_together(params: Params) -> str:
    return f"; {PUT_TOGETHER[params.filling.aggregation]} (aggregation), as Amazon Forecast does"


def _between(examples: list[Pair]) -> str:
    """The files of the rows, if there are several."""
    files = sorted({place.file for pair in examples if pair[0].file != pair[1].file for place in pair})
    if not files:
        return ""
    named = listed(files[:FILES_NAMED])
    return f"; the rows are in {named}" + (" and others" if len(files) > FILES_NAMED else "")


def _where(examples: list[Pair]) -> str:
    if not any(first.file != again.file for first, again in examples):
        return ""
    return "; if a file contains other data, such as prices, move it to related/ and add a dataset for it"
