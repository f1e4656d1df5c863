"""Columns of text: item ids, dimensions and geolocations, kept as they are."""

import pyarrow as pa
import pyarrow.compute as pc

from stepcast.pipeline.importing.columns import Converted

__all__ = ["TextColumn"]


class TextColumn:
    """Texts, blanks included; an empty one is null, which the identifier must not be."""

    rule = "V05"
    type = pa.string()

    def __init__(self, name: str, *, required: bool) -> None:
        self.name = name
        self.required = required

    def accepts(self, given: pa.DataType) -> bool:
        return bool(pa.types.is_integer(given))  # item numbers

    def convert(self, cells: pa.Array) -> Converted:
        if not pa.types.is_string(cells.type):
            cells = pc.cast(cells, pa.string())
        measured = pc.utf8_trim_whitespace(cells) if self.required else cells
        empty = pc.equal(measured, "").fill_null(True)
        if not pc.any(empty, min_count=0).as_py():
            return Converted(cells, None)
        bad = empty.to_numpy(zero_copy_only=False) if self.required else None
        return Converted(pc.if_else(empty, pa.scalar(None, pa.string()), cells), bad)

    def explain(self, cell: str | None) -> tuple[str, str]:
        what = "empty" if not cell else "blank"
        return (
            f"{self.name!r} is {what}",
            "Write the name of the item that the row belongs to, or delete the row",
        )
