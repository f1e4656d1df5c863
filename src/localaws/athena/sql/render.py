"""The text of a value: what CAST(... AS varchar) gives and what Athena writes into result files."""

from localaws.athena.sql import zones
from localaws.athena.sql.typed import literal
from localaws.athena.sql.types import Type

__all__ = ["result_text", "text_of"]


def text_of(sql: str, kind: Type) -> str:
    """SQL that writes the value ``sql`` as Trino writes it."""
    if kind.base == "varchar":
        return sql
    if kind.base in {"timestamp", "time"}:
        return _clock(sql, kind)
    if kind.base == "timestamp with time zone":
        return f"({_clock(zones.local(sql, kind), kind)} || ' ' || {zones.shown_zone(sql, kind)})"
    if kind.base == "decimal" and kind.precision == kind.scale:  # DuckDB writes .5
        return f"regexp_replace(CAST({sql} AS VARCHAR), '^(-?)\\.', '\\10.')"
    return _WRITERS.get(kind.base, "CAST({0} AS VARCHAR)").format(sql)


def result_text(sql: str, kind: Type, depth: int = 0) -> str:
    """SQL that writes the value as Athena's result files have it: milliseconds always, and containers."""
    if kind.base in {"timestamp", "time", "timestamp with time zone"}:
        return text_of(sql, Type(kind.base, (3,), zone=kind.zone))
    name = f"e{depth}"
    if kind.base == "array":
        inner = _or_null(result_text(name, kind.element, depth + 1))
        return f"('[' || array_to_string(list_transform({sql}, lambda {name}: {inner}), ', ') || ']')"
    if kind.base == "map":
        key = result_text(f"{name}.key", kind.key, depth + 1)
        value = _or_null(result_text(f"{name}.value", kind.value, depth + 1))
        pairs = f"list_transform(map_entries({sql}), lambda {name}: {key} || '=' || {value})"
        return f"('{{' || array_to_string({pairs}, ', ') || '}}')"
    if kind.base == "row":
        fields = " || ', ' || ".join(
            literal((label or f"field{i}") + "=")
            + " || "
            + _or_null(result_text(f"struct_extract({sql}, 'f{i}')", kind.inner(i), depth))
            for i, label in enumerate(kind.names)
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN '{{' || {fields} || '}}' END"
    return text_of(sql, kind)


def _or_null(sql: str) -> str:
    return f"coalesce({sql}, 'null')"


def _clock(sql: str, kind: Type) -> str:
    day = "" if kind.base == "time" else "%Y-%m-%d "
    moment = f"(DATE '1970-01-01' + {sql})" if kind.base == "time" else sql
    if kind.precision == 0:
        return f"strftime({moment}, '{day}%H:%M:%S')"
    if kind.precision == 3:
        return f"strftime({moment}, '{day}%H:%M:%S.%g')"
    text = f"strftime({moment}, '{day}%H:%M:%S.%f')"  # microseconds: DuckDB keeps no more
    if kind.precision > 6:
        return f"({text} || '{'0' * (kind.precision - 6)}')"
    return f"left({text}, -{6 - kind.precision})" if kind.precision < 6 else text


_WRITERS = {
    "unknown": "CAST({0} AS VARCHAR)",
    "real": "athena_double_text({0})",
    "double": "athena_double_text({0})",
    "varbinary": "athena_binary_text({0})",
    "interval day to second": "athena_day_interval_text({0})",
    "interval year to month": "athena_month_interval_text({0})",
}
