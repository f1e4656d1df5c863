"""Mathematical functions. https://trino.io/docs/current/functions/math.html

In a template ``{type}`` is the DuckDB type of the result.
"""

from collections.abc import Callable, Sequence

from localaws.athena.sql import types
from localaws.athena.sql.functions.signature import Function, scalar
from localaws.athena.sql.typed import Typed, fail
from localaws.athena.sql.types import Type

__all__ = ["FUNCTIONS"]


def _whole(given: Sequence[Type]) -> Type:
    """Of floor, ceil and round: a decimal loses its scale and may gain a digit."""
    kind = given[0]
    if kind.base != "decimal":
        return kind
    return types.decimal(kind.precision - kind.scale + min(kind.scale, 1), 0)


def _rounded(given: Sequence[Type]) -> Type:
    kind = given[0]
    return types.decimal(kind.precision + 1, kind.scale) if kind.base == "decimal" else kind


def _truncated(given: Sequence[Type]) -> Type:
    kind = given[0]
    return types.decimal(max(kind.precision - kind.scale, 1), 0) if kind.base == "decimal" else kind


def _all_or_nothing(name: str) -> Callable[[Sequence[Typed]], str]:
    """greatest and least, which skip NULL in DuckDB."""

    def write(arguments: Sequence[Typed]) -> str:
        values = ", ".join(argument.sql for argument in arguments)
        if name == "greatest" and arguments[0].type.base in types.APPROXIMATE:  # NaN only of nothing else
            numbers = [f"CASE WHEN NOT isnan({each.sql}) THEN {each.sql} END" for each in arguments]
            values = f"coalesce(greatest({', '.join(numbers)}), {arguments[0].sql})"
        missing = " OR ".join(f"{argument.sql} IS NULL" for argument in arguments)
        return f"CASE WHEN {missing} THEN NULL ELSE {name}({values}) END"

    return write


def _of_double(*names: str) -> list[Function]:
    return [scalar(f"{name}(double) -> double", f"{name}({{0}})") for name in names]


_BAD_RADIX = fail("INVALID_FUNCTION_ARGUMENT", "'Radix must be between 2 and 36'")

FUNCTIONS: list[Function] = [
    *_of_double("sqrt", "cbrt", "exp", "ln", "log2", "log10", "degrees", "radians"),
    *_of_double("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"),
    scalar("atan2(double, double) -> double", "atan2({0}, {1})"),
    scalar("abs(N) -> N", "abs({0})"),
    scalar("sign(N) -> N", "CAST(sign({0}) AS {type})"),
    *[scalar(f"{name}(N) -> N", "CAST(ceil({0}) AS {type})", _whole) for name in ("ceil", "ceiling")],
    scalar("floor(N) -> N", "CAST(floor({0}) AS {type})", _whole),
    scalar("round(N) -> N", "CAST(round({0}) AS {type})", _whole),
    scalar("round(N, bigint) -> N", "CAST(round({0}, CAST({1} AS INTEGER)) AS {type})", _rounded),
    scalar("truncate(N) -> N", "CAST(trunc({0}) AS {type})", _truncated),
    scalar(
        "truncate(double, bigint) -> double",
        "(trunc({0} * power(10.0, {1})) / CAST(power(10.0, {1}) AS DOUBLE))",
    ),
    scalar("power(double, double) -> double", "power({0}, {1})"),
    scalar("pow(double, double) -> double", "power({0}, {1})"),
    scalar("log(double, double) -> double", "(ln({1}) / ln({0}))"),
    scalar("mod(N, N) -> N", "CASE WHEN {1} = 0 THEN {by_zero} ELSE {0} % {1} END"),
    scalar("pi() -> double", "pi()"),
    scalar("e() -> double", "exp(CAST(1 AS DOUBLE))"),
    scalar("infinity() -> double", "CAST('inf' AS DOUBLE)"),
    scalar("nan() -> double", "CAST('nan' AS DOUBLE)"),
    scalar("is_nan(double) -> boolean", "isnan({0})"),
    scalar("is_finite(double) -> boolean", "isfinite({0})"),
    scalar("is_infinite(double) -> boolean", "isinf({0})"),
    *[scalar(f"{name}() -> double", "random()") for name in ("random", "rand")],
    *[
        scalar(f"{name}(bigint) -> bigint", "CAST(floor(random() * {0}) AS BIGINT)")
        for name in ("random", "rand")
    ],
    *[
        scalar(f"{name}(bigint, bigint) -> bigint", "CAST({0} + floor(random() * ({1} - {0})) AS BIGINT)")
        for name in ("random", "rand")
    ],
    scalar("greatest(O, O...) -> O", _all_or_nothing("greatest")),
    scalar("least(O, O...) -> O", _all_or_nothing("least")),
    scalar(
        "width_bucket(double, double, double, bigint) -> bigint",
        "CAST(least(greatest(floor(CASE WHEN {1} < {2} THEN ({0} - {1}) / ({2} - {1}) "
        "ELSE ({1} - {0}) / ({1} - {2}) END * {3}) + 1, 0), {3} + 1) AS BIGINT)",
    ),
    scalar(
        "to_base(bigint, bigint) -> varchar",
        "CASE WHEN {1} NOT BETWEEN 2 AND 36 THEN "
        + _BAD_RADIX
        + " WHEN {0} < 0 THEN '-' || lower(to_base(-{0}, CAST({1} AS INTEGER))) "
        "ELSE lower(to_base({0}, CAST({1} AS INTEGER))) END",
    ),
    scalar(
        "from_base(varchar, bigint) -> bigint",
        "CAST(list_reduce(list_prepend(CAST(0 AS HUGEINT), list_transform(string_split(lower({0}), ''), "
        "lambda d: CAST(strpos('0123456789abcdefghijklmnopqrstuvwxyz', d) - 1 AS HUGEINT))), "
        "lambda a, b: a * {1} + b) AS BIGINT)",
    ),
    scalar("bitwise_and(bigint, bigint) -> bigint", "({0} & {1})"),
    scalar("bitwise_or(bigint, bigint) -> bigint", "({0} | {1})"),
    scalar("bitwise_xor(bigint, bigint) -> bigint", "xor({0}, {1})"),
    scalar("bitwise_not(bigint) -> bigint", "(~{0})"),
    scalar("bitwise_left_shift(bigint, bigint) -> bigint", "({0} << CAST({1} AS INTEGER))"),
    scalar("bitwise_right_shift_arithmetic(bigint, bigint) -> bigint", "({0} >> CAST({1} AS INTEGER))"),
    scalar("bit_count(bigint, bigint) -> bigint", "CAST(bit_count({0}) AS BIGINT)"),
]
