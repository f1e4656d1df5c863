"""Files with a series, or a period, in each column: the same as a row for each series and timestamp."""

from collections.abc import Iterator, Sequence

__all__ = ["added_names", "long_rows"]


def added_names(names: Sequence[str], wide: Sequence[str], first: str) -> tuple[str, str]:
    """The columns for a wide column's name, ``first``, and for its value, with names that no other has.

    >>> added_names(["day", "east", "west"], ["east", "west"], "series")
    ('series', 'value')
    >>> added_names(["series", "a", "b"], ["a", "b"], "series")
    ('series_1', 'value')
    """
    kept = {name for name in names if name not in wide}
    value = "value"
    while first in kept:
        first += "_1"
    while value in kept:
        value += "_1"
    return first, value


def long_rows(row: Sequence[str], names: Sequence[str], wide: Sequence[str]) -> Iterator[list[str]]:
    """A row for each of the columns ``wide``, with its name and value at the end.

    >>> list(long_rows(["2024-01-01", "7", "8"], ["day", "east", "west"], ["east", "west"]))
    [['2024-01-01', 'east', '7'], ['2024-01-01', 'west', '8']]
    """
    cells = dict(zip(names, row, strict=True))
    kept = [cells[name] for name in names if name not in wide]
    for name in wide:
        yield [*kept, name, cells[name]]
