"""JSON functions. https://trino.io/docs/current/functions/json.html"""

import re
from collections.abc import Callable, Sequence

from localaws.athena.errors import QueryFailed
from localaws.athena.sql.functions.signature import Function, scalar
from localaws.athena.sql.typed import Typed, literal

__all__ = ["FUNCTIONS", "duckdb_path"]

_STEP = re.compile(
    r"""\.(?P<name>[\w$@-]+)|\[(?P<index>\d+)\]|\[(?P<quote>["'])(?P<quoted>.*?)(?P=quote)\]"""
)


def duckdb_path(path: str) -> str:
    """Trino's JSON path in DuckDB's spelling, in which every name is quoted.

    >>> duckdb_path("$.a[0]['b c']")
    '$."a"[0]."b c"'

    Raises QueryFailed on wildcards and filters, which are not supported here.
    """
    rest = path.strip().removeprefix("lax ").removeprefix("strict ").strip()
    if not rest.startswith("$"):
        raise QueryFailed("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{path}'")
    steps, rest = "$", rest[1:]
    while rest:
        found = _STEP.match(rest)
        if found is None:
            raise QueryFailed(
                "NOT_SUPPORTED", f"JSON path {path!r}: only .name, ['name'] and [number] are supported"
            )
        steps += f"[{found['index']}]" if found["index"] else f'."{found["name"] or found["quoted"]}"'
        rest = rest[found.end() :]
    return steps


def _with_path(template: str) -> Callable[[Sequence[Typed]], str]:
    def write(arguments: Sequence[Typed]) -> str:
        path = arguments[1].constant
        if path is None:
            raise QueryFailed("NOT_SUPPORTED", "a JSON path that is not written out in the query")
        return template.format(arguments[0].sql, literal(duckdb_path(path)))

    return write


_BOTH = ("varchar", "json")

FUNCTIONS: list[Function] = [
    *[
        function
        for kind in _BOTH
        for function in (
            scalar(f"json_extract({kind}, varchar) -> json", _with_path("athena_json_extract({0}, {1})")),
            scalar(
                f"json_extract_scalar({kind}, varchar) -> varchar", _with_path("athena_json_scalar({0}, {1})")
            ),
            scalar(
                f"json_size({kind}, varchar) -> bigint",
                _with_path(
                    "CAST(CASE json_type({0}, {1}) WHEN 'ARRAY' THEN json_array_length({0}, {1}) "
                    "WHEN 'OBJECT' THEN len(json_keys({0}, {1})) ELSE 0 END AS BIGINT)"
                ),
            ),
            scalar(
                f"json_array_length({kind}) -> bigint",
                "CASE WHEN json_valid({0}) AND json_type({0}) = 'ARRAY' "
                "THEN CAST(json_array_length({0}) AS BIGINT) END",
            ),
            scalar(
                f"json_array_get({kind}, bigint) -> json",
                "CASE WHEN json_valid({0}) AND json_type({0}) = 'ARRAY' THEN json_extract({0}, {1}) END",
            ),
            scalar(f"is_json_scalar({kind}) -> boolean", "json_type({0}) NOT IN ('OBJECT', 'ARRAY')"),
        )
    ],
    scalar("json_parse(varchar) -> json", "json({0})"),
    scalar("json_format(json) -> varchar", "CAST({0} AS VARCHAR)"),
]
