"""History outside of the bounds that params.json declares: no forecast could keep both."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.calendar import period_of, stamp_of
from stepcast.engine.known_bounds import bound_of
from stepcast.engine.panel import Panel
from stepcast.pipeline import layout
from stepcast.pipeline.importing.checks.second_look import Place, SecondLook
from stepcast.pipeline.importing.columns.timestamps import moment_text
from stepcast.pipeline.importing.target.target_rows import TargetRows
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import PLACES, Problem, Report

__all__ = ["BoundsCheck"]

SIDES = (("minimum", "below", np.less), ("maximum", "above", np.greater))


@dataclass(frozen=True)
class Wrong:
    """Values of the series at ``place`` of its panel that lie outside its ``limit`` on one ``side``.

    ``first``  the index of the earliest of them; ``count`` of them, up to ``extreme``.
    """

    place: int
    side: str
    word: str
    limit: float
    first: int
    count: int
    extreme: float


@dataclass
class BoundsCheck:
    """Looks at every shard before it is stored. ``look`` finds the rows of the first wrong periods."""

    params: Params
    look: SecondLook
    _told: set[tuple[str, str]] = field(default_factory=set)  # items whose attribute was complained about
    _located: int = 0

    def __call__(self, series: Integers, panel: Panel, report: Report) -> None:
        """Add to ``report`` what of ``panel`` lies outside; ``series`` are its series' numbers.

        V12 for an attribute that holds no bound, V05 for values, one problem for each series and side.
        """
        if not self.params.bounds:
            return
        limits = [self._limits(panel, side, report) for side, _, _ in SIDES]
        for place in np.flatnonzero(limits[0] >= limits[1]).tolist():
            what = f"the minimum is {limits[0][place]:g} and the maximum {limits[1][place]:g}"
            remedy = "Correct the metadata: the minimum must be less than the maximum"
            self._tell(panel.ids[place], what, remedy, report)
        wrong = []
        for limit, (side, word, outside) in zip(limits, SIDES, strict=True):
            for place, values in enumerate(panel.values):
                found = np.flatnonzero(outside(values, limit[place]))
                if len(found):
                    extreme = values[found].min() if side == "minimum" else values[found].max()
                    facts = (float(limit[place]), int(found[0]), len(found), float(extreme))
                    wrong.append(Wrong(place, side, word, *facts))
        places = self._places(panel, series, wrong)
        for one in wrong:
            report.add(self._problem(panel, one, places.get(one)))

    def _limits(self, panel: Panel, side: str, report: Report) -> Floats:
        none = -np.inf if side == "minimum" else np.inf
        given = getattr(self.params.bounds, side)
        result = np.full(len(panel), none if given is None or isinstance(given, str) else given)
        if isinstance(given, str) and panel.metadata is not None:
            column = panel.metadata.names.index(given)
            for place, texts in enumerate(panel.metadata.values):
                number = bound_of(texts[column])
                if number is not None:
                    result[place] = number
                    continue
                what = f"{given} is {texts[column]!r}" if texts[column] else f"{given} is missing"
                what += f", and it is the {side} of the forecast"
                remedy = f"Write a number, or remove {side.capitalize()}Attribute from Predictor.Bounds"
                self._tell(panel.ids[place], what, remedy, report)
        return result

    def _tell(self, item: str, what: str, remedy: str, report: Report) -> None:
        if (item, what) not in self._told:
            self._told.add((item, what))
            report.add(Problem("V12", "error", what, remedy, file=layout.METADATA, item=item))

    def _places(self, panel: Panel, series: Integers, wrong: Sequence[Wrong]) -> dict[Wrong, Place]:
        """The first row of the first wrong period, of some of the series."""
        wanted: dict[tuple[int, int], Wrong] = {}
        for one in wrong:
            if self._located < PLACES and panel.observed[one.place][one.first]:
                self._located += 1
                wanted[int(series[one.place]), _period(panel, one)] = one
        if not wanted:
            return {}
        keys = np.array(sorted(wanted), np.int64)

        def marks(rows: TargetRows) -> tuple[Integers, Integers]:
            periods = period_of(rows.seconds.view("datetime64[s]"), self.params.frequency)
            row, key = np.nonzero((rows.series[:, None] == keys[:, 0]) & (periods[:, None] == keys[:, 1]))
            return row, key

        places: dict[Wrong, Place] = {}
        for row in self.look.places(marks):
            number, period = keys[row.mark].tolist()
            places.setdefault(wanted[number, period], row)
            if len(places) == len(wanted):
                break
        return places

    def _problem(self, panel: Panel, wrong: Wrong, row: Place | None) -> Problem:
        value = panel.values[wrong.place][wrong.first]
        stamp = int(stamp_of(np.array([_period(panel, wrong)]), panel.frequency).astype(np.int64)[0])
        when = moment_text(stamp, self.params.timestamp_format)
        given, side = getattr(self.params.bounds, wrong.side), wrong.side
        lies = f"is {wrong.word} the {side}, {wrong.limit:g}"
        if isinstance(given, str):
            lies += f" ({given} in the metadata)"
            change = f"correct {given} in the metadata"
        else:
            further = "less" if side == "minimum" else "more"
            change = f"set Predictor.Bounds.{side.capitalize()} to {wrong.extreme:g} or {further}"
        if panel.observed[wrong.place][wrong.first]:
            what, remedy = f"{value:g} at {when} {lies}", f"Correct the value, or {change}"
        else:
            what = f"the gap at {when} is filled with {value:g}, which {lies}"
            remedy = f"Set middlefill and backfill to nan or another method in Featurizations, or {change}"
        if (more := wrong.count - 1) > 0:
            values = "value" if more == 1 else "values"
            what += f"; the series has {more:,} more such {values}, up to {wrong.extreme:g}"
        file, line = (row.file, row.line) if row else (layout.TRAIN, None)
        return Problem("V05", "error", what, remedy, file=file, line=line, item=panel.ids[wrong.place])


def _period(panel: Panel, wrong: Wrong) -> int:
    return panel.end - len(panel.values[wrong.place]) + 1 + wrong.first
