"""Read exported CSV files item by item, in the order of their keys; each part only when it is needed."""

import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from stepcast.engine.arrays import Floats
from stepcast.pipeline import objects

__all__ = ["ByItem"]

Key = tuple[str, ...]


class ByItem:
    """The numeric columns of each item in the CSV files under ``prefix``.

    Export writes items in the order of their keys, one part per shard, and shards are read in the same order:
    only the parts of one shard are in memory at a time, however many items there are.

    ``left``  keys that were skipped, because no call asked for them.
    """

    def __init__(
        self, s3: Any, bucket: str, prefix: str, keys: tuple[str, ...], numbers: tuple[str, ...]
    ) -> None:
        self._s3, self._bucket, self._keys, self._numbers = s3, bucket, keys, numbers
        found = [key for key in objects.keys(s3, bucket, prefix) if key.endswith(".csv")]
        self._parts = iter(sorted(found, key=_number))
        self._held: list[dict[Key, Floats]] = []
        self._lasts: list[Key] = []
        self.left: list[Key] = []

    def take(self, asked: tuple[Key, ...]) -> dict[Key, Floats]:
        """(rows, numbers) by key, for the ``asked`` keys that exist; keys ascend, also from call to call."""
        while not self._lasts or self._lasts[-1] < asked[-1]:
            part = next(self._parts, None)
            if part is None:
                break
            items = dict(self._read(part))
            if items:
                self._held.append(items)
                self._lasts.append(max(items))
        taken = {key: items.pop(key) for items in self._held for key in asked if key in items}
        while self._held and self._lasts[0] <= asked[-1]:
            self.left += self._held.pop(0)
            self._lasts.pop(0)
        return taken

    def rest(self) -> list[Key]:
        """All keys that no call asked for; reads the files to their end."""
        for items in self._held:
            self.left += items
        self._held = []
        for part in self._parts:
            self.left += [key for key, _ in self._read(part)]
        return self.left

    def _read(self, part: str) -> Iterator[tuple[Key, Floats]]:
        body = objects.read(self._s3, self._bucket, part)
        options = pa.csv.ConvertOptions(
            include_columns=[*self._keys, *self._numbers],
            column_types=dict.fromkeys(self._keys, pa.string()) | dict.fromkeys(self._numbers, pa.float64()),
            strings_can_be_null=False,
        )
        table = pa.csv.read_csv(
            io.BytesIO(body), pa.csv.ReadOptions(use_threads=False), convert_options=options
        )
        texts = [table[name].to_pylist() for name in self._keys]
        rows = list(zip(*texts, strict=True))
        numbers = np.column_stack([table[name].to_numpy() for name in self._numbers])
        if not rows:
            return
        starts = [place for place, key in enumerate(rows) if not place or rows[place - 1] != key]
        for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True):
            yield rows[start], numbers[start:stop]


def _number(key: str) -> int:
    """The part's number, at the end of its name."""
    digits = re.search(r"(\d+)\.csv$", key)
    return int(digits[1]) if digits else 0
