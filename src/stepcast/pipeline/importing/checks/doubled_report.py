"""What is said of rows that fall into one period although the data come no more often than that."""

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
TWICE = 2  # rows a period: of more, what is said of the data is wrong
PARTS = "; if each is a part of its period, as orders are, name their finer DataFrequency"
PUT_TOGETHER = {
    "sum": "they were added up",
    "avg": "their mean was taken",
    "first": "the earliest was taken",
    "min": "the smallest was taken",
    "max": "the largest was taken",
}


def report_doubled(
    params: Params, collected: SeriesCollector, observed: int, look: SecondLook, report: Report
) -> int:
    """Warn of rows that repeat another, and of periods with rows that differ; how many rows are too many.

    Silent where the data come more often than the forecast's periods, or with no rhythm at all, as orders do:
    what falls into one period there is a part of it, unless it repeats a row where every stamp has but one.
    ``observed`` is how many periods have a row.
    """
    if collected.doubled.rows == observed:
        return 0  # each row has a period of its own
    declared, agreement = params.data_frequency, collected.anchor.agreement()
    finer = declared.seconds < params.frequency.seconds
    if finer and agreement.share == 1:
        return 0  # orders, stamped with their day alone and called finer to say that they are parts of it
    comes_once = collected.rhythm.keeps(declared) or (agreement.reached and not finer)
    if params.target.data_frequency and not finer:  # said to come once a period
        comes_once |= collected.doubled.rows <= TWICE * observed
    step = collected.rhythm.step
    if not comes_once and step is not None and step < declared.seconds and params.target.data_frequency:
        what = f"Most rows come every {span_in_words(step)}, more often than the DataFrequency, {declared}"
        report.note(f"{what}: those of one period are parts of it.")
    if not comes_once and (step is None or collected.rhythm.several):
        _report_copies(look.files, report)
        return 0
    found = collected.doubled.count()
    if not comes_once:  # rows of one period differ as they should: only repeated ones are too many
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
    """The first two rows of some periods of both kinds, those first that are doubled first."""
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
    """Where in the rising ``wanted`` each of ``given`` stands, or -1."""
    if not len(wanted):
        return np.full(len(given), -1)
    place = np.minimum(np.searchsorted(wanted, given), len(wanted) - 1)
    return np.where(wanted[place] == given, place, -1)


def _report_copies(files: Sequence[Source], report: Report) -> None:
    """Warn of files with the same bytes: all that can be said of rows that have no rhythm."""
    first: dict[tuple[str, int], str] = {}
    for file in files:
        if (other := first.setdefault((file.etag, file.size), file.key)) != file.key:
            what = f"it is the same file as {other}: its rows count twice"
            report.add(Problem("V06", "warning", what, "Delete one of them", file=file.key))


def _repeated(params: Params, found: Doubled, examples: list[Pair]) -> Problem:
    first, again = examples[0]
    rows = "row repeats" if found.repeated == 1 else "rows repeat"
    what = (
        f"{found.repeated:,} {rows} another one, with the same item, timestamp and value; the first is "
        f"{again.text(params.timestamp_format)}, as at {first.file} line {first.line:,}"
    )
    what += _between(examples) + _put_together(params)
    remedy = f"Send every row once{_where(examples)}{_clocks(params, examples)}{PARTS}"
    return Problem("V06", "warning", what, remedy, file=again.file, line=again.line, item=again.item)


def _differing(params: Params, found: Doubled, examples: list[Pair]) -> Problem:
    first, again = examples[0]
    stated, frequency = params.timestamp_format, params.data_frequency
    periods = f"period of {frequency} has" if found.differing == 1 else f"periods of {frequency} have"
    what = (
        f"{found.differing:,} {periods} several rows of one item that differ; in the first, "
        f"{first.text(stated)} and {again.text(stated)}"
    )
    what += _between(examples) + _put_together(params)
    remedy = f"Send one row for each item and period{_where(examples)}{_clocks(params, examples)}"
    if first.seconds != again.seconds:
        remedy += ", or say with TimeAlignmentBoundary where periods begin"
    remedy += f"; to take another of them, or their mean, set aggregation in Featurizations{PARTS}"
    return Problem("V06", "warning", what, remedy, file=again.file, line=again.line, item=again.item)


def _clocks(params: Params, examples: list[Pair]) -> str:
    """What to do where all of them are of an hour that comes twice."""
    if not params.data_frequency.has_time_of_day:
        return ""
    zones = [comes_twice(first.seconds, params.time_zone) for first, _ in examples]
    if None in zones or any(first.seconds != again.seconds for first, again in examples):
        return ""
    return (
        f"; clocks are set back then, as in {zones[0]}, and the hour comes twice: aggregation avg takes the "
        "mean, as of a load, sum adds up, as of what was sold"
    )


def _put_together(params: Params) -> str:
    return f"; {PUT_TOGETHER[params.filling.aggregation]} (aggregation), as Amazon Forecast does"


def _between(examples: list[Pair]) -> str:
    """Between which files, if the rows are of several."""
    files = sorted({place.file for pair in examples if pair[0].file != pair[1].file for place in pair})
    if not files:
        return ""
    named = listed(files[:FILES_NAMED])
    return f"; the rows lie in {named}" + (" and others" if len(files) > FILES_NAMED else "")


def _where(examples: list[Pair]) -> str:
    if not any(first.file != again.file for first, again in examples):
        return ""
    return "; if one file holds something else, such as prices, move it to related/ with a dataset of its own"
