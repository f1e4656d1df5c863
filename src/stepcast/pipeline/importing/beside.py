"""What is known of the target's series besides their values, laid beside them shard by shard and checked."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.calendar import moment_of
from stepcast.engine.panel import Metadata, Panel, Related
from stepcast.pipeline import layout
from stepcast.pipeline.importing.item_traits import ItemTraits
from stepcast.pipeline.importing.related import RelatedSeries
from stepcast.pipeline.importing.related_filling import Feature, fill_feature
from stepcast.pipeline.importing.timestamps import moment_text
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report
from stepcast.pipeline.shards import label

__all__ = ["Beside"]

Floats = NDArray[np.float64]
Key = tuple[str, ...]

MOST_COMBINATIONS = 100  # of dimensions that a new item is forecast for
LATE_START = (
    "There are item/dimension combinations where the related time series start date is later than target "
    "time series"  # the service's own words
)


@dataclass
class Beside:
    """Related series and item metadata of one import; either may be missing."""

    params: Params
    related: RelatedSeries | None = None
    traits: ItemTraits | None = None
    _without: list[str] = field(default_factory=list)  # labels of series that have no related series
    _unknown: set[str] = field(default_factory=set)  # items that the metadata does not have

    @property
    def features(self) -> int:
        """How many numbers each period has besides the target."""
        return len(self.related.names) if self.related is not None else 0

    def new_keys(self, keys: Iterable[Key], report: Report) -> list[Key]:
        """Series of the items that are in the metadata only; ``keys`` are those with a history.

        With forecast dimensions: the combinations that the related series have for the item, if they tell
        series apart by all dimensions; else those that occur in the target, the most frequent first.
        """
        if self.traits is None:
            return []
        combinations: Counter[Key] = Counter()
        items = set()
        for item, *dimensions in keys:
            items.add(item)
            combinations[tuple(dimensions)] += 1
        new = [item for item in self.traits.items if item not in items]
        if not new:
            return []
        own = self._combinations_in_related(set(new))
        usual = sorted(combinations, key=lambda one: (-combinations[one], one))
        if len(usual) > MOST_COMBINATIONS and any(item not in own for item in new):
            report.add(_too_many(len(usual)))
        usual = usual[:MOST_COMBINATIONS]
        return [(item, *dimensions) for item in new for dimensions in own.get(item, usual)]

    def _combinations_in_related(self, items: set[str]) -> dict[str, list[Key]]:
        """Dimensions of the related series of ``items``; empty where these do not tell all series apart."""
        found: dict[str, list[Key]] = {}
        if self.related is not None and self.related.key_names == self.params.series_key:
            for item, *dimensions in self.related.keys:
                if item in items:
                    found.setdefault(item, []).append(tuple(dimensions))
        return found

    def laid(self, keys: Sequence[Key], panel: Panel, report: Report) -> Panel:
        """``panel`` with what is known besides; its series are those of ``keys``."""
        if self.traits is not None:
            panel = replace(panel, metadata=self._metadata(keys, panel, self.traits, report))
        if self.related is not None:
            panel = replace(panel, related=self._related(keys, panel, self.related, report))
        return panel

    def conclude(self, report: Report) -> None:
        """Warn of what is missing without being wrong."""
        if self._without:
            what = f"{len(self._without):,} series have no related series: they are forecast without"
            what += f"; for example {self._without[0]!r}"
            remedy = "Send related series of every item that is in train/"
            report.add(Problem("V11", "warning", what, remedy, file=layout.RELATED))

    def _metadata(self, keys: Sequence[Key], panel: Panel, traits: ItemTraits, report: Report) -> Metadata:
        """The item's attributes, and the dimensions: what sells in one place is alike, too."""
        rows = []
        for key, values in zip(keys, panel.values, strict=True):
            own = traits.of(key[0])
            if own is None and len(values) and key[0] not in self._unknown:
                self._unknown.add(key[0])
                report.add(_no_metadata(key[0]))
            rows.append((*(own or ("",) * len(traits.names)), *key[1:]))
        return Metadata((*traits.names, *self.params.series_key[1:]), tuple(rows))

    def _related(self, keys: Sequence[Key], panel: Panel, related: RelatedSeries, report: Report) -> Related:
        params, horizon = self.params, self.params.predictor.forecast_horizon
        places = [params.series_key.index(name) for name in related.key_names]
        own = [related.number(tuple(key[place] for place in places)) for key in keys]
        numbers = sorted({number for number in own if number is not None})
        loaded = related.load(numbers)
        ahead = [bool(latest > panel.end) for latest in related.latest]
        first = {number: int(rows["period"][0]) for number, rows in zip(numbers, loaded, strict=True)}
        series = np.repeat(np.arange(len(loaded)), [len(rows) for rows in loaded])
        together = np.concatenate(loaded) if loaded else None
        filled: list[Sequence[Feature | None]] = []
        for place, name in enumerate(related.names):
            stop = panel.end + horizon if ahead[place] else panel.end
            if together is None:
                filled.append([])
                continue
            values = together["values"][:, place]
            filling = params.related_filling(name)
            filled.append(
                fill_feature(series, together["period"], values, panel.end, stop, filling, len(loaded))
            )
        made = []
        where = {number: place for place, number in enumerate(numbers)}
        for key, number, values in zip(keys, own, panel.values, strict=True):
            table = np.full((len(related.names), len(values) + horizon), np.nan)
            made.append(table)
            if number is None:
                self._without.append(label(key))
                continue
            begin = panel.end - len(values) + 1
            for place, features in enumerate(filled):
                _lay(features[where[number]], table[place], begin)
            if len(values) and first[number] > begin:
                report.add(self._late(key, first[number], begin))
                continue
            for place, name in enumerate(related.names):
                self._check_whole(key, name, table[place], begin, panel.end, ahead[place], report)
        return Related(related.names, tuple(made), horizon)

    def _check_whole(
        self, key: Key, name: str, values: Floats, begin: int, end: int, ahead: bool, report: Report
    ) -> None:
        """V11: nothing is missing after filling, to the end of the target or of a horizon that is known."""
        wanted = values if ahead else values[: end - begin + 1]
        missing = np.flatnonzero(~np.isfinite(wanted))
        if not len(missing):
            return
        first, count = int(missing[0]), len(missing)
        when = self._when(begin + first)
        if ahead and first + count == len(wanted):  # all of them at the end
            what = (
                f"{name!r} is known ahead for other items, but ends here before {when}; it must reach to "
                f"{self._when(begin + len(wanted) - 1)}, the end of the forecast, for every item"
            )
            remedy = f"Send its values, or a futurefill of {name!r} in Featurizations"
        else:
            what = f"{name!r} has no value in {count:,} of its periods, the first at {when}"
            kinds = "middlefill, backfill or futurefill" if ahead else "middlefill or backfill"
            remedy = f"Send its values, or a {kinds} of {name!r} in Featurizations"
        report.add(Problem("V11", "error", what, remedy, file=layout.RELATED, item=label(key)))

    def _late(self, key: Key, first: int, begin: int) -> Problem:
        what = f"{LATE_START}: they begin at {self._when(first)} and {self._when(begin)}"
        remedy = "Send the related series from the first row of the target on"
        return Problem("V11", "error", what, remedy, file=layout.RELATED, item=label(key))

    def _when(self, period: int) -> str:
        seconds = int(moment_of(np.array([period]), self.params.frequency).astype(np.int64)[0])
        return moment_text(seconds, self.params.timestamp_format)


def _lay(feature: Feature | None, row: Floats, begin: int) -> None:
    """Copy what of ``feature`` lies in ``row``, whose first place is period ``begin``."""
    if feature is None:
        return
    skip, place = max(begin - feature.first, 0), max(feature.first - begin, 0)
    part = feature.values[skip : skip + max(len(row) - place, 0)]
    row[place : place + len(part)] = part


def _no_metadata(item: str) -> Problem:
    what = "the item is in train/, but not in the metadata"
    return Problem("V12", "error", what, "Add a row for it", file=layout.METADATA, item=item)


def _too_many(count: int) -> Problem:
    what = (
        f"the target has {count:,} combinations of the forecast's dimensions: items without history are "
        f"forecast for the {MOST_COMBINATIONS} most frequent ones"
    )
    remedy = "Send related series with all dimensions: they say which combinations a new item has"
    return Problem("V12", "warning", what, remedy, file=layout.METADATA)
