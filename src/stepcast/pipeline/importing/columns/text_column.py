"""Columns of text: item ids, dimensions and geolocations, kept unchanged."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from stepcast.pipeline.importing.columns.columns import Converted
from stepcast.pipeline.importing.quoting import shown

__all__ = ["TextColumn"]

# The Open CSV SerDe, with which Athena reads the forecast, does not support line breaks within a value;
# U+0001 is the escape character of its tables, U+0000 that of a SerDe without one.
# Source: Amazon Athena User Guide, "Open CSV SerDe for processing CSV".
UNREADABLE = r"[\x00\x01\n\r]"


class TextColumn:
    """Texts, including spaces; an empty one is null.

    ``required``        no cell may be empty, as in the identifier.
    ``name_of_series``  the texts become names of series, which appear in the forecast's files and must each
                        be on one line.
    """

    rule = "V05"
    type = pa.string()

    def __init__(self, name: str, *, required: bool, name_of_series: bool) -> None:
        self.name = name
        self.required, self.name_of_series = required, name_of_series

    def accepts(self, given: pa.DataType) -> bool:
        return bool(pa.types.is_integer(given))  # item numbers

    def convert(self, cells: pa.Array) -> Converted:
        if not pa.types.is_string(cells.type):
            cells = pc.cast(cells, pa.string())
        measured = pc.utf8_trim_whitespace(cells) if self.required else cells
        empty = pc.equal(measured, "").fill_null(True)
        bad = self._unreadable(cells) if self.name_of_series else None
        if not pc.any(empty, min_count=0).as_py():
            return Converted(cells, bad)
        if self.required:
            none = empty.to_numpy(zero_copy_only=False)
            bad = none if bad is None else bad | none
        return Converted(pc.if_else(empty, pa.scalar(None, pa.string()), cells), bad)

    def _unreadable(self, cells: pa.Array) -> NDArray[np.bool_] | None:
        """Which cells no table could read; only distinct cells are checked, since there are few."""
        if not pc.any(pc.match_substring_regex(pc.unique(cells), UNREADABLE), min_count=0).as_py():
            return None
        found = pc.match_substring_regex(cells, UNREADABLE).fill_null(False)
        return np.asarray(found.to_numpy(zero_copy_only=False), bool)

    def explain(self, cell: str | None) -> tuple[str, str]:
        if found := re.search(UNREADABLE, cell or ""):
            kind = "a line break" if found[0] in "\r\n" else f"the character U+{ord(found[0]):04X}"
            what = (
                f"{self.name!r} is {shown(cell or '')}: Athena cannot read a forecast with {kind} in a name"
            )
            return what, "Write the name on one line, for example with a space instead"
        what = "empty" if not cell else "blank"
        return (
            f"{self.name!r} is {what}",
            "Write the name of the row's item, or delete the row",
        )
