"""Collects rows as entries of numbered series, and what must be known before they are written."""

from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stepcast.engine.arrays import Integers
from stepcast.engine.calendar import period_of
from stepcast.engine.frequency import Frequency
from stepcast.pipeline import layout
from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.columns.timestamps import moment_text
from stepcast.pipeline.importing.covariates.covariates import Covariates
from stepcast.pipeline.importing.entries.aggregate import combine, entries
from stepcast.pipeline.importing.entries.series_keys import SeriesKeys
from stepcast.pipeline.importing.entries.spill import Spill
from stepcast.pipeline.importing.files.rows import Rows
from stepcast.pipeline.importing.periods.anchor import Anchor
from stepcast.pipeline.importing.periods.clock_changes import ClockChanges
from stepcast.pipeline.importing.periods.doubled_rows import DoubledRows
from stepcast.pipeline.importing.periods.last_period import LastPeriods
from stepcast.pipeline.importing.periods.occupancy import Occupancy
from stepcast.pipeline.importing.periods.rhythm import Rhythm
from stepcast.pipeline.importing.target.target_rows import TargetRows
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report
from stepcast.pipeline.shards import label

__all__ = ["SeriesCollector"]


class SeriesCollector:
    """Collects rows in the order of the files; a row without a target value only adds its key.

    ``keys``      the series found so far.
    ``spill``     their entries.
    ``occupancy``, ``last_periods``, ``clock_changes``, ``anchor``, ``rhythm``, ``doubled``  observations on
                  their timestamps.
    ``earliest``, ``latest``  timestamp and file of the first and last value, as ``"2014-01-31 in
                              train/a.csv"``.
    """

    def __init__(self, params: Params, schema: FileSchema, folder: Path) -> None:
        self.keys = SeriesKeys(len(params.series_key))
        self.spill = Spill(folder, partial(combine, aggregation=params.filling.aggregation))
        self.anchor, self.rhythm, self.occupancy = Anchor(params.frequency), Rhythm(), Occupancy()
        self.last_periods = LastPeriods(params.frequency)
        self.clock_changes = ClockChanges(params.frequency, params.time_zone)
        self.doubled = DoubledRows(params.data_frequency, folder)
        self._edges: list[tuple[int, str]] = []  # moment and file of the first and the last value
        self._stated = params.timestamp_format
        self._key = [schema.names.index(name) for name in params.series_key]
        assert schema.target is not None  # noqa: S101  # these are the target's files
        self._target = schema.target
        measures = (*self._key, schema.timestamp, schema.target)
        self._dimensions = [place for place in range(len(schema.columns)) if place not in measures]
        self._asked = params.predictor.time_alignment_boundary is not None
        self._frequency, self._aggregation = params.frequency, params.filling.aggregation

    def add(self, rows: Rows, file: str) -> None:
        found = self.rows(rows)
        series, values, seconds = found.series, found.values, found.seconds
        if not len(series):
            return
        periods = period_of(seconds.view("datetime64[s]"), self._frequency)
        self.spill.append(entries(series, periods, values, seconds, self._aggregation))
        self.occupancy.add(periods)
        self.last_periods.add(seconds, periods)
        self.clock_changes.add(periods)
        self.anchor.add(seconds, periods)
        self.rhythm.add(series, seconds, values)
        self.doubled.add(series, found.dimensions, seconds, values)
        edges = [*self._edges, (int(seconds.min()), file), (int(seconds.max()), file)]
        self._edges = [min(edges), max(edges)]

    def rows(self, rows: Rows) -> TargetRows:
        """The rows that have a value."""
        series = self.keys.number([rows.batch.column(place) for place in self._key])
        values, present = _present(rows.batch.column(self._target))
        dimensions = [rows.batch.column(place) for place in self._dimensions]
        if present.all():
            return TargetRows(present, series, rows.seconds, values, tuple(dimensions))
        mask = pa.array(present)
        return TargetRows(
            present,
            series[present],
            rows.seconds[present],
            values[present],
            tuple(column.filter(mask) for column in dimensions),
        )

    @property
    def frequency(self) -> Frequency:
        """The forecast's frequency, with the stamp on which the rows agree."""
        return self.anchor.frequency(self._asked)

    @property
    def empty(self) -> bool:
        """Whether no row with a value was found."""
        return not self._edges

    @property
    def end(self) -> int:
        """The last period with a value; undefined for an empty collection."""
        return self.spill.end

    @property
    def earliest(self) -> str:
        return self._edge(0)

    @property
    def latest(self) -> str:
        return self._edge(1)

    def series(self, covariates: Covariates, report: Report) -> tuple[Integers, Integers]:
        """The numbers of the series, in the order of their keys, and their lengths in periods.

        Series without a value are omitted with a warning, unless they are new items of ``covariates``, which
        have length 0. Undefined for an empty collection.
        """
        order = self.keys.sorted()
        _, counts = self.spill.extents(len(order))
        new = set(covariates.new_keys(self.keys.at(order[counts[order] > 0]), report))
        without = order[counts[order] == 0]
        left_out = {key for key in self.keys.at(without) if key not in new}
        for key in sorted(left_out):
            report.add(_no_value(key))
        self.keys.add(sorted(new))
        order = self.keys.sorted()
        if left_out:
            kept = [key not in left_out for key in self.keys.at(order)]
            order = order[np.array(kept, bool)]
        first, counts = self.spill.extents(len(self.keys))
        return order, np.where(counts[order] > 0, self.end - first[order] + 1, 0)

    def _edge(self, which: int) -> str:
        seconds, file = self._edges[which]
        return f"{moment_text(seconds, self._stated)} in {file}"


def _present(target: pa.Array) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The target as numbers, and which of them are present."""
    values = pc.cast(target, pa.float64(), safe=False).fill_null(float("nan")).to_numpy()
    return values, ~np.isnan(values)


def _no_value(key: tuple[str, ...]) -> Problem:
    what = "none of its rows has a value, so it is omitted from the forecast"
    return Problem("V13", "warning", what, "Send its history", file=layout.TRAIN, item=label(key))
