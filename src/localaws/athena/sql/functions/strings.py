"""String functions. https://trino.io/docs/current/functions/string.html"""

import re
from collections.abc import Callable, Sequence

from localaws.athena.errors import QueryFailed
from localaws.athena.sql.functions.signature import Function, scalar
from localaws.athena.sql.render import text_of
from localaws.athena.sql.typed import MEMORY_EXCEEDED, Typed, fail, literal

__all__ = ["FUNCTIONS"]


def _substring(arguments: Sequence[Typed]) -> str:
    # Position 0, and a position before the beginning, give an empty string.
    text, start = arguments[0].sql, arguments[1].sql
    length = f", greatest({arguments[2].sql}, 0)" if len(arguments) > 2 else ""
    plain = f"substr({text}, {start}{length})"
    if arguments[1].constant and int(arguments[1].constant) > 0:
        return plain
    return f"CASE WHEN {start} = 0 OR {start} < -length({text}) THEN left({text}, 0) ELSE {plain} END"


def _split_limited(arguments: Sequence[Typed]) -> str:
    # The last piece holds what is left.
    text, separator, limit = (argument.sql for argument in arguments)
    pieces = f"string_split({text}, {separator})"
    rest = f"list_append({pieces}[:{limit} - 1], array_to_string({pieces}[{limit}:], {separator}))"
    return f"CASE WHEN len({pieces}) > {limit} THEN {rest} ELSE {pieces} END"


_LONGEST = 1 << 25  # characters that lpad and rpad make here; Athena's longest row has 32 MB
_LONGEST_OF_TRINO = 2**31 - 1


def _padded(name: str) -> Callable[[Sequence[Typed]], str]:
    def write(arguments: Sequence[Typed]) -> str:
        text, length, letters = (argument.sql for argument in arguments)
        # Twice CASE: DuckDB works out what is constant also in branches that it will not take.
        short = f"CASE WHEN {length} <= {_LONGEST} THEN {length} END"
        plain = f"{name}({text}, CAST({short} AS INTEGER), {letters})"
        count = arguments[1].constant
        if count is not None and 0 <= int(count) <= _LONGEST and arguments[2].constant:
            return f"{name}({text}, CAST({length} AS INTEGER), {letters})"
        rule = f"Target length must be in the range [0..{_LONGEST_OF_TRINO}]"
        wrong = fail("INVALID_FUNCTION_ARGUMENT", literal(rule))
        empty = fail("INVALID_FUNCTION_ARGUMENT", "'Padding string must not be empty'")
        too_long = fail("EXCEEDED_LOCAL_MEMORY_LIMIT", literal(MEMORY_EXCEEDED))
        return (
            f"CASE WHEN {length} NOT BETWEEN 0 AND {_LONGEST_OF_TRINO} THEN {wrong} WHEN {letters} = '' "
            f"THEN {empty} WHEN {length} > {_LONGEST} THEN {too_long} ELSE {plain} END"
        )

    return write


_DIRECTIVE = re.compile(r"%%|%[-+ 0#]*\d*(?:\.\d+)?([sdfeEgGxXc])?")


def _format(arguments: Sequence[Typed]) -> str:
    """Java's format strings, as far as DuckDB's printf has the same."""
    pattern, *given = arguments
    directives = [found for found in _DIRECTIVE.finditer(pattern.constant or "%!") if found[0] != "%%"]
    if any(found[1] is None for found in directives):
        raise QueryFailed("NOT_SUPPORTED", "format() with this format string")
    if len(directives) > len(given):
        raise QueryFailed("INVALID_FUNCTION_ARGUMENT", f"Invalid format string: {pattern.constant}")
    values = []
    for found, value in zip(directives, given, strict=False):
        if found[1] == "s":
            values.append(text_of(value.sql, value.type))
        elif found[1] in "feEgG":
            values.append(f"CAST({value.sql} AS DOUBLE)")
        else:
            values.append(value.sql)
    return f"printf({', '.join([pattern.sql, *values])})"


def _replacement(arguments: Sequence[Typed]) -> str:
    """Java writes a group as $1 and escapes with a backslash, DuckDB writes it as \\1."""

    def piece(found: re.Match[str]) -> str:
        if found[1] is not None:
            return "\\" + found[1]
        return "\\\\" if found[2] == "\\" else found[2]

    text, pattern, replacement = arguments
    if replacement.constant is None:
        raise QueryFailed(
            "NOT_SUPPORTED", "regexp_replace with a replacement that is not written out in the query"
        )
    written = literal(re.sub(r"\$(\d)|\\(.)", piece, replacement.constant))
    return f"regexp_replace({text.sql}, {pattern.sql}, {written}, 'g')"


_AFTER_HOST = r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*"

FUNCTIONS: list[Function] = [
    scalar("lower(varchar) -> varchar", "lower({0})"),
    scalar("upper(varchar) -> varchar", "upper({0})"),
    scalar("length(varchar) -> bigint", "length({0})"),
    scalar("length(varbinary) -> bigint", "octet_length({0})"),
    scalar("reverse(varchar) -> varchar", "reverse({0})"),
    scalar("trim(varchar) -> varchar", "trim({0}, ' \t\n\r\f\v')"),
    scalar("ltrim(varchar) -> varchar", "ltrim({0}, ' \t\n\r\f\v')"),
    scalar("rtrim(varchar) -> varchar", "rtrim({0}, ' \t\n\r\f\v')"),
    scalar("substr(varchar, bigint) -> varchar", _substring),
    scalar("substr(varchar, bigint, bigint) -> varchar", _substring),
    scalar("substring(varchar, bigint) -> varchar", _substring),
    scalar("substring(varchar, bigint, bigint) -> varchar", _substring),
    scalar("replace(varchar, varchar) -> varchar", "replace({0}, {1}, '')"),
    scalar("replace(varchar, varchar, varchar) -> varchar", "replace({0}, {1}, {2})"),
    # DuckDB's concat() skips NULL.
    scalar("concat(varchar, varchar...) -> varchar", lambda a: "(" + " || ".join(x.sql for x in a) + ")"),
    scalar("concat(array(E), array(E)...) -> array(E)", lambda a: "(" + " || ".join(x.sql for x in a) + ")"),
    scalar("concat_ws(varchar, varchar...) -> varchar", "concat_ws({all})"),
    scalar("concat_ws(varchar, array(varchar)) -> varchar", "array_to_string({1}, {0})"),
    scalar("strpos(varchar, varchar) -> bigint", "strpos({0}, {1})"),
    *[scalar(f"{name}(varchar, bigint, varchar) -> varchar", _padded(name)) for name in ("lpad", "rpad")],
    scalar("starts_with(varchar, varchar) -> boolean", "starts_with({0}, {1})"),
    scalar("ends_with(varchar, varchar) -> boolean", "ends_with({0}, {1})"),
    scalar("split(varchar, varchar) -> array(varchar)", "string_split({0}, {1})"),
    scalar("split(varchar, varchar, bigint) -> array(varchar)", _split_limited),
    # An index past the last piece is NULL; DuckDB's split_part gives ''.
    scalar("split_part(varchar, varchar, bigint) -> varchar", "string_split({0}, {1})[{2}]"),
    scalar(
        "split_to_map(varchar, varchar, varchar) -> map(varchar, varchar)",
        "map_from_entries(list_transform(string_split({0}, {1}), lambda p: "
        "struct_pack(k := split_part(p, {2}, 1), v := split_part(p, {2}, 2))))",
    ),
    scalar("chr(bigint) -> varchar", "chr(CAST({0} AS INTEGER))"),
    scalar("codepoint(varchar) -> integer", "unicode({0})"),
    scalar("levenshtein_distance(varchar, varchar) -> bigint", "levenshtein({0}, {1})"),
    scalar("hamming_distance(varchar, varchar) -> bigint", "hamming({0}, {1})"),
    scalar("translate(varchar, varchar, varchar) -> varchar", "translate({0}, {1}, {2})"),
    scalar("normalize(varchar) -> varchar", "nfc_normalize({0})"),
    scalar("to_utf8(varchar) -> varbinary", "encode({0})"),
    scalar("from_utf8(varbinary) -> varchar", "decode({0})"),
    scalar("format(varchar, any...) -> varchar", _format),
    # regular expressions: https://trino.io/docs/current/functions/regexp.html
    scalar("regexp_like(varchar, varchar) -> boolean", "regexp_matches({0}, {1})"),
    scalar(
        "regexp_extract(varchar, varchar) -> varchar",
        "CASE WHEN regexp_matches({0}, {1}) THEN regexp_extract({0}, {1}) END",
    ),
    scalar(
        "regexp_extract(varchar, varchar, bigint) -> varchar",
        "CASE WHEN regexp_matches({0}, {1}) THEN regexp_extract({0}, {1}, CAST({2} AS INTEGER)) END",
    ),
    scalar("regexp_extract_all(varchar, varchar) -> array(varchar)", "regexp_extract_all({0}, {1})"),
    scalar(
        "regexp_extract_all(varchar, varchar, bigint) -> array(varchar)",
        "regexp_extract_all({0}, {1}, CAST({2} AS INTEGER))",
    ),
    scalar("regexp_replace(varchar, varchar) -> varchar", "regexp_replace({0}, {1}, '', 'g')"),
    scalar("regexp_replace(varchar, varchar, varchar) -> varchar", _replacement),
    scalar("regexp_split(varchar, varchar) -> array(varchar)", "regexp_split_to_array({0}, {1})"),
    scalar("regexp_count(varchar, varchar) -> bigint", "len(regexp_extract_all({0}, {1}))"),
    # URLs: https://trino.io/docs/current/functions/url.html
    scalar("url_encode(varchar) -> varchar", "replace(url_encode({0}), '%20', '+')"),
    scalar("url_decode(varchar) -> varchar", "url_decode(replace({0}, '+', ' '))"),
    scalar(
        "url_extract_protocol(varchar) -> varchar",
        "nullif(regexp_extract({0}, '^([a-zA-Z][a-zA-Z0-9+.-]*):', 1), '')",
    ),
    scalar(
        "url_extract_host(varchar) -> varchar",
        "nullif(regexp_extract({0}, '^[a-zA-Z][a-zA-Z0-9+.-]*://(?:[^@/?#]*@)?([^/:?#]*)', 1), '')",
    ),
    scalar("url_extract_path(varchar) -> varchar", f"regexp_extract({{0}}, '{_AFTER_HOST}([^?#]*)', 1)"),
    scalar(
        "url_extract_query(varchar) -> varchar", "nullif(regexp_extract({0}, '^[^?#]*\\?([^#]*)', 1), '')"
    ),
    scalar("url_extract_fragment(varchar) -> varchar", "nullif(regexp_extract({0}, '#(.*)$', 1), '')"),
    scalar(
        "url_extract_parameter(varchar, varchar) -> varchar",
        "url_decode(replace(list_filter(list_transform("
        "string_split(regexp_extract({0}, '^[^?#]*\\?([^#]*)', 1), '&'), "
        "lambda p: CASE WHEN split_part(p, '=', 1) = {1} THEN p[length({1}) + 2:] END), "
        "lambda p: p IS NOT NULL)[1], '+', ' '))",
    ),
    # binary: https://trino.io/docs/current/functions/binary.html
    scalar("to_hex(varbinary) -> varchar", "hex({0})"),
    scalar("from_hex(varchar) -> varbinary", "unhex({0})"),
    scalar("to_base64(varbinary) -> varchar", "to_base64({0})"),
    scalar("from_base64(varchar) -> varbinary", "from_base64({0})"),
    scalar("md5(varbinary) -> varbinary", "unhex(md5({0}))"),
    scalar("sha1(varbinary) -> varbinary", "unhex(sha1({0}))"),
    scalar("sha256(varbinary) -> varbinary", "unhex(sha256({0}))"),
]
