"""Whether the rows of a file have as many cells as the schema has columns, and why not."""

import re
from collections import Counter
from collections.abc import Sequence

from stepcast.pipeline.importing.file_problem import FileProblem
from stepcast.pipeline.importing.wording import listed, shown

__all__ = ["check_shape"]

Row = Sequence[str]
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
MOST = 0.9  # of the rows


def check_shape(rows: Sequence[Row], names: Sequence[str], line: int) -> None:
    """Raise FileProblem if none of the ``rows``, which begin at ``line``, has as many cells as ``names``."""
    width = len(names)
    if any(len(row) == width for row in rows):
        return
    for separator, plural in SEPARATORS.items():
        fitting = sum(len(",".join(row).split(separator)) == width for row in rows)
        if fitting >= MOST * len(rows):
            decimal = any(re.search(r"\d,\d", ",".join(row)) for row in rows)
            remedy = "Write commas between cells" + (" and decimal points in numbers" if decimal else "")
            raise FileProblem("V01", f"its cells are separated by {plural}, not by commas", remedy, line)
    counts = Counter(len(row) for row in rows)
    given = str(next(iter(counts))) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
    what = f"its rows have {given} cells, the schema has {width} columns ({listed(names)})"
    raise FileProblem("V04", what, _remedy(rows, width), line)


def _remedy(rows: Sequence[Row], width: int) -> str:
    if all(len(row) == width + 1 for row in rows):
        if _counts_up([row[0] for row in rows]):
            return (
                "The first column seems to be a row number: write the file without it (index=False in pandas)"
            )
        pairs = [(row[place], row[place + 1]) for row in rows[:1] for place in range(width)]
        for whole, fraction in pairs:
            if re.fullmatch(r"[+-]?\d+", whole.strip()) and fraction.strip().isdigit():
                return f"If {shown(whole + ',' + fraction)} is one number, write a decimal point"
    return "List exactly the columns of the file, in their order, in Schema.Attributes of params.json"


def _counts_up(cells: Sequence[str]) -> bool:
    """Whether the cells are 0, 1, 2... or 1, 2, 3..., the first perhaps an empty name."""
    numbers = [cell for number, cell in enumerate(cells) if number or cell.strip()]
    if len(numbers) < 2 or not all(cell.isascii() and cell.isdigit() for cell in numbers):
        return False
    return [int(cell) for cell in numbers] == list(range(int(numbers[0]), int(numbers[0]) + len(numbers)))
