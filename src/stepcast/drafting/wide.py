"""Files with a series in each column: the same as a row for each series and timestamp."""

from collections.abc import Iterator, Sequence

__all__ = ["added_names", "long_names", "long_rows"]


def added_names(names: Sequence[str], wide: Sequence[str]) -> tuple[str, str]:
    """The columns for a series' name and its value, with names that no other column has.

    >>> added_names(["day", "east", "west"], ["east", "west"]), added_names(["series", "a", "b"], ["a", "b"])
    (('series', 'value'), ('series_1', 'value'))
    """
    kept = {name for name in names if name not in wide}
    series, value = "series", "value"
    while series in kept:
        series += "_1"
    while value in kept:
        value += "_1"
    return series, value


def long_names(names: Sequence[str], wide: Sequence[str]) -> list[str]:
    """The columns' names once the columns ``wide`` are rows.

    >>> long_names(["day", "east", "west"], ["east", "west"])
    ['day', 'series', 'value']
    """
    return [*(name for name in names if name not in wide), *added_names(names, wide)]


def long_rows(row: Sequence[str], names: Sequence[str], wide: Sequence[str]) -> Iterator[list[str]]:
    """A row of each of the series in the columns ``wide``.

    >>> list(long_rows(["2024-01-01", "7", "8"], ["day", "east", "west"], ["east", "west"]))
    [['2024-01-01', 'east', '7'], ['2024-01-01', 'west', '8']]
    """
    cells = dict(zip(names, row, strict=True))
    kept = [cells[name] for name in names if name not in wide]
    for name in wide:
        yield [*kept, name, cells[name]]
