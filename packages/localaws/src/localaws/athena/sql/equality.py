"""When values are equal, greater or the same: what DuckDB sees otherwise than Trino.

- NaN equals nothing and is neither less nor greater than anything (in DuckDB it is the greatest number, and
  equals itself). Where values are distinguished and not compared (GROUP BY, DISTINCT, IS DISTINCT FROM, ORDER
  BY) both take NaN for one value.
- Arrays, rows and maps are compared element by element with SQL's three-valued logic: ``ARRAY[1, NULL] =
  ARRAY[1, NULL]`` is NULL. Maps are the same whatever the order of their entries.
- Timestamps with time zone are compared as moments, whatever their zones.
"""

from collections.abc import Sequence

from localaws.athena.sql import types, zones
from localaws.athena.sql.typed import Typed, fail, literal
from localaws.athena.sql.types import Type

__all__ = ["among", "canonical", "compared_sql", "equal", "is_plain"]


def is_plain(kind: Type) -> bool:
    """Whether DuckDB's own ``=`` is Trino's."""
    if kind.base == "timestamp with time zone":
        return kind.zone is not None
    return kind.base not in {*types.APPROXIMATE, "array", "map", "row"}


def equal(a: str, b: str, kind: Type, depth: int = 0) -> str:
    """SQL of ``a = b``: true, false or NULL."""
    if kind.base in types.APPROXIMATE:
        # "OR b IS NULL": NaN = NULL is NULL.
        return f"({a} = {b} AND (NOT isnan({a}) OR {b} IS NULL))"
    if kind.base == "row":
        fields = [
            equal(f"struct_extract({a}, 'f{i}')", f"struct_extract({b}, 'f{i}')", kind.inner(i), depth)
            for i in range(len(kind.parameters))
        ]
        return f"({' AND '.join(fields)})"
    name = f"q{depth}"
    if kind.base == "array":
        pair = equal(
            f"struct_extract_at({name}, 1)", f"struct_extract_at({name}, 2)", kind.element, depth + 1
        )
        pairs = f"list_transform(list_zip({a}, {b}), lambda {name}: {pair})"
        known = f"{a} IS NOT NULL AND {b} IS NOT NULL"  # list_zip of NULLs is empty
        return f"CASE WHEN len({a}) <> len({b}) THEN false WHEN {known} THEN athena_all({pairs}) END"
    if kind.base == "map":
        same = equal(f"{a}[{name}]", f"{b}[{name}]", kind.value, depth + 1)
        known = f"list_contains(map_keys({b}), {name})"
        pairs = f"list_transform(map_keys({a}), lambda {name}: CASE WHEN {known} THEN {same} ELSE false END)"
        whole = f"CASE WHEN cardinality({a}) <> cardinality({b}) THEN false ELSE athena_all({pairs}) END"
        return f"CASE WHEN {a} IS NOT NULL AND {b} IS NOT NULL THEN {whole} END"
    return f"({zones.instant(a, kind)} = {zones.instant(b, kind)})"


def compared_sql(symbol: str, a: Typed, b: Typed, kind: Type) -> str:
    """SQL of ``a symbol b``, both of ``kind``; a number that is written out is no NaN."""
    if is_plain(kind):
        return f"({a.sql} {symbol} {b.sql})"
    if symbol.startswith("IS "):
        return f"({canonical(a.sql, kind)} {symbol} {canonical(b.sql, kind)})"
    if kind.base in types.APPROXIMATE:
        return _numbers(symbol, a, b)
    if symbol in {"=", "<>"}:
        same = equal(a.sql, b.sql, kind)
        return same if symbol == "=" else f"(NOT {same})"
    if kind.base in {"array", "row"}:
        return _ordered(symbol, a.sql, b.sql, kind)
    return f"({zones.instant(a.sql, kind)} {symbol} {zones.instant(b.sql, kind)})"


def among(value: Typed, options: Sequence[Typed], kind: Type) -> str:
    """SQL of ``value IN (options)``."""
    if is_plain(kind) or (kind.base in types.APPROXIMATE and all(each.constant for each in options)):
        return f"({value.sql} IN ({', '.join(option.sql for option in options)}))"
    return "(" + " OR ".join(compared_sql("=", value, option, kind) for option in options) + ")"


def canonical(sql: str, kind: Type, depth: int = 0) -> str:
    """``sql`` as a value that DuckDB distinguishes from others as Trino does; mostly ``sql`` itself."""
    if kind.base == "timestamp with time zone":
        return zones.instant(sql, kind)
    name = f"u{depth}"
    if kind.base == "array":
        element = canonical(name, kind.element, depth + 1)
        return sql if element == name else f"list_transform({sql}, lambda {name}: {element})"
    if kind.base == "row":
        given = [f"struct_extract({sql}, 'f{i}')" for i in range(len(kind.parameters))]
        fields = [canonical(each, kind.inner(i), depth) for i, each in enumerate(given)]
        if fields == given:
            return sql
        packed = ", ".join(f"f{i} := {field}" for i, field in enumerate(fields))
        return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({packed}) END"
    if kind.base == "map":
        key = canonical(f"{name}.key", kind.key, depth + 1)
        value = canonical(f"{name}.value", kind.value, depth + 1)
        entry = f"struct_pack(key := {key}, value := {value})"
        return f"list_sort(list_transform(map_entries({sql}), lambda {name}: {entry}))"
    return sql


def _ordered(symbol: str, a: str, b: str, kind: Type) -> str:
    """``a symbol b`` of arrays or rows: the first elements that differ decide, and may not be NULL."""
    if kind.base == "array":
        message = "ARRAY comparison not supported for arrays with null elements"
        unknown = f"athena_null_decides({a}, {b})"
    else:
        message = "ROW comparison not supported for fields with null elements"
        pairs = [tuple(f"struct_extract({side}, 'f{i}')" for side in (a, b)) for i in range(len(kind.names))]
        cases = " ".join(
            f"WHEN {x} IS NULL OR {y} IS NULL THEN true WHEN {x} <> {y} THEN false" for x, y in pairs
        )
        unknown = f"CASE {cases} ELSE false END"
    failed = fail("NOT_SUPPORTED", literal(message), "BOOLEAN")
    plain = f"({canonical(a, kind)} {symbol} {canonical(b, kind)})"
    known = f"{a} IS NOT NULL AND {b} IS NOT NULL"
    return f"CASE WHEN {known} THEN CASE WHEN {unknown} THEN {failed} ELSE {plain} END END"


def _numbers(symbol: str, a: Typed, b: Typed) -> str:
    # Of the two only the side that DuckDB takes for the greater can make a NaN pass.
    plain = f"{a.sql} {symbol} {b.sql}"
    if symbol in {"=", "<>"} and (a.constant or b.constant):
        return f"({plain})"
    if symbol == "<>":
        return f"(NOT {_numbers('=', a, b)})"
    greater, other = (b, a) if symbol.startswith("<") else (a, b)
    if greater.constant:
        return f"({plain})"
    no_nan = f"NOT isnan({greater.sql})"
    return f"({plain} AND {no_nan})" if other.constant else f"({plain} AND ({no_nan} OR {other.sql} IS NULL))"
