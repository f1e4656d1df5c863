"""Columns of a file that its schema does not have, and where they belong."""

import json
import re
from collections.abc import Sequence

import pyarrow as pa

from stepcast.pipeline.domains import DOMAINS, target_field
from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.columns.numbers import FloatColumn, IntegerColumn
from stepcast.pipeline.importing.quoting import listed
from stepcast.pipeline.schema_remedies import related_remedy
from stepcast.pipeline.spelling import letters

__all__ = ["extra_columns_remedy", "is_index"]

Row = Sequence[str]
TARGETS = frozenset(letters(target_field(domain)) for domain in DOMAINS)
UNNAMED = re.compile(r"(?i)|unnamed: ?\d+|index|level_\d+|__index_level_\d+__|row|row_?number|no\.?|#|x")


def extra_columns_remedy(rows: Sequence[Row], schema: FileSchema, header: Row | None = None) -> str:
    """What to do with surplus columns of ``rows``; ``header`` names them, if there is one."""
    names = [cell.strip() for cell in header] if header is not None else [""] * len(rows[0])
    own = _own(rows, schema, header)
    extra = [place for place in range(len(names)) if place not in own]
    columns = {place: [row[place] for row in rows if place < len(row)] for place in extra}
    empty = [place for place in extra if not any(map(str.strip, columns[place])) and not names[place]]
    if empty and len(empty) == len(extra):
        return _empty(empty, len(names))
    indices = [is_index(names[place], columns[place], named=header is not None) for place in extra]
    if extra == list(range(len(extra))) and any(indices) and all(indices):
        what = "The first column looks like a row number; write the file without it"
        if len(extra) > 1:
            what = f"The first {len(extra)} columns look like row numbers; write the file without them"
        return f"{what} (index=False in pandas)"
    called_so = [name.lower() for name in names if name]
    if len(set(called_so)) < len(called_so):
        return "Use each column name once: rename the second column, or remove it"
    if header is None and not extra:
        return "In Schema.Attributes of params.json, list exactly the columns of the file, in the same order"
    called = {place: names[place] or f"column_{place + 1}" for place in extra if place not in empty}
    kinds = {name: _number_type(columns[place]) or "string" for place, name in called.items()}
    what = f"Remove {listed(list(called.values()))} from the file"
    if header is None:
        what = f"Remove column {', '.join(str(place + 1) for place in called)} from the file"
    if numbers := {name: kind for name, kind in kinds.items() if kind != "string"}:
        if schema.target is not None:
            return f"{what}. {related_remedy(schema.names[schema.identifier], numbers)}"
        if schema.timestamp is None:  # metadata: texts only
            kinds = dict.fromkeys(kinds, "string")
    if header is None and "string" in kinds.values():
        what = f'If a name contains a comma, put it in quotes: "bulb, 60 W". Otherwise, r{what[1:]}'
    if any(letters(name) in TARGETS for name in kinds):
        return f"{what}: the forecast target belongs in the files under train/"
    attributes = [{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()]
    where = "at the same position in Schema.Attributes"
    if schema.target is None and schema.timestamp is not None and "string" in kinds.values():
        where += ", if the target's files also have it"
    return f"{what}, or add {', '.join(map(json.dumps, attributes))} {where}"


def is_index(name: str, cells: Sequence[str], *, named: bool) -> bool:
    """Whether a first column is the row number that pandas writes."""
    numbers = [cell for number, cell in enumerate(cells) if number or cell.strip()]
    if not numbers or not all(re.fullmatch(r"[0-9]{1,18}", cell.strip()) for cell in numbers):
        return False
    if named and UNNAMED.fullmatch(name):
        return True
    found = [int(cell) for cell in numbers]
    return len(found) > 1 and found == list(range(found[0], found[0] + len(found)))


def _own(rows: Sequence[Row], schema: FileSchema, header: Row | None) -> list[int]:
    """The positions of the schema's columns in the file, as far as known."""
    width = len(schema.names)
    if header is not None:
        names = list(map(letters, header))
        return [names.index(own) for own in map(letters, schema.names) if own in names]
    body = rows[1:] or rows
    starts = range(len(rows[0]) - width + 1)
    index = is_index(rows[0][0], [row[0] for row in rows], named=False)
    for start in reversed(starts) if index else starts:
        if all(schema.resembles(place, [row[start + place] for row in body]) for place in range(width)):
            return list(range(start, start + width))
    return list(range(len(rows[0])))


def _empty(places: Sequence[int], count: int) -> str:
    numbers = " and ".join(str(place + 1) for place in places)
    many = len(places) > 1
    what = f"Column{'s' * many} {numbers} {'are' if many else 'is'} empty in every row"
    if places[-1] == count - 1:
        return f"{what}: remove the comma{'s' * many} at the end of each line"
    return f"{what}: remove {'them' if many else 'it'} from the file"


def _number_type(cells: Sequence[str]) -> str | None:
    """``integer`` or ``float``, if the cells are numbers."""
    for column in (IntegerColumn(""), FloatColumn("")):
        converted = column.convert(pa.array(cells, pa.string()))
        if converted.bad is None and converted.values.null_count < len(cells):
            return "integer" if isinstance(column, IntegerColumn) else "float"
    return None
