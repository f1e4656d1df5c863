"""Specific explanations for wrong cells whose form reveals the cause."""

import re
import unicodedata
from collections.abc import Sequence

import pyarrow as pa

from stepcast.pipeline.importing.columns.columns import Column
from stepcast.pipeline.importing.columns.timestamps import TimestampColumn

__all__ = ["explained"]

QUOTES = "'\"\u2018\u2019\u201c\u201d`"
FORMULA = '=" '
DASHES = re.compile("[\u2010-\u2015\u2212\uff0d]")
DAY_FIRST = re.compile(r"(\d{4})-(1[3-9]|2\d|3[01])-(0[1-9]|1[0-2])(.*)", re.ASCII)
# Days since 1899-12-30, from 1954 to 2091; a fraction is the time of day.
SERIAL = re.compile(r"[2-6]\d{4}(\.\d+)?", re.ASCII)


def explained(column: Column, cells: Sequence[str]) -> tuple[str, str]:
    """The message for the first of the ``cells``, which are all wrong, and the remedy for all of them."""
    texts = [text for text in map(str.strip, cells) if text]
    if isinstance(column, TimestampColumn):
        message, remedy = column.explain_all(cells)
    else:
        message, remedy = column.explain(cells[0] or None)
    if texts and all(text.startswith('="') for text in texts):
        return message, f"Write the value instead of a formula: {texts[0].strip(FORMULA)}"
    if texts and all(len(text) > 1 and text[0] in QUOTES and text[-1] in QUOTES for text in texts):
        plain = texts[0].strip(QUOTES + " ")
        return message, f"Remove the quotes around the value, or the space before them: {plain}"
    if isinstance(column, TimestampColumn) and texts:
        plain = DASHES.sub("-", unicodedata.normalize("NFKC", texts[0]))
        if plain != texts[0] and column.convert(pa.array([plain])).bad is None:
            return message, f"Write plain digits and hyphens: {plain}"
        found = [DAY_FIRST.fullmatch(text) for text in texts]
        if found[0] is not None and all(found):
            year, day, month, time = found[0].groups()
            right = f"{year}-{month}-{day}{time}"
            return message, f"Correct the date; if the day precedes the month in all rows, write {right}"
        if all(map(SERIAL.fullmatch, texts)):
            what = "This looks like a spreadsheet's serial date"
            return message, f"{what}: format the column as a date before you save the file. {remedy}"
    return message, remedy
