"""The JSON SerDes: one object per line; a key that is missing is NULL, and keys are case-insensitive.

https://docs.aws.amazon.com/athena/latest/ug/json-serde.html
"""

from collections.abc import Mapping, Sequence

from localaws.athena.sql import types
from localaws.athena.sql.typed import fail, literal
from localaws.athena.sql.types import Type
from localaws.athena.tables.lazy_simple import typed_text
from localaws.athena.tables.named_rows import from_named, named_type
from localaws.athena.tables.text_lines import TextFiles

__all__ = ["read_json_lines"]


def read_json_lines(
    files: TextFiles, names: Sequence[str], columns: Sequence[Type], properties: Mapping[str, str]
) -> str:
    """A SELECT that gives ``columns``; called ``names`` in objects, or as ``mapping.`` properties specify."""
    skips = properties.get("ignore.malformed.json", "").lower() == "true"
    broken = fail("HIVE_BAD_DATA", "'Error parsing a line as JSON: ' || left(line, 200)", "JSON")
    whole = f"CASE WHEN json_valid(line) THEN CAST(line AS JSON) ELSE {'NULL' if skips else broken} END"
    values = [
        _value(properties.get(f"mapping.{name}", name), kind)
        for name, kind in zip(names, columns, strict=True)
    ]
    objects = f"SELECT {whole} AS whole FROM {files.lines()} WHERE trim(line) <> ''"
    return f"SELECT {', '.join(values)} FROM ({objects})"


def _value(name: str, kind: Type) -> str:
    exact = f"json_extract(whole, {literal(_path(name))})"
    wanted = literal(name.lower())
    other = f"list_filter(json_keys(whole), lambda k: lower(k) = {wanted})[1]"
    found = f"coalesce({exact}, json_extract(whole, '$.\"' || {other} || '\"'))"
    if kind.base in {"array", "map", "row"}:
        return from_named(f"CAST({found} AS {named_type(kind)})", kind)
    text = f"json_extract_string({found}, '$')"
    return text if kind.base in types.TEXTS else typed_text(text, kind)


def _path(name: str) -> str:
    return f'$."{name}"'
