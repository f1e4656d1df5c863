"""Columns of numbers: which texts are numbers, and the messages for those that are not.

``parse_float`` and ``parse_integer`` define what is allowed, cell by cell. Arrow's casts are a fast path for
entire columns: they are used if they accept every cell, and a test checks that they agree with these
functions.
"""

import math
import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stepcast.pipeline.importing.columns.columns import Converted
from stepcast.pipeline.importing.columns.number_remedies import FLOAT, number_remedy
from stepcast.pipeline.importing.quoting import shown

__all__ = ["FloatColumn", "IntegerColumn", "parse_float", "parse_integer"]

INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
NOT_A_NUMBER = ("nan", "+nan", "-nan")


def parse_float(text: str) -> float | None:
    """The number; None for an empty cell, nan for NaN. ValueError for anything else.

    >>> parse_float(" 1.5e3 "), parse_float(""), parse_float("NaN")
    (1500.0, None, nan)
    """
    text = text.strip()
    if not text:
        return None
    if text.lower() in NOT_A_NUMBER:
        return math.nan
    if not FLOAT.fullmatch(text) or math.isinf(number := float(text)):
        raise ValueError(text)
    return number


def parse_integer(text: str) -> int | None:
    """The 64-bit integer; None for an empty cell or NaN, which an integer cannot be. Otherwise, ValueError.

    >>> parse_integer("-7"), parse_integer("")
    (-7, None)
    """
    text = text.strip()
    if not text or text.lower() in NOT_A_NUMBER:
        return None
    if not INTEGER.fullmatch(text) or not -(2**63) <= (number := int(text)) < 2**63:
        raise ValueError(text)
    return number


class FloatColumn:
    """64-bit floats; an empty cell and NaN are missing values, infinity is an error."""

    rule = "V05"
    type = pa.float64()

    def __init__(self, name: str) -> None:
        self.name = name

    def accepts(self, given: pa.DataType) -> bool:
        types = pa.types
        return bool(types.is_floating(given) or types.is_integer(given) or types.is_decimal(given))

    def convert(self, cells: pa.Array) -> Converted:
        if not pa.types.is_string(cells.type):
            numbers = pc.cast(cells, pa.float64(), safe=False)
            infinite = pc.is_inf(numbers).fill_null(False).to_numpy(zero_copy_only=False)
            return Converted.checked(numbers, infinite)
        return _fast(cells, self._cast) or _one_by_one(cells, parse_float, pa.float64())

    def explain(self, cell: str | None) -> tuple[str, str]:
        cell = cell or ""
        return f"{self.name!r} is {shown(cell)}, not a number", number_remedy(cell.strip(), "38.35 or 1e3")

    def _cast(self, cells: pa.Array) -> pa.Array | None:
        numbers = pc.cast(cells, pa.float64())
        if pc.all(pc.is_finite(numbers), min_count=0).as_py():
            return numbers
        odd = cells.filter(pc.invert(pc.is_finite(numbers)))
        # Infinities are errors, and the cast also accepts nan(...) as nan.
        said = pc.is_in(pc.utf8_lower(odd), pa.array(NOT_A_NUMBER))
        return numbers if pc.all(said, min_count=0).as_py() else None


class IntegerColumn:
    """64-bit integers; an empty cell and NaN are missing values."""

    rule = "V05"
    type = pa.int64()

    def __init__(self, name: str) -> None:
        self.name = name

    def accepts(self, given: pa.DataType) -> bool:
        return bool(pa.types.is_integer(given))

    def convert(self, cells: pa.Array) -> Converted:
        if not pa.types.is_string(cells.type):
            numbers = pc.cast(cells, pa.int64(), safe=False)
            if cells.type != pa.uint64():
                return Converted(numbers, None)
            wrapped = pc.less(numbers, 0)  # too large for a signed integer
            return Converted.checked(numbers, wrapped.fill_null(False).to_numpy(zero_copy_only=False))
        return _fast(cells, self._cast) or _one_by_one(cells, parse_integer, pa.int64())

    def explain(self, cell: str | None) -> tuple[str, str]:
        cell = cell or ""
        what = f"{self.name!r} is {shown(cell)}, not a 64-bit integer"
        if FLOAT.fullmatch(cell.strip()) and not INTEGER.fullmatch(cell.strip()):
            return what, f"Write it without a fraction, or set the AttributeType of {self.name!r} to float"
        return what, number_remedy(cell.strip(), "38")

    def _cast(self, cells: pa.Array) -> pa.Array | None:
        numbers = pc.cast(cells, pa.int64())
        hexadecimal = pc.any(pc.match_substring(cells, "x", ignore_case=True), min_count=0).as_py()
        return None if hexadecimal else numbers


def _fast(cells: pa.Array, cast: Callable[[pa.Array], pa.Array | None]) -> Converted | None:
    """All cells at once, unchanged or with surrounding spaces removed; None if neither works."""
    for trim in (False, True):
        texts = pc.utf8_trim_whitespace(cells) if trim else cells
        empty = pc.equal(texts, "")
        if pc.any(empty, min_count=0).as_py():
            texts = pc.if_else(empty, pa.scalar(None, pa.string()), texts)
        try:
            numbers = cast(texts)
        except pa.ArrowInvalid:
            continue
        if numbers is not None:
            return Converted(numbers, None)
    return None


def _one_by_one(cells: pa.Array, parse: Callable[[str], float | None], wanted: pa.DataType) -> Converted:
    """Each distinct cell separately: which ones are wrong, and the numbers of the others."""
    coded = cells.fill_null("").dictionary_encode()
    values: list[float | None] = []
    wrong = np.zeros(len(coded.dictionary), bool)
    for number, text in enumerate(coded.dictionary.to_pylist()):
        try:
            values.append(parse(text))
        except ValueError:
            values.append(None)
            wrong[number] = True
    return Converted.checked(pa.array(values, wanted).take(coded.indices), wrong[coded.indices.to_numpy()])
