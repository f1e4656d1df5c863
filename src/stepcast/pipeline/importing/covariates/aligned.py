"""Related series aligned with the target series of one shard; those that do not fit are reported."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.arrays import Floats
from stepcast.engine.calendar import stamp_of
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel, Related
from stepcast.pipeline import layout
from stepcast.pipeline.importing.columns.timestamps import moment_text
from stepcast.pipeline.importing.covariates.related import RelatedSeries
from stepcast.pipeline.importing.covariates.related_filling import Feature, fill_feature
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report
from stepcast.pipeline.shards import label

__all__ = ["Alignment"]

Key = tuple[str, ...]

LATE_START = (
    "There are item/dimension combinations where the related time series start date is later than target "
    "time series"  # the service's own words
)


@dataclass(frozen=True)
class Alignment:
    """Aligns related series with the target.

    ``end`` is the target's last period: a feature with any value after it is known in advance.

    ``skipped`` are periods that do not exist in local time: they take the previous value.
    """

    params: Params
    related: RelatedSeries
    end: int
    frequency: Frequency
    skipped: NDArray[np.int64]

    @property
    def horizon(self) -> int:
        return self.params.predictor.forecast_horizon

    @property
    def historical(self) -> tuple[str, ...]:
        """The features that are not known in advance."""
        return tuple(name for place, name in enumerate(self.related.names) if not self._ahead(place))

    def aligned(self, keys: Sequence[Key], panel: Panel, report: Report) -> tuple[Related, list[str]]:
        """Features aligned with the series of ``keys``; names of series with a history but no features."""
        names = self.related.names
        places = [self.params.series_key.index(name) for name in self.related.key_names]
        named = [tuple(key[place] for place in places) for key in keys]
        own = [self.related.number(name) for name in named]
        found = self._filled(sorted({number for number in own if number is not None}))
        tables, without = [], []
        for key, name, number, values in zip(keys, named, own, panel.values, strict=True):
            table = np.full((len(names), len(values) + self.horizon), np.nan)
            tables.append(table)
            if number is None:
                without += [label(name)] * (len(values) > 0)
                continue
            first, features = found[number]
            begin = self.end - len(values) + 1
            for feature, row in zip(features, table, strict=True):
                _lay(feature, row, begin)
                for place in (self.skipped - begin)[(self.skipped > begin)].tolist():
                    if place < len(row) and np.isnan(row[place]):
                        row[place] = row[place - 1]
            if len(values) and first > begin:
                report.add(self._late(key, first, begin))
            else:
                for place, row in enumerate(table):
                    self._check_whole(key, place, row, begin, report)
        return Related(names, tuple(tables), self.horizon), without

    def _filled(self, numbers: list[int]) -> dict[int, tuple[int, list[Feature | None]]]:
        """For each number of a related series, its first period and its features."""
        loaded = self.related.load(numbers)
        if not loaded:
            return {}
        together = np.concatenate(loaded)
        series = np.repeat(np.arange(len(loaded)), [len(rows) for rows in loaded])
        by_feature = [
            fill_feature(
                series,
                together["period"],
                together["values"][:, place],
                self.end,
                self.end + self.horizon if self._ahead(place) else self.end,
                self.params.related_filling(name),
                len(loaded),
            )
            for place, name in enumerate(self.related.names)
        ]
        return {
            number: (int(rows["period"][0]), [features[place] for features in by_feature])
            for place, (number, rows) in enumerate(zip(numbers, loaded, strict=True))
        }

    def _ahead(self, place: int) -> bool:
        return bool(self.related.latest[place] > self.end)

    def _check_whole(self, key: Key, place: int, values: Floats, begin: int, report: Report) -> None:
        """V11: no value is missing after filling, up to the end of the target or of a known horizon."""
        name, ahead = self.related.names[place], self._ahead(place)
        wanted = values if ahead else values[: self.end - begin + 1]
        missing = np.flatnonzero(~np.isfinite(wanted))
        if not len(missing):
            return
        first, count = int(missing[0]), len(missing)
        when = self._when(begin + first)
        if ahead and first + count == len(wanted):  # all of them at the end
            what = (
                f"{name!r} is known in advance for other items, but here has no value from {when}; for every "
                f"item it must extend to {self._when(begin + len(wanted) - 1)}, the end of the forecast"
            )
            remedy = f"Send the values, or set futurefill for {name!r} in Featurizations"
        else:
            what = f"{name!r} has no value in {count:,} of its periods, the first at {when}"
            kinds = "middlefill, backfill or futurefill" if ahead else "middlefill or backfill"
            remedy = f"Send the values, or set {kinds} for {name!r} in Featurizations"
        report.add(Problem("V11", "error", what, remedy, file=layout.RELATED, item=label(key)))

    def _late(self, key: Key, first: int, begin: int) -> Problem:
        what = f"{LATE_START}: they start at {self._when(first)} and {self._when(begin)}"
        remedy = "Send related series that start no later than the first row of the target"
        return Problem("V11", "error", what, remedy, file=layout.RELATED, item=label(key))

    def _when(self, period: int) -> str:
        seconds = int(stamp_of(np.array([period]), self.frequency).astype(np.int64)[0])
        return moment_text(seconds, self.params.timestamp_format)


def _lay(feature: Feature | None, row: Floats, begin: int) -> None:
    """Copy the part of ``feature`` that overlaps ``row``, whose first element is period ``begin``."""
    if feature is None:
        return
    skip, place = max(begin - feature.first, 0), max(feature.first - begin, 0)
    part = feature.values[skip : skip + max(len(row) - place, 0)]
    row[place : place + len(part)] = part
