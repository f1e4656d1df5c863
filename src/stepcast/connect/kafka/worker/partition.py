"""A partition: observations become periods, in the order of its messages, and periods become forecasts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from stepcast.connect.errors import ConnectorError
from stepcast.connect.kafka.worker.bucket import Bucket
from stepcast.connect.kafka.worker.counts import Counts
from stepcast.connect.kafka.worker.forecaster import NEW, Forecaster
from stepcast.connect.kafka.worker.grid import Grid
from stepcast.connect.kafka.worker.plan import Plan
from stepcast.connect.kafka.worker.recent import Recent
from stepcast.engine.arrays import Flags, Floats, Integers

__all__ = ["Forecasts", "Observation", "Partition"]

STATISTICS = ("mean", "median", "min", "max")


class Observation(NamedTuple):
    """The value of ``item`` at the time ``moment``, in milliseconds since 1970."""

    item: str
    moment: int
    value: float


@dataclass(frozen=True)
class Forecasts:
    """``values`` (items, horizon, outputs) for the periods after ``origin``."""

    origin: int
    items: tuple[str, ...]
    values: Floats


@dataclass
class Progress:
    """Changes since the last ``take``: items by the kind of their records, and forecasts."""

    open: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)
    forecasts: list[Forecasts] = field(default_factory=list)

    @property
    def forecast_count(self) -> int:
        return sum(len(one.items) for one in self.forecasts)


class Partition:
    """The state of one partition, updated by ``apply``.

    ``ids``      items with a closed period; the position is the item's slot.
    ``open``     buckets of periods after ``closed``, by period and item.
    ``closed``   the last closed period; None before the first observation.
    ``newest``   the latest observation time: the watermark is ``lateness`` before it.
    ``drifting`` items that have changed since their predictor was trained.
    """

    def __init__(self, plan: Plan, forecaster: Forecaster) -> None:
        self.plan, self.forecaster = plan, forecaster
        self.grid = Grid(forecaster.frequency)
        self.counts = Counts()
        self.ids: list[str] = []
        self.slots: dict[str, int] = {}
        self.open: dict[int, dict[str, Bucket]] = {}
        self.newest = 0
        self.recent = Recent()
        self.series = forecaster.series()
        self.drifting = np.zeros(0, bool)
        self._surprised: Flags = np.zeros(0, bool)  # since the last forecast; true for new items
        self.progress = Progress()
        self._closed: int | None = None
        self._closes_at = 0  # the observation time that closes the next period
        if forecaster.end is not None:
            self.closed = forecaster.end

    @property
    def closed(self) -> int | None:
        return self._closed

    @closed.setter
    def closed(self, period: int) -> None:
        self._closed = period
        self._closes_at = self.grid.begins(period + 2) + self.plan.lateness

    def apply(self, observations: Sequence[Observation], most: int | None = None) -> int:
        """Process observations until more than ``most`` forecasts are pending; returns how many."""
        plan, counts, dirty = self.plan, self.counts, self.progress.open
        periods = self.grid.periods([one.moment for one in observations])
        for number, ((item, moment, value), period) in enumerate(zip(observations, periods, strict=True), 1):
            if self._closed is None:
                self.closed = self.grid.period(moment - plan.lateness) - 1
            if period <= self._closed:  # type: ignore[operator]  # set above
                counts.late += 1
            else:
                buckets = self.open.get(period)
                if buckets is None:
                    buckets = self.open[period] = {}
                bucket = buckets.get(item)
                if bucket is None:
                    bucket = buckets[item] = Bucket(period)
                if bucket.add(moment, value, plan.aggregation, plan.doubled, plan.window):
                    counts.doubled += 1
                counts.observations += 1
                dirty.add(item)
            if moment > self.newest:
                self.newest = moment
                if moment >= self._closes_at:
                    self._close(self.grid.period(moment - plan.lateness) - 1)
                    if most is not None and self.progress.forecast_count > most:
                        return number
        return len(observations)

    def close_open(self) -> None:
        """Close every period that has begun, as if later observations had arrived."""
        if self.open:
            last = max(self.open)
            self.newest = max(self.newest, self.grid.begins(last + 1) + self.plan.lateness)
            self._close(last)

    def take_over(self, forecaster: Forecaster) -> None:
        """Continue with another predictor, updated with what was observed since its training.

        ``recent`` holds these values. If the predictor was trained on periods that the partition has not
        seen yet, they count as closed.
        """
        if forecaster.frequency != self.grid.frequency:
            raise ConnectorError(
                f"predictor {forecaster.name} has the frequency {forecaster.frequency}, and the group "
                f"{self.grid.frequency}: start a new --group"
            )
        self.forecaster, self.series = forecaster, forecaster.series()
        self.mark(np.zeros(len(self.ids), bool))
        end = forecaster.end
        if end is not None and (self._closed is None or self._closed < end):
            self.closed = end
            self.open = {period: one for period, one in self.open.items() if period > end}
        if self.ids and self._closed is not None:
            self._tell_again(self.series.add(self.ids), self._closed)
            self.progress.closed.update(self.ids)

    def _tell_again(self, last: Integers, until: int) -> None:
        """Update the series with what was observed after ``last`` (slots,), up to ``until``."""
        observed: dict[int, dict[int, float]] = {}
        for slot, end in enumerate(last.tolist()):
            periods, values = self.recent.of(slot)
            if end == NEW:
                last[slot] = end = int(periods[0]) - 1 if len(periods) else until
            for period, value in zip(periods.tolist(), values.tolist(), strict=True):
                if period > end:
                    observed.setdefault(period, {})[slot] = value
        without_gaps = self.plan.filling != "nan"
        for period in range(int(last.min()) + 1, until + 1) if without_gaps else sorted({*observed, until}):
            slots = np.flatnonzero(last < period)
            row = self._filled(slots)
            for slot, value in observed.get(period, {}).items():
                row[np.searchsorted(slots, slot)] = value
            self.series.update(slots, period, row)

    def mark(self, drifting: Flags) -> None:
        """Set which items drift, after a restore."""
        self.drifting, self._surprised = drifting, np.zeros(len(drifting), bool)

    def take(self) -> Progress:
        """The changes since the last call."""
        progress, self.progress = self.progress, Progress()
        return progress

    def _close(self, until: int) -> None:
        """Close the periods up to ``until``, and forecast the periods after it."""
        before, every = self._closed or 0, self.plan.emission.every or self.forecaster.horizon
        for period in self._closing(until):
            self._close_one(period)
            self.closed = period
        self.closed = until
        self._forecast(until, is_due=until // every > before // every)

    def _closing(self, until: int) -> Iterable[int]:
        """Periods to close one by one. Without filling, periods that no series has are left out."""
        if self.plan.filling != "nan":
            return range((self._closed or 0) + 1, until + 1)
        return sorted({period for period in self.open if period <= until} | {until})

    def _close_one(self, period: int) -> None:
        how = self.plan.aggregation
        values = {item: bucket.value(how) for item, bucket in self.open.pop(period, {}).items()}
        self._add(sorted(item for item in values if item not in self.slots), period)
        if not self.ids:
            return
        everyone = np.arange(len(self.ids))
        observed = np.array([self.slots[item] for item in values], np.int64)
        row = np.full(len(everyone), np.nan)
        row[observed] = list(values.values())
        missing = np.isnan(row)
        row[missing] = self._filled(everyone[missing])
        outcome = self.series.update(everyone, period, row)
        self._surprised |= outcome.surprising
        self.drifting |= outcome.drifting
        self.recent.add(observed, period, row[observed])

    def _add(self, ids: Sequence[str], period: int) -> None:
        """Add new items, and fill the periods between the end of their training and ``period``."""
        if not ids:
            return
        first = len(self.ids)
        for item in ids:
            self.slots[item] = len(self.ids)
            self.ids.append(item)
        self.recent.grow(len(self.ids))
        self._surprised = np.concatenate([self._surprised, np.ones(len(ids), bool)])
        self.drifting = np.concatenate([self.drifting, np.zeros(len(ids), bool)])
        last = self.series.add(ids)
        last[last == NEW] = period - 1
        if self.plan.filling != "nan":
            for missing in range(int(last.min()) + 1, period):
                slots = first + np.flatnonzero(last < missing)
                self.series.update(slots, missing, self._filled(slots))

    def _filled(self, slots: Integers) -> Floats:
        filling = self.plan.filling
        if filling in STATISTICS:
            return self.recent.statistic(filling, slots)
        constants = {"zero": 0.0, "nan": np.nan, "value": self.plan.filling_value}
        return np.full(len(slots), constants[filling])

    def _forecast(self, origin: int, *, is_due: bool) -> None:
        if not self.ids:
            return
        self.progress.closed.update(self.ids)
        due = np.arange(len(self.ids))
        if not is_due:
            due = np.flatnonzero(self._surprised) if self.plan.emission.on_change else due[:0]
        if len(due):
            items = tuple(self.ids[slot] for slot in due)
            self.progress.forecasts.append(Forecasts(origin, items, self.series.forecast(due, origin)))
            self.counts.forecasts += len(items)
        self._surprised[:] = False
