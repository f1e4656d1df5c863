"""Functions of arrays and maps. https://trino.io/docs/current/functions/array.html and map.html"""

from collections.abc import Callable, Sequence
from typing import cast

from localaws.athena.sql.functions.signature import Function, scalar
from localaws.athena.sql.render import result_text
from localaws.athena.sql.typed import Lambda, Typed, fail

__all__ = ["FUNCTIONS"]

_ANY = "CASE WHEN {0} IS NOT NULL THEN coalesce(list_bool_or(list_transform({0}, {1})), false) END"
_ALL = "CASE WHEN {0} IS NOT NULL THEN coalesce(list_bool_and(list_transform({0}, {1})), true) END"
_INDEX_ZERO = fail("INVALID_FUNCTION_ARGUMENT", "'SQL array indices start at 1'", "INTEGER")


def _slice(arguments: Sequence[Typed]) -> str:
    # From a start, counted from the end when negative, so many elements.
    values, start, length = (argument.sql for argument in arguments)
    first = f"(CASE WHEN {start} < 0 THEN len({values}) + {start} + 1 ELSE {start} END)"
    return f"CASE WHEN {first} < 1 THEN {values}[1:0] ELSE {values}[{first}:{first} + {length} - 1] END"


def _join(arguments: Sequence[Typed]) -> str:
    # Elements are written as Trino writes them, and NULL is left out unless there is something to put there.
    values, separator, *instead = arguments
    text = result_text("j", values.type.element)
    if instead:
        text = f"coalesce({text}, {instead[0].sql})"
    return f"array_to_string(list_transform({values.sql}, lambda j: {text}), {separator.sql})"


def _zip(arguments: Sequence[Typed]) -> str:
    values = ", ".join(argument.sql for argument in arguments)
    fields = ", ".join(f"f{i} := struct_extract_at(z, {i + 1})" for i in range(len(arguments)))
    return f"list_transform(list_zip({values}), lambda z: struct_pack({fields}))"


def _zip_with(arguments: Sequence[Typed]) -> str:
    joined = cast(Lambda, arguments[2])
    pair = joined.name
    body = joined.applied(f"struct_extract_at({pair}, 1)", f"struct_extract_at({pair}, 2)")
    return f"list_transform(list_zip({arguments[0].sql}, {arguments[1].sql}), lambda {pair}: {body})"


def _of_entries(kept: str) -> Callable[[Sequence[Typed]], str]:
    """A function of a map with a lambda of key and value; ``kept`` is the entry made of them."""

    def write(arguments: Sequence[Typed]) -> str:
        joined = cast(Lambda, arguments[1])
        entry = joined.name
        body = joined.applied(f"{entry}.key", f"{entry}.value")
        entries = f"map_entries({arguments[0].sql})"
        if kept == "filter":
            return f"map_from_entries(list_filter({entries}, lambda {entry}: {body}))"
        packed = kept.format(entry=entry, body=body)
        return f"map_from_entries(list_transform({entries}, lambda {entry}: struct_pack({packed})))"

    return write


FUNCTIONS: list[Function] = [
    scalar("cardinality(array(E)) -> bigint", "len({0})"),
    scalar("contains(array(E), E) -> boolean", "list_contains({0}, {1})"),
    scalar(
        "element_at(array(E), bigint) -> E", f"{{0}}[CASE WHEN {{1}} = 0 THEN {_INDEX_ZERO} ELSE {{1}} END]"
    ),
    scalar("element_at(map(K, V), K) -> V", "{0}[{1}]"),
    scalar("array_distinct(array(E)) -> array(E)", "athena_distinct({0})"),
    scalar("array_sort(array(O)) -> array(O)", "list_sort({0}, 'ASC', 'NULLS LAST')"),
    scalar(
        "array_max(array(O)) -> O",
        "CASE WHEN len(list_filter({0}, lambda m: m IS NULL)) = 0 THEN list_max({0}) END",
    ),
    scalar(
        "array_min(array(O)) -> O",
        "CASE WHEN len(list_filter({0}, lambda m: m IS NULL)) = 0 THEN list_min({0}) END",
    ),
    scalar(
        "array_position(array(E), E) -> bigint",
        "CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN coalesce(list_position({0}, {1}), 0) END",
    ),
    scalar("array_remove(array(E), E) -> array(E)", "list_filter({0}, lambda r: r IS DISTINCT FROM {1})"),
    scalar("array_join(array(E), varchar) -> varchar", _join),
    scalar("array_join(array(E), varchar, varchar) -> varchar", _join),
    scalar("array_union(array(E), array(E)) -> array(E)", "athena_distinct({0} || {1})"),
    scalar(
        "array_intersect(array(E), array(E)) -> array(E)",
        "athena_distinct(list_filter({0}, lambda x: list_contains({1}, x)))",
    ),
    scalar(
        "array_except(array(E), array(E)) -> array(E)",
        "athena_distinct(list_filter({0}, lambda x: NOT list_contains({1}, x)))",
    ),
    scalar("arrays_overlap(array(E), array(E)) -> boolean", "list_has_any({0}, {1})"),
    scalar("flatten(array(array(E))) -> array(E)", "flatten({0})"),
    scalar("reverse(array(E)) -> array(E)", "list_reverse({0})"),
    scalar("repeat(E, bigint) -> array(E)", "list_transform(range(greatest({1}, 0)), lambda r: {0})"),
    scalar("slice(array(E), bigint, bigint) -> array(E)", _slice),
    scalar("trim_array(array(E), bigint) -> array(E)", "{0}[:len({0}) - {1}]"),
    scalar(
        "sequence(bigint, bigint) -> array(bigint)",
        "generate_series({0}, {1}, CASE WHEN {0} <= {1} THEN 1 ELSE -1 END)",
    ),
    scalar("sequence(bigint, bigint, bigint) -> array(bigint)", "generate_series({0}, {1}, {2})"),
    *[
        scalar(
            f"sequence({kind}, {kind}, {step}) -> array({kind})",
            "list_transform(generate_series(CAST({0} AS TIMESTAMP), CAST({1} AS TIMESTAMP), {2}), "
            f"lambda d: CAST(d AS {duckdb}))",
        )
        for kind, duckdb in (("date", "DATE"), ("timestamp", "TIMESTAMP"))
        for step in ("interval day to second", "interval year to month")
    ],
    scalar(
        "sequence(date, date) -> array(date)",
        "list_transform(generate_series(CAST({0} AS TIMESTAMP), CAST({1} AS TIMESTAMP), "
        "CASE WHEN {0} <= {1} THEN INTERVAL 1 DAY ELSE INTERVAL (-1) DAY END), lambda d: CAST(d AS DATE))",
    ),
    scalar("zip(array(A), array(B)) -> array(row(A, B))", _zip),
    scalar("zip(array(A), array(B), array(C)) -> array(row(A, B, C))", _zip),
    scalar("transform(array(T), function(T, R)) -> array(R)", "list_transform({0}, {1})"),
    scalar("filter(array(T), function(T, boolean)) -> array(T)", "list_filter({0}, {1})"),
    scalar(
        "reduce(array(T), S, function(S, T, S), function(S, R)) -> R",
        "list_transform([list_reduce({0}, {2}, {1})], {3})[1]",
    ),
    scalar("any_match(array(T), function(T, boolean)) -> boolean", _ANY),
    scalar("all_match(array(T), function(T, boolean)) -> boolean", _ALL),
    scalar("none_match(array(T), function(T, boolean)) -> boolean", f"(NOT {_ANY})"),
    scalar("zip_with(array(T), array(U), function(T, U, R)) -> array(R)", _zip_with),
    # maps
    scalar("map() -> map(unknown, unknown)", "MAP {{}}"),
    scalar("map(array(K), array(V)) -> map(K, V)", "map({0}, {1})"),
    scalar("cardinality(map(K, V)) -> bigint", "CAST(cardinality({0}) AS BIGINT)"),
    scalar("map_keys(map(K, V)) -> array(K)", "map_keys({0})"),
    scalar("map_values(map(K, V)) -> array(V)", "map_values({0})"),
    scalar(
        "map_entries(map(K, V)) -> array(row(K, V))",
        "list_transform(map_entries({0}), lambda m: struct_pack(f0 := m.key, f1 := m.value))",
    ),
    scalar("map_from_entries(array(row(K, V))) -> map(K, V)", "map_from_entries({0})"),
    scalar("map_concat(map(K, V), map(K, V)...) -> map(K, V)", "map_concat({all})"),
    scalar("map_filter(map(K, V), function(K, V, boolean)) -> map(K, V)", _of_entries("filter")),
    scalar(
        "transform_values(map(K, V), function(K, V, R)) -> map(K, R)",
        _of_entries("k := {entry}.key, v := {body}"),
    ),
    scalar(
        "transform_keys(map(K, V), function(K, V, R)) -> map(R, V)",
        _of_entries("k := {body}, v := {entry}.value"),
    ),
]
