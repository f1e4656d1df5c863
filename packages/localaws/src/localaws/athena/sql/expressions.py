"""Each kind of expression that a query may contain: its DuckDB text and its type."""

import re
from collections.abc import Callable

from sqlglot import exp

from localaws.athena.sql import types, zones
from localaws.athena.sql.agreement import common_of
from localaws.athena.sql.calls import compile_call, compile_wrapped_call
from localaws.athena.sql.casts import cast, coerce
from localaws.athena.sql.compiled import CompiledQuery, OutputColumn
from localaws.athena.sql.compiler import Compiler, NodeCompiler
from localaws.athena.sql.data_type import type_of
from localaws.athena.sql.equality import among, compared_sql, is_plain
from localaws.athena.sql.functions.json_text import duckdb_path
from localaws.athena.sql.functions.moments import FIELDS
from localaws.athena.sql.operators import COMPARISONS, arithmetic, compared, concatenated
from localaws.athena.sql.scope import Scope
from localaws.athena.sql.typed import Typed, fail, literal
from localaws.athena.sql.types import Type, common_type, duckdb_type

__all__ = ["NODES"]

_UNITS = {"second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_MONTHS = {"month": 1, "year": 12}


def _literal(compiler: Compiler, node: exp.Literal, scope: Scope) -> Typed:
    text = node.name
    if node.is_string:
        return Typed(literal(text), types.varchar(len(text)), text)
    if re.fullmatch(r"\d+", text):
        number = int(text)
        if number >= 2**63:
            raise compiler.context.error("INVALID_LITERAL", f"Invalid numeric literal: {text}", node)
        kind = types.INTEGER if number < 2**31 else types.BIGINT
        return Typed(text if kind == types.INTEGER else f"CAST({text} AS BIGINT)", kind, text)
    # Trino reads 0.5 as a decimal, Athena as a double: its documentation advises to write DECIMAL '0.5'.
    # https://docs.aws.amazon.com/athena/latest/ug/data-types.html
    try:
        return Typed(f"CAST('{float(text)!r}' AS DOUBLE)", types.DOUBLE, text)
    except ValueError as error:
        raise compiler.context.error("SYNTAX_ERROR", f"mismatched input '{text}'", node) from error


def _negative(compiler: Compiler, node: exp.Neg, scope: Scope) -> Typed:
    inner = node.this
    if isinstance(inner, exp.Literal) and inner.name == "9223372036854775808":  # the least bigint
        return Typed("CAST(-9223372036854775808 AS BIGINT)", types.BIGINT, "-9223372036854775808")
    value = compiler(inner, scope)
    if value.type.base not in (*types.NUMBERS, "interval day to second", "interval year to month", "unknown"):
        raise compiler.context.error("TYPE_MISMATCH", f"Cannot negate {value.type}", node)
    return Typed(f"(-{value.sql})", value.type, value.constant and f"-{value.constant}")


def _column(compiler: Compiler, node: exp.Column, scope: Scope) -> Typed:
    if isinstance(node.this, exp.Star):
        raise compiler.context.error("SYNTAX_ERROR", "'*' is not allowed here", node)
    return compiler.resolve(list(node.parts), scope, node)


def _identifier(compiler: Compiler, node: exp.Identifier, scope: Scope) -> Typed:
    return compiler.resolve([node], scope, node)


def _dot(compiler: Compiler, node: exp.Dot, scope: Scope) -> Typed:
    return compiler.field_of(compiler(node.this, scope), node.expression.name, node)


def _paren(compiler: Compiler, node: exp.Paren, scope: Scope) -> Typed:
    inner = compiler(node.this, scope)
    return Typed(f"({inner.sql})", inner.type, inner.constant)


def _logical(word: str) -> Callable[[Compiler, exp.Binary, Scope], Typed]:
    def compile_it(compiler: Compiler, node: exp.Binary, scope: Scope) -> Typed:
        what = "Logical expression term must evaluate to a boolean (actual:"
        terms = []
        for term in node.flatten():
            value = compiler(term, scope)
            if value.type.base not in {"boolean", "unknown"}:
                raise compiler.context.error("TYPE_MISMATCH", f"{what} {value.type})", term)
            terms.append(value.sql)
        return Typed(f"({f' {word} '.join(terms)})", types.BOOLEAN)

    return compile_it


def _not(compiler: Compiler, node: exp.Not, scope: Scope) -> Typed:
    inner = compiler.boolean(
        node.this, scope, "Value of logical NOT expression must evaluate to a boolean, not"
    )
    return Typed(f"(NOT {inner.sql})", types.BOOLEAN)


def _comparison(compiler: Compiler, node: exp.Binary, scope: Scope) -> Typed:
    quantified = node.expression
    if isinstance(quantified, (exp.Any, exp.All)):
        return _quantified(compiler, node, quantified, scope)
    return compared(compiler.context, node, compiler(node.this, scope), compiler(quantified, scope))


def _quantified(compiler: Compiler, node: exp.Binary, quantified: exp.Expr, scope: Scope) -> Typed:
    value = compiler(node.this, scope)
    inner = compiler.subquery(quantified.this, scope)
    together = common_type(value.type, inner.columns[0].type)
    if len(inner.columns) != 1 or together is None:
        raise compiler.context.error(
            "TYPE_MISMATCH", "the subquery must return one column of a comparable type", node
        )
    word = "ANY" if isinstance(quantified, exp.Any) else "ALL"
    symbol = COMPARISONS[type(node)]
    return Typed(_compared_with_rows(compiler, symbol, word, coerce(value, together), inner), types.BOOLEAN)


def _compared_with_rows(
    compiler: Compiler, symbol: str, word: str, value: Typed, inner: CompiledQuery
) -> str:
    """``value symbol ANY (inner)``, or ALL."""
    kind, rows = value.type, inner.as_types([value.type])
    if is_plain(kind):
        return f"({value.sql} {symbol} {word} ({rows}))"
    alias, column = compiler.context.names.new("r"), compiler.context.names.new("c")
    if kind.base in types.APPROXIMATE and symbol == "=" and word == "ANY":  # a join for DuckDB
        numbers = f"SELECT * FROM ({rows}) AS {alias}({column}) WHERE isnan({column}) IS NOT TRUE"
        return f"({value.sql} IN ({numbers}))"
    holds = compared_sql(symbol, value, Typed(f"{alias}.{column}", kind), kind)
    decisive, otherwise = (f"NOT {holds}", "true") if word == "ALL" else (holds, "false")
    found = f"EXISTS (SELECT 1 FROM ({rows}) AS {alias}({column}) WHERE "
    return (
        f"CASE WHEN {found}{decisive}) THEN {'true' if word == 'ANY' else 'false'} "
        f"WHEN {found}{holds} IS NULL) THEN NULL ELSE {otherwise} END"
    )


def _arithmetic(compiler: Compiler, node: exp.Binary, scope: Scope) -> Typed:
    return arithmetic(compiler.context, node, compiler(node.this, scope), compiler(node.expression, scope))


def _concatenation(compiler: Compiler, node: exp.DPipe, scope: Scope) -> Typed:
    return concatenated(compiler.context, node, compiler(node.this, scope), compiler(node.expression, scope))


def _is(compiler: Compiler, node: exp.Is, scope: Scope) -> Typed:
    value, wanted = compiler(node.this, scope), node.expression
    if isinstance(wanted, exp.Null):
        return Typed(f"({value.sql} IS NULL)", types.BOOLEAN)
    if isinstance(wanted, exp.Boolean):
        return Typed(f"({value.sql} IS {'TRUE' if wanted.this else 'FALSE'})", types.BOOLEAN)
    raise compiler.unsupported(node)


def _in(compiler: Compiler, node: exp.In, scope: Scope) -> Typed:
    value = compiler(node.this, scope)
    if query := node.args.get("query"):
        inner = compiler.subquery(query, scope)
        if value.type.base == "row" and len(inner.columns) == len(value.type.parameters) > 1:
            inner = _as_rows(compiler, inner)
        together = common_type(value.type, inner.columns[0].type) if len(inner.columns) == 1 else None
        if together is None:
            kinds = ", ".join(str(column.type) for column in inner.columns)
            rule = "value and result of subquery must be of the same type for IN expression"
            raise compiler.context.error("TYPE_MISMATCH", f"{rule}: {value.type} vs {kinds}", node)
        return Typed(_compared_with_rows(compiler, "=", "ANY", coerce(value, together), inner), types.BOOLEAN)
    if node.args.get("unnest") or node.args.get("field"):
        raise compiler.unsupported(node)
    options = [compiler(option, scope) for option in node.expressions]
    sources = [node.this, *node.expressions]
    together = common_of(compiler.context, [value, *options], sources, "IN value and list items")
    listed = [coerce(option, together) for option in options]
    return Typed(among(coerce(value, together), listed, together), types.BOOLEAN)


def _as_rows(compiler: Compiler, inner: CompiledQuery) -> CompiledQuery:
    """A query of one column, whose rows are those of ``inner``."""
    row = row_of([Typed(column.sql, column.type) for column in inner.columns])
    name = compiler.context.names.new("c")
    return CompiledQuery(
        f"SELECT {row.sql} AS {name} FROM ({inner.sql})", (OutputColumn(None, row.type, name),)
    )


def _between(compiler: Compiler, node: exp.Between, scope: Scope) -> Typed:
    values = [compiler(part, scope) for part in (node.this, node.args["low"], node.args["high"])]
    together: Type | None = types.UNKNOWN
    for each in values:
        together = common_type(together, each.type) if together else None
    if together is None:
        shown = f"Cannot check if {values[0].type} is BETWEEN {values[1].type} and {values[2].type}"
        raise compiler.context.error("TYPE_MISMATCH", shown, node)
    value, low, high = (coerce(each, together) for each in values)
    if is_plain(together) or (together.base in types.APPROXIMATE and high.constant):
        return Typed(f"({value.sql} BETWEEN {low.sql} AND {high.sql})", types.BOOLEAN)
    ends = [compared_sql(symbol, value, end, together) for symbol, end in ((">=", low), ("<=", high))]
    return Typed(f"({' AND '.join(ends)})", types.BOOLEAN)


def _like(compiler: Compiler, node: exp.Like, scope: Scope, escape: str = "") -> Typed:
    value, pattern = compiler(node.this, scope), compiler(node.expression, scope)
    for side, given in (("Left side", value), ("Pattern", pattern)):
        if given.type.base not in (*types.TEXTS, "unknown"):
            message = f"{side} of LIKE expression must evaluate to a varchar (actual: {given.type})"
            raise compiler.context.error("TYPE_MISMATCH", message, node)
    sql = f"({value.sql} LIKE {pattern.sql}{escape})"
    return Typed(f"(NOT {sql})" if node.args.get("negate") else sql, types.BOOLEAN)


def _escape(compiler: Compiler, node: exp.Escape, scope: Scope) -> Typed:
    if not isinstance(node.this, exp.Like):
        raise compiler.unsupported(node)
    return _like(compiler, node.this, scope, f" ESCAPE {compiler(node.expression, scope).sql}")


def _case(compiler: Compiler, node: exp.Case, scope: Scope) -> Typed:
    subject = compiler(node.this, scope) if node.this else None
    conditions: list[str] = []
    results: list[Typed] = []
    for branch in node.args["ifs"]:
        if subject is None:
            conditions.append(
                compiler.boolean(branch.this, scope, "CASE WHEN clause must evaluate to a boolean, not").sql
            )
        else:
            option = compiler(branch.this, scope)
            together = common_of(
                compiler.context, [subject, option], [node.this, branch.this], "CASE operand and WHEN clauses"
            )
            conditions.append(
                compared_sql("=", coerce(subject, together), coerce(option, together), together)
            )
        results.append(compiler(branch.args["true"], scope))
    sources = [branch.args["true"] for branch in node.args["ifs"]]
    if default := node.args.get("default"):
        sources.append(default)
        results.append(compiler(default, scope))
    kind = common_of(compiler.context, results, sources, "All CASE results")
    texts = [coerce(result, kind).sql for result in results]
    otherwise = f" ELSE {texts.pop()}" if default else ""
    whens = " ".join(
        f"WHEN {condition} THEN {text}" for condition, text in zip(conditions, texts, strict=True)
    )
    return Typed(f"CASE {whens}{otherwise} END", kind)


def _if(compiler: Compiler, node: exp.If, scope: Scope) -> Typed:
    condition = compiler.boolean(node.this, scope, "IF condition must evaluate to a boolean, not")
    sources = [node.args[part] for part in ("true", "false") if node.args.get(part) is not None]
    results = [compiler(source, scope) for source in sources]
    kind = common_of(compiler.context, results, sources, "Result types for IF")
    texts = [coerce(result, kind).sql for result in results]
    return Typed(f"CASE WHEN {condition.sql} THEN {' ELSE '.join(texts)} END", kind)


def _cast(compiler: Compiler, node: exp.Cast, scope: Scope) -> Typed:
    if node.args.get("format") or node.args.get("action") or node.args.get("default"):
        raise compiler.unsupported(node)
    value, wanted = compiler(node.this, scope), type_of(node.to)
    done = cast(value, wanted, compiler.context.where(node))
    if isinstance(node, exp.TryCast):
        return Typed(f"TRY({done.sql})", done.type)
    # DATE '2020-01-01' is a cast for the parser; its text counts as written out.
    return Typed(done.sql, done.type, value.constant if wanted.base in types.TEXTS else None)


def _interval(compiler: Compiler, node: exp.Interval, scope: Scope) -> Typed:
    unit = str(node.args["unit"].name if node.args.get("unit") else "").lower().removesuffix("s")
    text = node.this.name if isinstance(node.this, exp.Literal) else ""
    if not re.fullmatch(r"\s*[+-]?\d+(\.\d+)?\s*", text):
        raise compiler.unsupported(node)
    if "." in text and unit != "second":
        message = f"Invalid INTERVAL {unit.upper()} value: {text}"
        raise compiler.context.error("INVALID_LITERAL", message, node)
    if unit in _MONTHS:
        return Typed(f"CAST({int(text) * _MONTHS[unit]} AS INTEGER)", types.MONTH_INTERVAL)
    if unit in _UNITS:
        return Typed(f"CAST({round(float(text) * _UNITS[unit])} AS BIGINT)", types.DAY_INTERVAL)
    raise compiler.unsupported(node)


def _extract(compiler: Compiler, node: exp.Extract, scope: Scope) -> Typed:
    field = node.this.name.lower()
    if field not in FIELDS:
        raise compiler.context.error("SYNTAX_ERROR", f"Invalid EXTRACT field: {field.upper()}", node)
    return compile_call(compiler, field, [node.expression], node, scope)


def _at_time_zone(compiler: Compiler, node: exp.AtTimeZone, scope: Scope) -> Typed:
    moment = compiler(node.this, scope)
    zone = node.args["zone"]
    if not (isinstance(zone, exp.Literal) and zone.is_string):
        raise compiler.context.error(
            "NOT_SUPPORTED", "a time zone that is not written out in the query", node
        )
    if moment.type.base == "timestamp":
        moment = coerce(moment, Type("timestamp with time zone", moment.type.parameters))
    if moment.type.base != "timestamp with time zone":
        message = (
            f"Type of value must be a time or timestamp with or without time zone (actual {moment.type})"
        )
        raise compiler.context.error("TYPE_MISMATCH", message, node)
    at = zones.instant(moment.sql, moment.type)
    return Typed(at, Type(moment.type.base, moment.type.parameters, zone=zones.zone_name(zone.name)))


def _array(compiler: Compiler, node: exp.Array, scope: Scope) -> Typed:
    elements = [compiler(element, scope) for element in node.expressions]
    kind = types.array(common_of(compiler.context, elements, node.expressions, "All ARRAY elements"))
    listed = ", ".join(coerce(element, kind.element).sql for element in elements)
    return Typed(f"CAST([{listed}] AS {duckdb_type(kind)})" if not elements else f"[{listed}]", kind)


def _subscript(compiler: Compiler, node: exp.Bracket, scope: Scope) -> Typed:
    value = compiler(node.this, scope)
    if len(node.expressions) != 1:
        raise compiler.unsupported(node)
    index = compiler(node.expressions[0], scope)
    if value.type.base == "array" and index.type.base in types.INTEGERS:
        return _element(value, index)
    if value.type.base == "map" and common_type(value.type.key, index.type) is not None:
        key = coerce(index, value.type.key)
        missing = fail(
            "INVALID_FUNCTION_ARGUMENT",
            f"'Key not present in map: ' || CAST({key.sql} AS VARCHAR)",
            duckdb_type(value.type.value),
        )
        found = f"{value.sql}[{key.sql}]"
        known = f"{value.sql} IS NULL OR list_contains(map_keys({value.sql}), {key.sql})"
        return Typed(f"CASE WHEN {known} THEN {found} ELSE {missing} END", value.type.value)
    if value.type.base == "row" and index.constant is not None and index.type.base in types.INTEGERS:
        at = int(index.constant) - 1
        if 0 <= at < len(value.type.parameters):
            return Typed(f"struct_extract({value.sql}, 'f{at}')", value.type.inner(at))
    raise compiler.context.error(
        "TYPE_MISMATCH", f"Cannot use {index.type} for subscript of {value.type}", node
    )


def _element(value: Typed, index: Typed) -> Typed:
    """``array[n]``: DuckDB gives NULL for every index outside, and counts from the end for a negative one."""

    def wrong(message: str) -> str:
        return fail("INVALID_FUNCTION_ARGUMENT", message, duckdb_type(value.type.element))

    shown = f"CAST({index.sql} AS VARCHAR)"
    too_high = "'Array subscript must be less than or equal to array length: '"
    cases = [
        f"WHEN {index.sql} = 0 THEN " + wrong("'SQL array indices start at 1'"),
        f"WHEN {index.sql} < 0 THEN " + wrong(f"'Array subscript is negative: ' || {shown}"),
        f"WHEN {index.sql} > len({value.sql}) THEN "
        + wrong(f"{too_high} || {shown} || ' > ' || CAST(len({value.sql}) AS VARCHAR)"),
    ]
    return Typed(f"CASE {' '.join(cases)} ELSE {value.sql}[{index.sql}] END", value.type.element)


def _row(compiler: Compiler, node: exp.Tuple, scope: Scope) -> Typed:
    return row_of([compiler(part, scope) for part in node.expressions])


def row_of(fields: list[Typed]) -> Typed:
    """ROW(...)"""
    packed = ", ".join(f"f{i} := {value.sql}" for i, value in enumerate(fields))
    return Typed(f"struct_pack({packed})", types.row(tuple(value.type for value in fields)))


def _scalar_subquery(compiler: Compiler, node: exp.Expr, scope: Scope) -> Typed:
    inner = compiler.subquery(node, scope)
    if len(inner.columns) != 1:
        raise compiler.context.error(
            "SYNTAX_ERROR",
            f"Multiple columns returned by subquery are not supported: {len(inner.columns)}",
            node,
        )
    return Typed(f"({inner.sql})", inner.columns[0].type)


def _exists(compiler: Compiler, node: exp.Exists, scope: Scope) -> Typed:
    return Typed(f"EXISTS ({compiler.subquery(node.this, scope).sql})", types.BOOLEAN)


def _placeholder(compiler: Compiler, node: exp.Placeholder, scope: Scope) -> Typed:
    parameters = compiler.context.parameters
    if not parameters:
        raise compiler.context.error(
            "INVALID_PARAMETER_USAGE", "Incorrect number of parameters: expected 1 but found 0", node
        )
    raise compiler.unsupported(node)  # parameters are put in before compilation


def _trim(compiler: Compiler, node: exp.Trim, scope: Scope) -> Typed:
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(node.args.get("position") or "").upper(), "trim")
    if node.expression is None:
        return compile_call(compiler, name, [node.this], node, scope)
    text, letters = compiler(node.this, scope), compiler(node.expression, scope)
    if {text.type.base, letters.type.base} - {"varchar", "char", "unknown"}:
        raise compiler.context.error(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({text.type}, {letters.type}) for function {name}",
            node,
        )
    return Typed(f"{name}({text.sql}, {letters.sql})", types.VARCHAR)


def _position(compiler: Compiler, node: exp.StrPosition, scope: Scope) -> Typed:
    return compile_call(compiler, "strpos", [node.this, node.args["substr"]], node, scope)


def _substring(compiler: Compiler, node: exp.Substring, scope: Scope) -> Typed:
    parts = [node.this, node.args.get("start"), node.args.get("length")]
    return compile_call(compiler, "substring", [part for part in parts if part is not None], node, scope)


def _json_path(compiler: Compiler, node: exp.Expr, scope: Scope) -> Typed:
    """JSON_VALUE and JSON_QUERY with their defaults: NULL when empty or wrong."""
    path = node.args.get("path") or node.expression
    others = [
        key
        for key, value in node.args.items()
        if value and key not in {"this", "path", "expression", "json_query"}
    ]
    if others or not isinstance(path, exp.Literal):
        raise compiler.unsupported(node)
    value = compiler(node.this, scope)
    steps = literal(duckdb_path(path.name))
    if isinstance(node, exp.JSONValue):
        return Typed(f"athena_json_scalar({value.sql}, {steps})", types.VARCHAR)
    found = f"athena_json_extract({value.sql}, {steps})"
    return Typed(
        f"CASE WHEN json_type({found}) IN ('OBJECT', 'ARRAY') THEN CAST({found} AS VARCHAR) END",
        types.VARCHAR,
    )


def _now(kind: Type) -> Callable[[Compiler, exp.Expr, Scope], Typed]:
    def compile_it(compiler: Compiler, node: exp.Expr, scope: Scope) -> Typed:
        if node.this is not None:
            raise compiler.unsupported(node)
        moment = compiler.context.now.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        zone = "+00" if kind.base == "timestamp with time zone" else ""
        return Typed(
            f"CAST('{moment[:10] if kind.base == 'date' else moment + zone}' AS {duckdb_type(kind)})", kind
        )

    return compile_it


def _call(compiler: Compiler, node: exp.Anonymous, scope: Scope) -> Typed:
    if node.name.lower() == "row":
        return row_of([compiler(part, scope) for part in node.expressions])
    return compile_call(compiler, node.name, node.expressions, node, scope)


NODES: dict[type, NodeCompiler] = {
    exp.Literal: _literal,
    exp.Boolean: lambda compiler, node, scope: Typed("TRUE" if node.this else "FALSE", types.BOOLEAN),
    exp.Null: lambda compiler, node, scope: Typed("NULL", types.UNKNOWN),
    exp.HexString: lambda compiler, node, scope: Typed(f"unhex({literal(node.name)})", types.VARBINARY),
    exp.ParseJSON: lambda compiler, node, scope: compile_call(
        compiler, "json_parse", [node.this], node, scope
    ),
    exp.Neg: _negative,
    exp.Column: _column,
    exp.Identifier: _identifier,
    exp.Dot: _dot,
    exp.Paren: _paren,
    exp.And: _logical("AND"),
    exp.Or: _logical("OR"),
    exp.Not: _not,
    **dict.fromkeys(COMPARISONS, _comparison),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), _arithmetic),
    exp.DPipe: _concatenation,
    exp.Is: _is,
    exp.In: _in,
    exp.Between: _between,
    exp.Like: _like,
    exp.Escape: _escape,
    exp.Case: _case,
    exp.If: _if,
    exp.Cast: _cast,
    exp.Interval: _interval,
    exp.Extract: _extract,
    exp.AtTimeZone: _at_time_zone,
    exp.Array: _array,
    exp.Bracket: _subscript,
    exp.Tuple: _row,
    exp.Subquery: _scalar_subquery,
    exp.Select: _scalar_subquery,
    exp.Exists: _exists,
    exp.Placeholder: _placeholder,
    exp.Trim: _trim,
    exp.StrPosition: _position,
    exp.Substring: _substring,
    exp.JSONValue: _json_path,
    exp.JSONExtract: _json_path,
    exp.CurrentDate: _now(types.DATE),
    exp.CurrentTimestamp: _now(types.TIMESTAMP_TZ),
    exp.Localtimestamp: _now(types.TIMESTAMP),
    exp.Anonymous: _call,
    **dict.fromkeys(
        (exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.GroupConcat), compile_wrapped_call
    ),
}
