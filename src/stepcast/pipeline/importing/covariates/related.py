"""Related series: from the files under related/ to features of each target series."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from stepcast.engine.arrays import Integers
from stepcast.engine.calendar import moment_of, period_of
from stepcast.pipeline import layout
from stepcast.pipeline.importing.columns.clock import Clock
from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.columns.timestamps import moment_text
from stepcast.pipeline.importing.entries.aggregate import Entries, in_order
from stepcast.pipeline.importing.entries.series_keys import SeriesKeys
from stepcast.pipeline.importing.entries.spill import Spill
from stepcast.pipeline.importing.files.field_statistics import Document, FieldStatistics
from stepcast.pipeline.importing.files.reading import Progress, rows_of, silent
from stepcast.pipeline.importing.files.rows import Rows
from stepcast.pipeline.importing.files.source import sources
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import LISTED_PER_RULE, Problem, Report
from stepcast.pipeline.shards import label

__all__ = ["RelatedSeries", "import_related"]

Key = tuple[str, ...]

CHUNK = 1_000  # series sorted at once


@dataclass
class RelatedSeries:
    """The rows of all related series, sorted, in a file; looked up by key.

    ``names``       of the features; ``latest`` the last period with a value for each.
    ``key_names``   columns that identify a series: the item and the forecast dimensions present.
    ``clock``       the local time of its timestamps, shared with the target.
    ``rows``        read without an error; ``statistics`` as in Imported.
    """

    names: tuple[str, ...]
    key_names: tuple[str, ...]
    path: Path
    clock: Clock
    keys: SeriesKeys
    latest: Integers
    rows: int = 0
    statistics: dict[str, Document] = field(default_factory=dict)
    _rank: Integers = field(default_factory=lambda: np.empty(0, np.int64))
    _offsets: Integers = field(default_factory=lambda: np.zeros(1, np.int64))
    _dtype: "np.dtype[np.void]" = field(default_factory=lambda: np.dtype([]))

    def number(self, key: Key) -> int | None:
        """The number of the series with this key, if there is one."""
        return self.keys.find(key)

    def load(self, numbers: Sequence[int]) -> list[Entries]:
        """The rows of the series with these numbers, in order of time."""
        found = []
        with self.path.open("rb") as file:
            for number in numbers:
                rank = self._rank[number]
                begin, stop = int(self._offsets[rank]), int(self._offsets[rank + 1])
                file.seek(begin * self._dtype.itemsize)
                found.append(np.fromfile(file, self._dtype, stop - begin))
        return found

    def sort(self, spill: Spill, files: Sequence[str], params: Params, report: Report) -> None:
        """Write the entries series by series; two of one period are an error."""
        order = self.keys.sorted()
        _, counts = spill.extents(len(order))
        self._rank = np.empty(len(order), np.int64)
        self._rank[order] = np.arange(len(order))
        self._offsets = np.concatenate([[0], np.cumsum(counts[order])])
        if not len(order) or not self._offsets[-1]:
            self.path.touch()
            return
        with self.path.open("wb") as sorted_file:
            for _, entries in spill.partitions(order, np.arange(0, len(order), CHUNK)):
                self._dtype = entries.dtype
                self._report_twice(entries, order, files, params, report)
                sorted_file.write(entries.tobytes())

    def _report_twice(
        self, entries: Entries, order: Integers, files: Sequence[str], params: Params, report: Report
    ) -> None:
        again = (entries["series"][1:] == entries["series"][:-1]) & (
            entries["period"][1:] == entries["period"][:-1]
        )
        places = np.flatnonzero(again) + 1
        for place in places[:LISTED_PER_RULE].tolist():
            entry = entries[place]
            (key,) = self.keys.at([int(order[entry["series"]])])
            period = moment_of(np.array([entry["period"]]), params.frequency).astype(np.int64)[0]
            when = moment_text(int(period), params.timestamp_format)
            what = f"two rows are in the {params.frequency} period that begins at {when}"
            report.add(
                Problem(
                    "V11", "error", what, self._remedy(params), file=files[entry["file"]], item=label(key)
                )
            )
        if len(places):
            alike = Problem("V11", "error", "", "", file=files[entries[int(places[0])]["file"]])
            report.count_more(alike, len(places) - LISTED_PER_RULE)

    def _remedy(self, params: Params) -> str:
        assert params.related is not None  # noqa: S101  # there are rows of it
        texts = {c.attribute_name for c in params.related.columns if c.attribute_type == "string"}
        if further := sorted(texts - set(self.key_names)):
            return f"Keep one row for each period, or add {', '.join(further)} to ForecastDimensions"
        return "Keep one row for each period; related series are not aggregated"


def import_related(
    s3: Any, bucket: str, params: Params, report: Report, scratch: Path, progress: Progress = silent
) -> RelatedSeries | None:
    """Read every file under ``related/``; problems go to ``report``. None if params.json has none of them.

    The rows are kept in ``scratch`` until it is removed: they need about as much space as the decompressed
    files, and temporarily twice that.
    """
    dataset = params.related
    if dataset is None:
        return None
    clock = Clock.of(params)
    schema = FileSchema.of(dataset, params.timestamp_format, clock)
    columns = {column.attribute_name for column in dataset.columns}
    key_names = tuple(name for name in params.series_key if name in columns)
    collector = _Collector(schema, dataset.features, key_names, params, scratch)
    statistics = FieldStatistics(schema, params.timestamp_format, ())
    found = sources(s3, bucket, layout.RELATED, report)
    for file, rows in rows_of(s3, bucket, found, schema, report, scratch, progress):
        statistics.update(rows)
        collector.add(rows, file)
    related = RelatedSeries(
        names=dataset.features,
        key_names=key_names,
        path=scratch / "related",
        clock=clock,
        keys=collector.keys,
        latest=collector.latest,
        rows=statistics.rows,
        statistics=statistics.documents(),
    )
    related.sort(collector.spill, collector.files, params, report)
    return related


class _Collector:
    """Collects rows in the order of the files, with the file of each."""

    def __init__(
        self,
        schema: FileSchema,
        features: tuple[str, ...],
        key: tuple[str, ...],
        params: Params,
        folder: Path,
    ) -> None:
        self.keys = SeriesKeys(len(key))
        self.spill = Spill(folder, in_order)
        self.files: list[str] = []
        self.latest = np.full(len(features), np.iinfo(np.int64).min)
        self._features = [schema.names.index(name) for name in features]
        self._key = [schema.names.index(name) for name in key]
        self._frequency = params.frequency
        self._dtype = [
            ("series", "<i4"),
            ("period", "<i8"),
            ("file", "<i4"),
            ("values", "<f8", (len(features),)),
        ]

    def add(self, rows: Rows, file: str) -> None:
        if not self.files or self.files[-1] != file:
            self.files.append(file)
        made = np.empty(len(rows.seconds), self._dtype)
        made["series"] = self.keys.number([rows.batch.column(place) for place in self._key])
        made["period"] = period_of(rows.seconds.view("datetime64[s]"), self._frequency)
        made["file"] = len(self.files) - 1
        for number, place in enumerate(self._features):
            cells = pc.cast(rows.batch.column(place), "float64", safe=False)
            made["values"][:, number] = cells.fill_null(float("nan")).to_numpy()
            known = made["period"][np.isfinite(made["values"][:, number])]
            if len(known):
                self.latest[number] = max(self.latest[number], int(known.max()))
        self.spill.append(made)
