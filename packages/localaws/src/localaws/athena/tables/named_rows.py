"""Rows with the field names of files, to and from those of compiled queries, whose fields are f0, f1, ..."""

from localaws.athena.sql.typed import literal
from localaws.athena.sql.types import Type, duckdb_type

__all__ = ["from_named", "named_type", "to_named"]


def named_type(kind: Type) -> str:
    """The DuckDB type with the names that the user gave.

    >>> from localaws.athena.sql import types
    >>> named_type(types.array(types.row((types.BIGINT,), ("a b",))))
    'STRUCT("a b" BIGINT)[]'
    """
    if kind.base == "array":
        return f"{named_type(kind.element)}[]"
    if kind.base == "map":
        return f"MAP({named_type(kind.key)}, {named_type(kind.value)})"
    if kind.base == "row":
        fields = [f"{_quoted(name)} {named_type(kind.inner(i))}" for i, name in enumerate(_names(kind))]
        return f"STRUCT({', '.join(fields)})"
    return duckdb_type(kind)


def from_named(sql: str, kind: Type) -> str:
    """``sql``, of ``named_type(kind)``, as ``duckdb_type(kind)``."""
    return _renamed(sql, kind, 0, named_before=True)


def to_named(sql: str, kind: Type) -> str:
    """``sql``, of ``duckdb_type(kind)``, as ``named_type(kind)``."""
    return _renamed(sql, kind, 0, named_before=False)


def _renamed(sql: str, kind: Type, depth: int, *, named_before: bool) -> str:
    if not _has_row(kind):
        return sql
    item = f"n{depth}"
    if kind.base == "array":
        element = _renamed(item, kind.element, depth + 1, named_before=named_before)
        return f"list_transform({sql}, lambda {item}: {element})"
    if kind.base == "map":
        key = _renamed(f"{item}.key", kind.key, depth + 1, named_before=named_before)
        value = _renamed(f"{item}.value", kind.value, depth + 1, named_before=named_before)
        pairs = (
            f"list_transform(map_entries({sql}), lambda {item}: struct_pack(key := {key}, value := {value}))"
        )
        return f"map_from_entries({pairs})"
    fields = []
    for index, name in enumerate(_names(kind)):
        before, after = (name, f"f{index}") if named_before else (f"f{index}", name)
        inner = _renamed(
            f"struct_extract({sql}, {literal(before)})", kind.inner(index), depth, named_before=named_before
        )
        fields.append(f"{_quoted(after)} := {inner}")
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({', '.join(fields)}) END"


def _has_row(kind: Type) -> bool:
    inner = [parameter for parameter in kind.parameters if isinstance(parameter, Type)]
    return kind.base == "row" or any(_has_row(each) for each in inner)


def _names(kind: Type) -> list[str]:
    return [name or f"field{i}" for i, name in enumerate(kind.names)]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
