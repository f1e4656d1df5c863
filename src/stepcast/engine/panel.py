"""What the engine reads: many series on one grid, all ending at the same period."""

from dataclasses import dataclass

from stepcast.engine.arrays import Flags, Floats
from stepcast.engine.frequency import Frequency

__all__ = ["Metadata", "Panel", "Related"]


@dataclass(frozen=True)
class Related:
    """Other numbers of every period that may explain a series: its price, a promotion, the weather.

    ``names``   of the features.
    ``values``  (features, time + ahead) one array a series: column ``i`` is the period of the series' own
                value ``i``; the last ``ahead`` columns lie after the panel's end. nan is unknown.
    ``ahead``   periods after the end that ``values`` has; less than the horizon is filled up as unknown.

    A feature that is unknown after the end in every series is historical: only its past explains anything.
    """

    names: tuple[str, ...]
    values: tuple[Floats, ...]
    ahead: int


@dataclass(frozen=True)
class Metadata:
    """What never changes about an item: its category, its brand. Tells which items are alike.

    ``names``   of the attributes.
    ``values``  one text an attribute, one tuple a series; ``""`` where it is missing.
    """

    names: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Panel:
    """Series of different lengths on the grid of ``frequency``; every series ends at period ``end``.

    ``ids``       a label for each series, for messages; labels differ.
    ``values``    one float array a series, oldest first; nan is missing. Empty for an item without history.
    ``observed``  one bool array a series: False where ``values`` was filled in, so it is never scored.
    ``end``       the number of the last period (see calendar); a forecast begins one after it.
    """

    ids: tuple[str, ...]
    values: tuple[Floats, ...]
    observed: tuple[Flags, ...]
    end: int
    frequency: Frequency
    related: Related | None = None
    metadata: Metadata | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, places: list[int]) -> "Panel":
        """The series at ``places``, in that order."""
        related, metadata = self.related, self.metadata
        return Panel(
            ids=tuple(self.ids[place] for place in places),
            values=tuple(self.values[place] for place in places),
            observed=tuple(self.observed[place] for place in places),
            end=self.end,
            frequency=self.frequency,
            related=related
            and Related(related.names, tuple(related.values[p] for p in places), related.ahead),
            metadata=metadata and Metadata(metadata.names, tuple(metadata.values[p] for p in places)),
        )

    def __add__(self, other: "Panel") -> "Panel":
        """The series of both. ValueError where they do not share their grid, features and attributes."""
        if _common(self) != _common(other):
            raise ValueError(f"panels of {_common(self)} and {_common(other)} cannot be combined")
        related, metadata = self.related, self.metadata
        if related is not None and other.related is not None:
            related = Related(related.names, related.values + other.related.values, related.ahead)
        if metadata is not None and other.metadata is not None:
            metadata = Metadata(metadata.names, metadata.values + other.metadata.values)
        return Panel(
            ids=self.ids + other.ids,
            values=self.values + other.values,
            observed=self.observed + other.observed,
            end=self.end,
            frequency=self.frequency,
            related=related,
            metadata=metadata,
        )


def _common(panel: Panel) -> tuple[object, ...]:
    """What all series of a panel share."""
    related, metadata = panel.related, panel.metadata
    features = related and (related.names, related.ahead)
    return panel.end, panel.frequency, features, metadata and metadata.names
