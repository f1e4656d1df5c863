"""Lines of a file that are not data: repeated headers, totals, comments, titles and empty rows."""

from collections.abc import Sequence

from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.columns.number_remedies import says_missing
from stepcast.pipeline.importing.columns.text_column import TextColumn
from stepcast.pipeline.importing.quoting import shown
from stepcast.pipeline.spelling import letters

__all__ = ["TOTALS", "why_no_data", "why_no_record"]

COMMENTS = ("#", "//", "--", "/*", "%", "*", "<!--")
WORDS = """
    total totals subtotal grandtotal sum summe gesamt gesamtsumme gesamtergebnis totale totaal somme
    totalgeneral totalgeral average avg mean mittelwert durchschnitt count all
"""
TOTALS = frozenset(WORDS.split())


def why_no_data(cells: Sequence[str], schema: FileSchema) -> tuple[str, str] | None:
    """What a row with a wrong cell is if it is not data, and the remedy; None for an ordinary row.

    ``cells`` in the order of the schema.
    """
    if not any(map(str.strip, cells)):
        return "the row is empty", "Delete the row"
    if list(map(letters, cells)) == list(map(letters, schema.names)):
        return (
            "the line repeats the header",
            "Delete the line, or the lines above it: only the first line of a file may be a header",
        )
    if schema.timestamp is not None and not cells[schema.timestamp].strip():
        name = next((cell for cell in cells if letters(cell) in TOTALS), None)
        if name is not None:
            return (
                f"the row has no timestamp and looks like a total: {shown(name)}",
                "Delete the row; totals are not data",
            )
    if schema.timestamp is not None and _only_words(cells, schema):
        what = "the line has neither a timestamp nor a number, and looks like a second header or a note"
        return what, "Delete the line"
    return None


def _only_words(cells: Sequence[str], schema: FileSchema) -> bool:
    """Whether there are words in place of timestamps and numbers, other than words for a missing value."""
    typed = [
        cell for cell, column in zip(cells, schema.columns, strict=True) if not isinstance(column, TextColumn)
    ]
    words = [cell for cell in map(str.strip, typed) if cell]
    return bool(words) and not any(says_missing(word) or any(map(str.isdigit, word)) for word in words)


def why_no_record(cells: Sequence[str], wanted: int) -> str | None:
    """The remedy for a line with a different number of cells, if it is not a row at all."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled:
        return "Delete the row, which is empty"
    if filled[0].startswith(COMMENTS):
        return "Delete the line if it is a comment"
    if filled[0].lower().startswith("sep="):
        return "Delete the line, which has a meaning only in spreadsheets"
    if any(letters(cell) in TOTALS for cell in filled):
        return "Delete the line if it is a total"
    if len(filled) == 1 < wanted and len(cells) < wanted:
        return "Delete the line if it is a title or a note; otherwise, separate all columns with commas"
    return None
