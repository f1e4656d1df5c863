"""Covariates of the target series, aligned with them shard by shard and checked."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.panel import Metadata, Panel
from stepcast.pipeline import layout
from stepcast.pipeline.algorithm_support import support_of
from stepcast.pipeline.importing.covariates.aligned import Alignment
from stepcast.pipeline.importing.covariates.metadata import ItemMetadata
from stepcast.pipeline.importing.covariates.related import RelatedSeries
from stepcast.pipeline.importing.entries.alike import Alike
from stepcast.pipeline.importing.quoting import listed
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report
from stepcast.pipeline.shards import label

__all__ = ["Covariates"]

Key = tuple[str, ...]

MOST_COMBINATIONS = 100  # of dimensions for which a new item is forecast


@dataclass
class Covariates:
    """Related series and item metadata of one import; either may be missing.

    ``skipped``  periods that do not exist in local time: no related row can have them.
    """

    params: Params
    related: RelatedSeries | None = None
    metadata: ItemMetadata | None = None
    skipped: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    _without: list[str] = field(default_factory=list)  # names without a related series
    _historical: tuple[str, ...] = ()  # features that are not known in advance
    _alike: Alike | None = None  # the metadata's items; created if an item is missing there
    _unknown: set[str] = field(default_factory=set)  # items missing from the metadata

    @property
    def features(self) -> int:
        """The number of features in each period, in addition to the target."""
        return len(self.related.names) if self.related is not None else 0

    def new_keys(self, keys: Iterable[Key], report: Report) -> list[Key]:
        """Series of the items that appear only in the metadata; ``keys`` are the series with a history.

        With forecast dimensions, these are the combinations in the item's related series, if those have all
        dimensions; otherwise, the combinations that occur in the target, the most frequent first.
        """
        if self.metadata is None:
            return []
        combinations: Counter[Key] = Counter()
        items = set()
        for item, *dimensions in keys:
            items.add(item)
            combinations[tuple(dimensions)] += 1
        new = [item for item in self.metadata.items if item not in items]
        if not new:
            return []
        report.note(
            f"These items appear only in the metadata and are forecast without a history: {listed(new)}"
        )
        name, support = support_of(self.params.predictor.algorithm_arn)
        if not support.new_items:
            report.add(_no_new_items(name, new))
        if (header := self.metadata.likely_header(new)) is not None:
            report.add(_likely_header(*header, self.params.target.identifier))
        own = self._combinations_in_related(set(new))
        usual = sorted(combinations, key=lambda one: (-combinations[one], one))
        if len(usual) > MOST_COMBINATIONS and any(item not in own for item in new):
            report.add(_too_many(len(usual)))
        usual = usual[:MOST_COMBINATIONS]
        return [(item, *dimensions) for item in new for dimensions in own.get(item, usual)]

    def _combinations_in_related(self, items: set[str]) -> dict[str, list[Key]]:
        """Dimensions of the related series of ``items``; empty if these do not have all dimensions."""
        found: dict[str, list[Key]] = {}
        if self.related is not None and self.related.key_names == self.params.series_key:
            for item, *dimensions in self.related.keys:
                if item in items:
                    found.setdefault(item, []).append(tuple(dimensions))
        return found

    def aligned(self, keys: Sequence[Key], panel: Panel, report: Report) -> Panel:
        """``panel`` with its covariates; its series are those of ``keys``."""
        if self.metadata is not None:
            panel = replace(panel, metadata=self._metadata(keys, panel, self.metadata, report))
        if self.related is not None:
            alignment = Alignment(self.params, self.related, panel.end, panel.frequency, self.skipped)
            related, without = alignment.aligned(keys, panel, report)
            self._without += without
            self._historical = alignment.historical
            panel = replace(panel, related=related)
        return panel

    def conclude(self, report: Report) -> None:
        """Warn of missing covariates that are not errors, and of those that the algorithm cannot use."""
        name, support = support_of(self.params.predictor.algorithm_arn)
        if support.related and not support.historical and self._historical:
            report.add(_only_historical(name, self._historical))
        if self._without:
            count = len(self._without)
            some = "1 series has" if count == 1 else f"{count:,} series have"
            what = f"{some} no related series and will be forecast without them"
            remedy = "Send related series for every item in train/"
            alike = Alike(map(label, self.related.keys), layout.RELATED) if self.related is not None else None
            hinted = ((name, alike.hint(name)) for name in self._without) if alike is not None else ()
            example, hint = next((pair for pair in hinted if pair[1]), (self._without[0], ""))
            what += f"; for example {example!r}{hint}"
            if hint:
                remedy = "Spell the names exactly as in train/"
            report.add(Problem("V11", "warning", what, remedy, file=layout.RELATED))

    def _metadata(
        self, keys: Sequence[Key], panel: Panel, metadata: ItemMetadata, report: Report
    ) -> Metadata:
        """The item's attributes and the dimensions, because series of one place are also similar."""
        rows = []
        for key, values in zip(keys, panel.values, strict=True):
            own = metadata.of(key[0])
            if own is None and len(values) and key[0] not in self._unknown:
                self._unknown.add(key[0])
                self._alike = self._alike or Alike(metadata.items, layout.METADATA)
                report.add(_no_metadata(key[0], self._alike.hint(key[0])))
            rows.append((*(own or ("",) * len(metadata.names)), *key[1:]))
        return Metadata((*metadata.names, *self.params.series_key[1:]), tuple(rows))


def _no_metadata(item: str, hint: str) -> Problem:
    what = f"the item is in train/ but not in the metadata{hint}"
    remedy = "Spell the name exactly as in train/" if hint else "Add a row for it"
    return Problem("V12", "error", what, remedy, file=layout.METADATA, item=item)


def _likely_header(file: str, item: str, identifier: str) -> Problem:
    what = f"the first row has {item!r}, which is not in train/ and is forecast as an item without a history"
    remedy = f"If the row is a header, name its item column {identifier!r}, or remove the row"
    return Problem("V12", "warning", what, remedy, file=file, line=1, item=item)


def _no_new_items(algorithm: str, new: Sequence[str]) -> Problem:
    what = f"{algorithm} forecasts zero for items without a history: {listed(new)}"
    remedy = "Use PerformAutoML: true or CNN-QR, which forecast them like similar items, or remove their rows"
    return Problem("V16", "warning", what, remedy, file=layout.METADATA)


def _only_historical(algorithm: str, names: Sequence[str]) -> Problem:
    what = (
        f"{algorithm} does not use {listed(names)}: it takes only related series that have values over the "
        "forecast horizon"
    )
    remedy = "Send the values up to the end of the horizon, or use CNN-QR or PerformAutoML: true"
    return Problem("V16", "warning", what, remedy, file=layout.RELATED)


def _too_many(count: int) -> Problem:
    what = (
        f"the target has {count:,} combinations of the forecast's dimensions; items without history are "
        f"forecast for the {MOST_COMBINATIONS} most frequent combinations"
    )
    remedy = "Send related series with all dimensions to define the combinations of each new item"
    return Problem("V12", "warning", what, remedy, file=layout.METADATA)
