"""Covariates of a series: related series, holidays, and the categories of its item."""

from dataclasses import dataclass, replace

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.series.pooled_effects import PooledEffects
from stepcast.engine.holidays import holiday_columns
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task

__all__ = ["CovariateEncoder", "Covariates", "fit_encoder"]


MOST_CATEGORIES = 255  # of an attribute, the most frequent ones; the rest count as unknown
FEWEST_ITEMS = 2  # that share a category: one of a single item teaches nothing about others


@dataclass(frozen=True)
class Covariates:
    """Covariates of one series; column i of the arrays is the period of the series' own value i.

    ``related``   (features, time + ahead) as CovariateEncoder scales them, nan unknown.
    ``forward``   which features are known after the end.
    ``holidays``  (time + ahead, columns), and their ``labels``; the first counts any.
    ``codes``     (attributes,) number of the item's category; nan unknown.
    ``features``  names of the related features.
    ``pooled_effects``  the features' effects pooled over the panel; None without any.
    """

    features: tuple[str, ...]
    related: Floats
    forward: tuple[bool, ...]
    labels: tuple[str, ...]
    holidays: Floats
    codes: Floats
    ahead: int
    pooled_effects: PooledEffects | None = None

    @property
    def explains(self) -> bool:
        """Whether there is anything that changes from period to period."""
        return bool(self.features or self.labels)

    def part(self, begin: int, stop: int, length: int) -> "Covariates":
        """Of the values ``begin`` to before ``stop`` of ``length``: what was known there and then.

        Features that are known ahead stay so; of the others nothing after ``stop`` is left.
        """
        if (begin, stop) == (0, length):
            return self
        last = stop + self.ahead
        related = self.related[:, begin:last]
        historical = ~np.array(self.forward, bool)
        if stop < length and historical.any():
            related = related.copy()
            related[historical, stop - begin :] = np.nan
        return replace(self, related=related, holidays=self.holidays[begin:last])


@dataclass(frozen=True)
class CovariateEncoder:
    """How covariates are encoded: fixed by the sample, so that all shards encode alike.

    ``features``    related features; ``forward`` those known ahead; ``logs`` those taken as logarithms, as
                    prices are; ``scales`` what the others are divided by.
    ``attributes``  of the items; ``categories`` the texts of each that have a number, in its order.
    ``countries``   whose holidays are looked at.
    """

    features: tuple[str, ...]
    forward: tuple[bool, ...]
    logs: tuple[bool, ...]
    scales: tuple[float, ...]
    attributes: tuple[str, ...]
    categories: tuple[tuple[str, ...], ...]
    countries: tuple[str, ...]

    def encode(self, panel: Panel, horizon: int) -> list[Covariates | None]:
        """One for each series of ``panel``; None throughout if there is nothing to read."""
        if not (self.features or self.attributes or self.countries):
            return [None] * len(panel)
        longest = max(map(len, panel.values), default=0)
        labels: tuple[str, ...] = ()
        holidays = np.empty((longest + horizon, 0))
        if self.countries:
            periods = panel.end - longest + 1 + np.arange(longest + horizon)
            found = holiday_columns(self.countries, periods, panel.frequency)
            labels, holidays = found.names, found.values
        return [
            Covariates(
                self.features,
                self._related(panel, place, horizon),
                self.forward,
                labels,
                holidays[longest - len(values) :],
                self._codes(panel, place),
                horizon,
            )
            for place, values in enumerate(panel.values)
        ]

    def _related(self, panel: Panel, place: int, horizon: int) -> Floats:
        length = len(panel.values[place])
        made = np.full((len(self.features), length + horizon), np.nan)
        if panel.related is None:
            return made
        given = panel.related.values[place]
        for row, name in enumerate(self.features):
            if name in panel.related.names:
                raw = given[panel.related.names.index(name)]
                known = raw[: length + horizon] if self.forward[row] else raw[:length]
                made[row, : len(known)] = self._scaled(known, row)
        return made

    def _scaled(self, values: Floats, row: int) -> Floats:
        values = np.where(np.isfinite(values), values, np.nan)
        if not self.logs[row]:
            return values / self.scales[row]
        return np.log(np.where(values > 0, values, np.nan))

    def _codes(self, panel: Panel, place: int) -> Floats:
        made = np.full(len(self.attributes), np.nan)
        if panel.metadata is None:
            return made
        own = dict(zip(panel.metadata.names, panel.metadata.values[place], strict=True))
        for column, (name, categories) in enumerate(zip(self.attributes, self.categories, strict=True)):
            if own.get(name, "") in categories:
                made[column] = categories.index(own[name])
        return made


def fit_encoder(sample: Panel, task: Task) -> CovariateEncoder:
    """Look at the sample: which features are known ahead, how large they are, which categories there are."""
    features: list[tuple[str, bool, bool, float]] = []
    if sample.related is not None:
        for row, name in enumerate(sample.related.names):
            forward, logs, scale = _kind(sample, row)
            if scale > 0:
                features.append((name, forward, logs, scale))
    attributes: list[tuple[str, tuple[str, ...]]] = []
    if sample.metadata is not None:
        for column, name in enumerate(sample.metadata.names):
            if categories := _categories([row[column] for row in sample.metadata.values]):
                attributes.append((name, categories))
    return CovariateEncoder(
        features=tuple(name for name, _, _, _ in features),
        forward=tuple(forward for _, forward, _, _ in features),
        logs=tuple(logs for _, _, logs, _ in features),
        scales=tuple(scale for _, _, _, scale in features),
        attributes=tuple(name for name, _ in attributes),
        categories=tuple(categories for _, categories in attributes),
        countries=task.holidays,
    )


def _kind(sample: Panel, row: int) -> tuple[bool, bool, float]:
    """Whether a feature is known ahead, whether its logarithm is taken, and its scale; 0 if it never varies.

    What is never zero or less is taken as logarithms: of a price the ratio counts. What lies between zero and
    one stays as it is.
    """
    assert sample.related is not None  # noqa: S101  # the caller looked
    forward, smallest, largest, squares, count = False, np.inf, -np.inf, 0.0, 0
    for values, related in zip(sample.values, sample.related.values, strict=True):
        seen = related[row][np.isfinite(related[row])]
        forward |= bool(np.isfinite(related[row][len(values) :]).any())
        if len(seen):
            smallest, largest = min(smallest, float(seen.min())), max(largest, float(seen.max()))
            squares += float(((seen - seen.mean()) ** 2).sum())
            count += len(seen)
    if not count or largest <= smallest:
        return forward, False, 0.0
    if smallest > 0:
        return forward, True, 1.0
    if smallest >= 0 and largest <= 1:
        return forward, False, 1.0
    return forward, False, float(np.sqrt(squares / count)) or max(abs(smallest), abs(largest))


def _categories(texts: list[str]) -> tuple[str, ...]:
    """The texts that several items share, most frequent first; at most MOST_CATEGORIES."""
    counts: dict[str, int] = {}
    for text in texts:
        if text:
            counts[text] = counts.get(text, 0) + 1
    shared = [text for text, count in counts.items() if count >= FEWEST_ITEMS]
    return tuple(sorted(shared, key=lambda text: (-counts[text], text))[:MOST_CATEGORIES])
