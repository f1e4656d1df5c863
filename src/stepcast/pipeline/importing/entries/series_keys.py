"""Maps the key of each row to the number of its series."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["SeriesKeys"]

Numbers = NDArray[np.int64]


class SeriesKeys:
    """Numbers series 0, 1, 2... in the order in which their keys first appear.

    Keeps every key in memory once, about 170 bytes each with one column; to save memory, a key of one column
    is kept as a plain string.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._numbers: dict[str | tuple[str, ...], int] = {}
        self._listed: list[str | tuple[str, ...]] = []  # by number; built on demand

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, columns: Sequence[pa.Array]) -> Numbers:
        """The series of each row; ``columns`` are those of the key. A missing part is an empty text."""
        codes, keys = _different(columns)
        numbers = self._numbers
        known = [numbers.setdefault(key, len(numbers)) for key in keys]
        return np.array(known, np.int64)[codes]

    def add(self, keys: Iterable[tuple[str, ...]]) -> None:
        """Number further series."""
        for key in keys:
            self._numbers.setdefault(key[0] if self._width == 1 else key, len(self._numbers))

    def find(self, key: tuple[str, ...]) -> int | None:
        """The number of the series with this key, if known."""
        return self._numbers.get(key[0] if self._width == 1 else key)

    def at(self, numbers: Iterable[int]) -> tuple[tuple[str, ...], ...]:
        """The keys of the series with these numbers."""
        if len(self._listed) != len(self._numbers):
            self._listed = list(self._numbers)
        found = (self._listed[number] for number in numbers)
        return tuple((key,) if isinstance(key, str) else key for key in found)

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        """The keys by number."""
        return ((key,) if isinstance(key, str) else key for key in self._numbers)

    def sorted(self) -> Numbers:
        """The numbers of the series in the order of their keys' UTF-8 bytes."""
        ordered = sorted(self._numbers)
        return np.fromiter(map(self._numbers.__getitem__, ordered), np.int64, len(ordered))

    def distinct(self, place: int) -> int:
        """The number of distinct texts in column ``place`` of the key."""
        return len(self) if self._width == 1 else len({key[place] for key in self._numbers})


def _different(columns: Sequence[pa.Array]) -> tuple[Numbers, Sequence[str | tuple[str, ...]]]:
    """For each row, the index of its key among the distinct keys, and those keys."""
    coded = [column.fill_null("").dictionary_encode() for column in columns]
    texts = [column.dictionary.to_pylist() for column in coded]
    indices = [column.indices.to_numpy().astype(np.int64) for column in coded]
    if len(columns) == 1:
        return indices[0], texts[0]
    combined = indices[0]
    for more, known in zip(indices[1:], texts[1:], strict=True):
        # Renumbered each time: the product of all columns' counts may exceed 64 bits.
        combined = np.unique(combined * len(known) + more, return_inverse=True)[1].reshape(-1)
    _, first, codes = np.unique(combined, return_index=True, return_inverse=True)
    columns_of_keys = [
        [known[code] for code in column[first]] for column, known in zip(indices, texts, strict=True)
    ]
    return codes.reshape(-1), list(zip(*columns_of_keys, strict=True))
