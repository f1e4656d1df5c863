"""A short summary of the import, which shows whether the files were understood."""

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["InputSummary"]


@dataclass(frozen=True)
class InputSummary:
    """Facts about one import; about the target's files unless stated otherwise.

    ``files``, ``bytes``, ``rows``  the amounts read; rows without an error.
    ``items``        series: distinct values of the identifier and the forecast's dimensions.
    ``first``, ``last``  the earliest and latest timestamp as in the rows; None without rows.
    ``frequency``    the forecast's; ``anchor`` describes its timestamps.
    ``aggregation``  how rows of one period become one value.
    ``periods``      of all items together, each from its first row to the end of all data; ``observed``
                     have a row with a value, ``filled`` were filled with a number. None if errors prevented
                     the series from being written.
    ``doubled``      rows beyond the first of their item and period, if the data have one row per period.
    ``related``, ``metadata``  rows of these files; None if params.json describes none.
    """

    files: int
    bytes: int
    rows: int
    items: int
    first: str | None
    last: str | None
    frequency: str
    anchor: str
    aggregation: str
    periods: int | None = None
    observed: int | None = None
    filled: int | None = None
    doubled: int | None = None
    related: int | None = None
    metadata: int | None = None

    def facts(self) -> list[tuple[str, str]]:
        """Name and readable text of each fact."""
        told = [
            ("Files", f"{_plural(self.files, 'file')}, {_size(self.bytes)}"),
            ("Rows", f"{self.rows:,}"),
            ("Items", f"{self.items:,}"),
        ]
        if self.first is not None:
            told.append(("Time span", f"{self.first} to {self.last}"))
        told.append(("Frequency", f"{self.frequency}: {self.anchor}"))
        if self.periods is not None:
            told += [
                ("Observed", f"{self._share()} of {_plural(self.periods, 'period')}"),
                ("Filled", _plural(self.filled or 0, "period")),
                ("Duplicates", self._doubled()),
            ]
        for name, rows in (("Related series", self.related), ("Item metadata", self.metadata)):
            if rows is not None:
                told.append((name, _plural(rows, "row")))
        return told

    def __str__(self) -> str:
        """One line, for a terminal."""
        parts = [_plural(self.files, "file"), _plural(self.rows, "row"), _plural(self.items, "item")]
        if self.first is not None:
            parts.append(f"{self.first} to {self.last}")
        parts.append(f"{self.frequency} ({self.anchor})")
        if self.periods is not None:
            parts.append(f"{self._share()} of {_plural(self.periods, 'period')} observed")
            parts.append(f"{self.filled or 0:,} filled, {_plural(self.doubled or 0, 'duplicate row')}")
        return ", ".join(parts)

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def _share(self) -> str:
        """The observed share, never rounded up to 100%.

        >>> InputSummary(1, 9, 2, 1, None, None, "D", "", "sum", periods=3000, observed=2999)._share()
        '99.9%'
        """
        observed, periods = self.observed or 0, self.periods or 0
        return "none" if not observed else f"{1000 * observed // periods / 10:g}%"

    def _doubled(self) -> str:
        if not self.doubled:
            return "0 rows"
        rows = _plural(self.doubled, "row")
        return f"{rows} in a period that already has one (aggregated by {self.aggregation})"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _size(size: int) -> str:
    """A readable size.

    >>> _size(900), _size(4_200), _size(31_000_000)
    ('900 bytes', '4.2 kB', '31 MB')
    """
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= scale:
            return f"{size / scale:.2g} {unit}" if size < 99.5 * scale else f"{size / scale:.0f} {unit}"
    return f"{size} bytes"
