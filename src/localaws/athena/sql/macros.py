"""DuckDB macros for what Trino does and DuckDB has no short word for."""

import re

__all__ = ["macros_for"]

# A value's text as Java writes it: 1.0E10 for 1e10. DuckDB writes the same shortest digits, laid out
# differently.
_DOUBLE_TEXT = """
    CASE
        WHEN x IS NULL THEN NULL
        WHEN isnan(x) THEN 'NaN'
        WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
        WHEN x = 0 OR (abs(x) >= 0.001 AND abs(x) < 10000000) THEN CAST(x AS VARCHAR)
        WHEN contains(CAST(x AS VARCHAR), 'e') THEN athena_exponent_text(CAST(x AS VARCHAR))
        WHEN abs(x) >= 10000000 THEN athena_large_text(
            CASE WHEN x < 0 THEN '-' ELSE '' END,
            split_part(CAST(abs(x) AS VARCHAR), '.', 1), split_part(CAST(abs(x) AS VARCHAR), '.', 2))
        ELSE athena_small_text(
            CASE WHEN x < 0 THEN '-' ELSE '' END, regexp_extract(CAST(abs(x) AS VARCHAR), '^0\\.(0*)', 1),
            regexp_extract(CAST(abs(x) AS VARCHAR), '^0\\.0*([1-9][0-9]*)$', 1))
    END"""

_MACROS = {
    "athena_double_text(x)": _DOUBLE_TEXT,
    # '1.5e-07' -> '1.5E-7', '1e+16' -> '1.0E16'
    "athena_exponent_text(t)": """
        CASE WHEN contains(split_part(t, 'e', 1), '.') THEN split_part(t, 'e', 1) ELSE split_part(t, 'e', 1)
        || '.0' END || 'E' || CAST(CAST(split_part(t, 'e', 2) AS INTEGER) AS VARCHAR)""",
    # '12345678', '5' -> '1.23456785E7'
    "athena_large_text(sign, whole, fraction)": """
        sign || whole[1] || '.' || athena_digits(whole[2:] || fraction) || 'E' || CAST(length(whole) - 1 AS
        VARCHAR)""",
    # '00', '15' (of 0.0015) -> '1.5E-3'
    "athena_small_text(sign, zeros, digits)": """
        sign || digits[1] || '.' || athena_digits(digits[2:]) || 'E-' || CAST(length(zeros) + 1 AS
        VARCHAR)""",
    "athena_digits(d)": "CASE WHEN rtrim(d, '0') = '' THEN '0' ELSE rtrim(d, '0') END",
    "athena_binary_text(x)": "rtrim(regexp_replace(lower(hex(x)), '(..)', '\\1 ', 'g'))",
    "athena_day_interval_text(x)": """
        CASE WHEN x < 0 THEN '-' ELSE '' END || CAST(abs(x) // 86400000 AS VARCHAR) || ' '
        || strftime(make_timestamp(abs(x) % 86400000 * 1000), '%H:%M:%S.%g')""",
    "athena_month_interval_text(x)": """
        CASE WHEN x < 0 THEN '-' ELSE '' END || CAST(abs(x) // 12 AS VARCHAR) || '-'
        || CAST(abs(x) % 12 AS VARCHAR)""",
    # Trino keeps milliseconds: halves go up. From the year 1 on, since // cuts and does not floor; in this
    # form DuckDB still skips the blocks of a file that a filter leaves out.
    "athena_milliseconds(x)": """
        make_timestamp_ms((epoch_us(x) + 62135596800000500) // 1000 - 62135596800000)""",
    "athena_zone_name(z)": """
        list_transform([z], lambda n:
            CASE WHEN n IN ('', 'Z', 'UTC', 'GMT', 'UT', 'Zulu')
                     OR regexp_full_match(n, '[+-]00?(:?00)?') THEN 'UTC'
                 WHEN n[1] IN ('+', '-') THEN n[1] || lpad(regexp_extract(n, '^.(\\d\\d?)', 1), 2, '0') || ':'
                     || coalesce(nullif(regexp_extract(n, '^.\\d\\d?:?(\\d\\d)$', 1), ''), '00')
                 ELSE n END)[1]""",
    # A moment at which a clock in the zone z shows the time t, with the zone.
    "athena_zoned(t, z)": """
        list_transform([struct_pack(t := t, z := z)], lambda n: struct_pack(
            moment := timezone(athena_duckdb_zone(struct_extract(n, 'z')), struct_extract(n, 't')),
            zone := struct_extract(n, 'z')))[1]""",
    # An offset as DuckDB writes it.
    "athena_duckdb_zone(z)": "CASE WHEN z[1] IN ('+', '-') THEN 'GMT' || z ELSE z END",
    "athena_offset_text(s)": """
        list_transform([s], lambda n: CASE WHEN n = 0 THEN 'Z' ELSE CASE WHEN n < 0 THEN '-' ELSE '+' END
            || strftime(make_timestamp(CAST(abs(n) AS BIGINT) * 1000000), '%H:%M') END)[1]""",
    # Half away from zero on the exact quotient: numerators are scaled integers.
    "athena_rounded_quotient(a, b)": """
        CAST(CASE WHEN (a < 0) = (b < 0) THEN 1 ELSE -1 END AS HUGEINT)
        * ((2 * abs(CAST(a AS HUGEINT)) + abs(CAST(b AS HUGEINT))) // (2 * abs(CAST(b AS HUGEINT))))""",
    # DuckDB's json_extract_string gives the text of objects and arrays too, and fails on text that is no
    # JSON.
    "athena_json_scalar(x, path)": """
        CASE WHEN NOT json_valid(x) THEN NULL
             WHEN json_type(x, path) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL
             ELSE json_extract_string(x, path) END""",
    "athena_json_extract(x, path)": "CASE WHEN json_valid(x) THEN json_extract(x, path) END",
    # Of several values for a key one is kept.
    "athena_map_of_pairs(l)": """
        map_from_entries(list_filter(l, lambda e, i:
            e.k IS NOT NULL AND list_position(list_transform(l, lambda q: q.k), e.k) = i))""",
    # DuckDB's list_distinct loses NULL and the order.
    "athena_distinct(l)": """
        list_filter(l, lambda d, i: CASE WHEN d IS NULL THEN len(list_filter(l[:i], lambda n: n IS NULL)) = 1
            ELSE list_position(l, d) = i END)""",
    # Three-valued AND and OR over a list.
    "athena_all(l)": """
        CASE WHEN list_contains(l, false) THEN false WHEN list_count(l) < len(l) THEN NULL
             WHEN l IS NOT NULL THEN true END""",
    "athena_any(l)": """
        CASE WHEN list_contains(l, true) THEN true WHEN list_count(l) < len(l) THEN NULL
             WHEN l IS NOT NULL THEN false END""",
    # The same by keys, one an element.
    "athena_distinct_by(l, k)": """
        list_filter(l, lambda d, i:
            CASE WHEN k[i] IS NULL THEN len(list_filter(k[:i], lambda n: n IS NULL)) = 1
            ELSE list_position(k, k[i]) = i END)""",
    # Whether the first elements of two arrays that are not the same are unknown.
    "athena_null_decides(a, b)": """
        coalesce(list_filter(list_transform(list_zip(a[:len(b)], b[:len(a)]), lambda z:
            CASE WHEN z[1] IS NULL OR z[2] IS NULL THEN true WHEN z[1] <> z[2] THEN false END),
            lambda d: d IS NOT NULL)[1], false)""",
    "athena_json_value(x)": "json_extract_string(x, '$')",
}
_BODIES = {signature.split("(")[0]: (signature, body) for signature, body in _MACROS.items()}


def macros_for(sql: str) -> list[str]:
    """The CREATE MACRO statements that ``sql`` needs, those that others need first.

    >>> [statement.split("(")[0] for statement in macros_for("SELECT athena_json_value(x)")]
    ['CREATE TEMP MACRO athena_json_value']
    """
    needed: list[str] = []

    def need(text: str) -> None:
        for name in dict.fromkeys(re.findall(r"\bathena_\w+", text)):
            if name not in needed:
                need(_BODIES[name][1])
                needed.append(name)

    need(sql)
    return [f"CREATE TEMP MACRO {_BODIES[name][0]} AS ({_BODIES[name][1]})" for name in needed]
