"""Arithmetic and comparison with Trino's types: whole-number division, decimals, dates and intervals."""

from typing import cast

from sqlglot import exp

from localaws.athena.errors import QueryFailed
from localaws.athena.sql import types, zones
from localaws.athena.sql.casts import coerce
from localaws.athena.sql.context import Context
from localaws.athena.sql.equality import compared_sql
from localaws.athena.sql.typed import Typed, fail
from localaws.athena.sql.types import Type, common_type, decimal, duckdb_type

__all__ = ["BY_ZERO", "COMPARISONS", "arithmetic", "compared", "concatenated"]

BY_ZERO = "Division by zero"
_SYMBOLS: dict[type, tuple[str, ...]] = {
    exp.Add: ("+",),
    exp.Sub: ("-",),
    exp.Mul: ("*",),
    exp.Div: ("/",),
    exp.Mod: ("%",),
    exp.EQ: ("=",),
    exp.NEQ: ("<>", "!="),
    exp.LT: ("<",),
    exp.LTE: ("<=",),
    exp.GT: (">",),
    exp.GTE: (">=",),
    exp.NullSafeEQ: ("IS",),
    exp.NullSafeNEQ: ("IS",),
}
COMPARISONS = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
}
_ORDERING = ("<", "<=", ">", ">=")
_DAY = 86_400_000  # milliseconds
_INTERVALS = ("interval day to second", "interval year to month")


def compared(context: Context, node: exp.Binary, left: Typed, right: Typed) -> Typed:
    """``left`` compared with ``right``, in the type that both become."""
    together = common_type(left.type, right.type)
    if together is None:
        raise _mismatch(context, node, left, right)
    symbol = COMPARISONS[type(node)]
    if together.base == "map" and symbol in _ORDERING:
        raise _mismatch(context, node, left, right)
    return Typed(
        compared_sql(symbol, coerce(left, together), coerce(right, together), together), types.BOOLEAN
    )


def arithmetic(context: Context, node: exp.Binary, left: Typed, right: Typed) -> Typed:
    """``+ - * / %`` of numbers, moments and intervals."""
    symbol = _SYMBOLS[type(node)][0]
    if left.type.base == "unknown" and right.type.base == "unknown":
        return Typed("NULL", types.UNKNOWN)
    if left.type.base in (*types.NUMBERS, "unknown") and right.type.base in (*types.NUMBERS, "unknown"):
        return _of_numbers(symbol, left, right)
    found = _of_moments(symbol, left, right) if symbol in "+-" else _scaled(symbol, left, right)
    if found is None:
        raise _mismatch(context, node, left, right)
    return found


def concatenated(context: Context, node: exp.DPipe, left: Typed, right: Typed) -> Typed:
    """``||`` of strings, binaries and arrays; an array takes an element on either side."""
    a, b = left.type, right.type
    for text in (types.VARCHAR, types.VARBINARY):
        group = types.TEXTS if text == types.VARCHAR else ("varbinary",)
        if (
            a.base in (*group, "unknown")
            and b.base in (*group, "unknown")
            and {a.base, b.base} != {"unknown"}
        ):
            return Typed(f"({left.sql} || {right.sql})", text)
    if "array" in (a.base, b.base):
        whole_a = a if a.base == "array" else types.array(a)
        whole_b = b if b.base == "array" else types.array(b)
        together = common_type(whole_a, whole_b)
        if together is not None:
            sides = [
                coerce(side, together).sql
                if side.type.base == "array"
                else f"[{coerce(side, together.element).sql}]"
                for side in (left, right)
            ]
            return Typed(f"({sides[0]} || {sides[1]})", together)
    raise context.error("FUNCTION_NOT_FOUND", f"Unexpected parameters ({a}, {b}) for function concat", node)


def _mismatch(context: Context, node: exp.Binary, left: Typed, right: Typed) -> QueryFailed:
    symbols = _SYMBOLS[type(node)]
    shown = COMPARISONS.get(type(node), symbols[0])
    where = context.where_operator(node, symbols)
    return QueryFailed("TYPE_MISMATCH", f"{where}Cannot apply operator: {left.type} {shown} {right.type}")


def _of_numbers(symbol: str, left: Typed, right: Typed) -> Typed:
    together = cast(Type, common_type(left.type, right.type))  # numbers always have one
    if together.base in types.APPROXIMATE:
        a, b = coerce(left, together).sql, coerce(right, together).sql
        if symbol == "%":
            return Typed(f"CASE WHEN {b} = 0 THEN CAST('nan' AS DOUBLE) ELSE {a} % {b} END", together)
        return Typed(f"({a} {symbol} {b})", together)
    if together.base == "decimal":
        return _of_decimals(symbol, left, right)
    a, b = coerce(left, together).sql, coerce(right, together).sql
    if symbol in "/%":
        word = "//" if symbol == "/" else "%"
        return Typed(_unless_zero(right, b, f"({a} {word} {b})", together), together)
    return Typed(f"({a} {symbol} {b})", together)


def _unless_zero(divisor: Typed, sql: str, quotient: str, kind: Type) -> str:
    if divisor.constant is not None and float(divisor.constant) != 0:
        return quotient
    failed = fail("DIVISION_BY_ZERO", repr(BY_ZERO), duckdb_type(kind))
    return f"CASE WHEN {sql} = 0 THEN {failed} ELSE {quotient} END"


def _of_decimals(symbol: str, left: Typed, right: Typed) -> Typed:
    """https://trino.io/docs/current/functions/decimal.html#result-type-of-operations"""
    x, y = types.as_decimal(left.type), types.as_decimal(right.type)
    a, b = coerce(left, x).sql, coerce(right, y).sql
    if symbol in "+-":
        scale = max(x.scale, y.scale)
        kind = decimal(scale + max(x.precision - x.scale, y.precision - y.scale) + 1, scale)
        wide = duckdb_type(kind)
        return Typed(f"(CAST({a} AS {wide}) {symbol} CAST({b} AS {wide}))", kind)
    if symbol == "*":
        kind = decimal(x.precision + y.precision, x.scale + y.scale)
        return Typed(f"CAST(({a} * {b}) AS {duckdb_type(kind)})", kind)
    if symbol == "%":
        scale = max(x.scale, y.scale)
        kind = decimal(min(x.precision - x.scale, y.precision - y.scale) + scale, scale)
        return Typed(_unless_zero(right, b, f"CAST(({a} % {b}) AS {duckdb_type(kind)})", kind), kind)
    scale = max(x.scale, y.scale)
    kind = decimal(x.precision + y.scale + max(y.scale - x.scale, 0), scale)
    # Both sides as whole numbers whose quotient is the result times 10**scale.
    numerator = f"{_unscaled(a)} * CAST('1{'0' * (scale + y.scale - x.scale)}' AS HUGEINT)"
    whole = f"CAST(athena_rounded_quotient({numerator}, {_unscaled(b)}) AS DECIMAL({38 - scale},0))"
    step = f"CAST('0.{'1'.zfill(scale)}' AS DECIMAL({scale},{scale}))"
    shifted = f"{whole} * {step}" if scale else whole
    quotient = f"CAST({shifted} AS {duckdb_type(kind)})"
    return Typed(_unless_zero(right, b, quotient, kind), kind)


def _unscaled(sql: str) -> str:
    """1.50 as 150: DuckDB's decimal arithmetic would leave 38 digits on the way."""
    return f"CAST(replace(CAST({sql} AS VARCHAR), '.', '') AS HUGEINT)"


def _of_moments(symbol: str, left: Typed, right: Typed) -> Typed | None:
    a, b = left.type, right.type
    if a.base in (*types.MOMENTS, "time") and b.base in _INTERVALS:
        return _moved(symbol, left, right)
    if b.base in (*types.MOMENTS, "time") and a.base in _INTERVALS and symbol == "+":
        return _of_moments(symbol, right, left)
    if a.base in _INTERVALS and b.base == a.base:
        return Typed(f"({left.sql} {symbol} {right.sql})", a)
    together = common_type(a, b) if {a.base, b.base} <= {*types.MOMENTS, "time"} else None
    if symbol == "-" and together is not None:
        wide = types.TIMESTAMP if together.base == "date" else together
        ends = [zones.instant(coerce(side, wide).sql, wide) for side in (left, right)]
        return Typed(f"((epoch_us({ends[0]}) - epoch_us({ends[1]})) // 1000)", types.DAY_INTERVAL)
    return None


def _moved(symbol: str, left: Typed, interval: Typed) -> Typed:
    """A moment plus or minus an interval: months of the local calendar, or time that passes."""
    kind = left.type
    if interval.type == types.MONTH_INTERVAL:
        moved = f"({zones.local(left.sql, kind)} {symbol} to_months({interval.sql}))"
        if kind.base == "timestamp with time zone":
            moved = zones.like(zones.moment(moved, kind, left.sql), kind, left.sql)
        return Typed(f"CAST({moved} AS DATE)" if kind.base == "date" else moved, kind)
    if kind.base == "date":
        days = f"({left.sql} {symbol} CAST({interval.sql} // {_DAY} AS INTEGER))"
        message = "'Cannot add hour, minutes or seconds to a date'"
        part = fail("INVALID_FUNCTION_ARGUMENT", message, "DATE")
        return Typed(f"CASE WHEN {interval.sql} % {_DAY} <> 0 THEN {part} ELSE {days} END", kind)
    moved = f"({_instant(left)} {symbol} to_milliseconds({interval.sql}))"
    return Typed(zones.like(moved, kind, left.sql), kind)


def _instant(value: Typed) -> str:
    return zones.instant(value.sql, value.type)


def _scaled(symbol: str, left: Typed, right: Typed) -> Typed | None:
    if symbol == "*" and right.type.base in _INTERVALS:
        left, right = right, left
    if symbol not in "*/" or left.type.base not in _INTERVALS or right.type.base not in types.NUMBERS:
        return None
    scaled = f"trunc(CAST({left.sql} AS DOUBLE) {symbol} CAST({right.sql} AS DOUBLE))"
    return Typed(f"CAST({scaled} AS {duckdb_type(left.type)})", left.type)
