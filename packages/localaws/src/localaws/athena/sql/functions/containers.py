"""Functions of arrays and maps. https://trino.io/docs/current/functions/array.html and map.html"""

from collections.abc import Callable, Sequence
from typing import cast

from localaws.athena.sql.equality import canonical, equal, is_plain
from localaws.athena.sql.functions.signature import Function, scalar
from localaws.athena.sql.render import result_text
from localaws.athena.sql.typed import Lambda, Typed, fail
from localaws.athena.sql.types import APPROXIMATE, Type

__all__ = ["FUNCTIONS"]

_ANY = "athena_any(list_transform({0}, {1}))"
_ALL = "athena_all(list_transform({0}, {1}))"
_INDEX_ZERO = fail("INVALID_FUNCTION_ARGUMENT", "'SQL array indices start at 1'", "INTEGER")


_MOST = 10_000  # elements of sequence() and repeat()
_TOO_MANY = fail(
    "INVALID_FUNCTION_ARGUMENT",
    f"'count argument of repeat function must be less than or equal to {_MOST}'",
    "BIGINT",
)
_TOO_FEW = fail(
    "INVALID_FUNCTION_ARGUMENT",
    "'count argument of repeat function must be greater than or equal to 0'",
    "BIGINT",
)
_REPEATS = f"CASE WHEN {{1}} > {_MOST} THEN {_TOO_MANY} WHEN {{1}} < 0 THEN {_TOO_FEW} ELSE {{1}} END"


def _bounded(series: str, steps: str) -> str:
    """``series``, where the first step counts too."""
    rule = f"'result of sequence function must not have more than {_MOST} entries'"
    failed = fail("INVALID_FUNCTION_ARGUMENT", rule, "BOOLEAN")
    return f"CASE WHEN CASE WHEN {steps} >= {_MOST} THEN {failed} ELSE true END THEN {series} END"


def _slice(arguments: Sequence[Typed]) -> str:
    # From a start, counted from the end when negative, so many elements.
    values, start, length = (argument.sql for argument in arguments)
    first = f"(CASE WHEN {start} < 0 THEN len({values}) + {start} + 1 ELSE {start} END)"
    return f"CASE WHEN {first} < 1 THEN {values}[1:0] ELSE {values}[{first}:{first} + {length} - 1] END"


def _matches(arguments: Sequence[Typed]) -> str:
    """A list of whether each element of the first equals the second: true, false or NULL."""
    values, wanted = arguments
    return f"list_transform({values.sql}, lambda m: {equal('m', wanted.sql, values.type.element)})"


def _contains(arguments: Sequence[Typed]) -> str:
    values, wanted = arguments
    if not is_plain(values.type.element):
        return f"athena_any({_matches(arguments)})"
    unknown = f"{wanted.sql} IS NULL OR list_count({values.sql}) < len({values.sql})"
    found = f"list_contains({values.sql}, {wanted.sql})"
    return (
        f"CASE WHEN {found} THEN true WHEN {unknown} THEN NULL WHEN {values.sql} IS NOT NULL THEN false END"
    )


def _position(arguments: Sequence[Typed]) -> str:
    values, wanted = (argument.sql for argument in arguments)
    found = f"list_position({values}, {wanted})"
    if not is_plain(arguments[0].type.element):
        found = f"list_position({_matches(arguments)}, true)"
    return f"CASE WHEN {values} IS NOT NULL AND {wanted} IS NOT NULL THEN coalesce({found}, 0) END"


def _remove(arguments: Sequence[Typed]) -> str:
    values, wanted = arguments
    same = equal("m", wanted.sql, values.type.element)
    return (
        f"CASE WHEN {wanted.sql} IS NOT NULL "
        f"THEN list_filter({values.sql}, lambda m: m IS NULL OR {same} IS NOT TRUE) END"
    )


def _distinct(sql: str, kind: Type) -> str:
    """The array without what it has already, NULL once."""
    element = kind.element
    if canonical("m", element) == "m":
        return f"athena_distinct({sql})"
    keys = f"list_transform({sql}, lambda m: {canonical('m', element)})"
    return f"athena_distinct_by({sql}, {keys})"


def _kept(*, where: bool) -> Callable[[Sequence[Typed]], str]:
    """array_intersect and array_except, which distinguish NULL and NaN from others, not from themselves."""

    def write(arguments: Sequence[Typed]) -> str:
        values, others = arguments
        element = values.type.element
        keys = f"list_transform({others.sql}, lambda m: {canonical('m', element)})"
        mine = canonical("x", element)
        missing = f"list_count({keys}) < len({keys})"
        found = f"CASE WHEN {mine} IS NULL THEN {missing} ELSE list_contains({keys}, {mine}) END"
        condition = found if where else f"NOT ({found})"
        kept = _distinct(f"list_filter({values.sql}, lambda x: {condition})", values.type)
        return f"CASE WHEN {others.sql} IS NOT NULL THEN {kept} END"

    return write


def _overlap(arguments: Sequence[Typed]) -> str:
    """NULL where only an unknown element could be in both."""
    a, b = arguments
    element = a.type.element
    keys = [f"list_transform({each.sql}, lambda m: {canonical('m', element)})" for each in arguments]
    both = f"list_has_any({keys[0]}, {keys[1]})"
    filled = f"len({a.sql}) > 0 AND len({b.sql}) > 0"
    missing = f"list_count({a.sql}) < len({a.sql}) OR list_count({b.sql}) < len({b.sql})"
    known = f"{a.sql} IS NOT NULL AND {b.sql} IS NOT NULL"
    return f"CASE WHEN {both} THEN true WHEN {filled} AND ({missing}) THEN NULL WHEN {known} THEN false END"


def _max(arguments: Sequence[Typed]) -> str:
    """NULL if there is one; NaN only if there is nothing else."""
    values = arguments[0].sql
    found = f"list_max({values})"
    if arguments[0].type.element.base in APPROXIMATE:
        found = f"coalesce(list_max(list_filter({values}, lambda m: NOT isnan(m))), {found})"
    return f"CASE WHEN list_count({values}) = len({values}) THEN {found} END"


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
    scalar("contains(array(E), E) -> boolean", _contains),
    scalar(
        "element_at(array(E), bigint) -> E", f"{{0}}[CASE WHEN {{1}} = 0 THEN {_INDEX_ZERO} ELSE {{1}} END]"
    ),
    scalar("element_at(map(K, V), K) -> V", "{0}[{1}]"),
    scalar("array_distinct(array(E)) -> array(E)", lambda a: _distinct(a[0].sql, a[0].type)),
    scalar("array_sort(array(O)) -> array(O)", "list_sort({0}, 'ASC', 'NULLS LAST')"),
    scalar("array_max(array(O)) -> O", _max),
    scalar(
        "array_min(array(O)) -> O",
        "CASE WHEN len(list_filter({0}, lambda m: m IS NULL)) = 0 THEN list_min({0}) END",
    ),
    scalar("array_position(array(E), E) -> bigint", _position),
    scalar("array_remove(array(E), E) -> array(E)", _remove),
    scalar("array_join(array(E), varchar) -> varchar", _join),
    scalar("array_join(array(E), varchar, varchar) -> varchar", _join),
    scalar(
        "array_union(array(E), array(E)) -> array(E)",
        lambda a: _distinct(f"({a[0].sql} || {a[1].sql})", a[0].type),
    ),
    scalar("array_intersect(array(E), array(E)) -> array(E)", _kept(where=True)),
    scalar("array_except(array(E), array(E)) -> array(E)", _kept(where=False)),
    scalar("arrays_overlap(array(E), array(E)) -> boolean", _overlap),
    scalar("flatten(array(array(E))) -> array(E)", "flatten({0})"),
    scalar("reverse(array(E)) -> array(E)", "list_reverse({0})"),
    scalar("repeat(E, bigint) -> array(E)", f"list_transform(range({_REPEATS}), lambda r: {{0}})"),
    scalar("slice(array(E), bigint, bigint) -> array(E)", _slice),
    scalar("trim_array(array(E), bigint) -> array(E)", "{0}[:len({0}) - {1}]"),
    scalar(
        "sequence(bigint, bigint) -> array(bigint)",
        _bounded("generate_series({0}, {1}, CASE WHEN {0} <= {1} THEN 1 ELSE -1 END)", "abs({1} - {0})"),
    ),
    scalar(
        "sequence(bigint, bigint, bigint) -> array(bigint)",
        _bounded("generate_series({0}, {1}, {2})", "abs({1} - {0}) // abs({2})"),
    ),
    *[
        scalar(
            f"sequence({kind}, {kind}, {step}) -> array({kind})",
            _bounded(
                "list_transform(generate_series(CAST({0} AS TIMESTAMP), CAST({1} AS TIMESTAMP), "
                f"{interval}({{2}})), lambda d: CAST(d AS {duckdb}))",
                "abs(date_diff('month', {0}, {1})) // abs({2})"
                if interval == "to_months"
                else "abs(epoch_ms({1}) - epoch_ms({0})) // abs({2})",
            ),
        )
        for kind, duckdb in (("date", "DATE"), ("timestamp", "TIMESTAMP"))
        for step, interval in (
            ("interval day to second", "to_milliseconds"),
            ("interval year to month", "to_months"),
        )
    ],
    scalar(
        "sequence(date, date) -> array(date)",
        _bounded(
            "list_transform(generate_series(CAST({0} AS TIMESTAMP), CAST({1} AS TIMESTAMP), CASE WHEN {0} <= "
            "{1} THEN INTERVAL 1 DAY ELSE INTERVAL (-1) DAY END), lambda d: CAST(d AS DATE))",
            "abs(date_diff('day', {0}, {1}))",
        ),
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
