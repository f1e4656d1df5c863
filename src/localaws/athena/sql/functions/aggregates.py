"""Aggregate and window functions. https://trino.io/docs/current/functions/aggregate.html and window.html"""

from collections.abc import Sequence

from localaws.athena.sql import types
from localaws.athena.sql.functions.signature import Function, aggregate, window
from localaws.athena.sql.typed import Typed
from localaws.athena.sql.types import Type

__all__ = ["FUNCTIONS"]


def _sum(given: Sequence[Type]) -> Type:
    return types.decimal(38, given[0].scale)


def _same(given: Sequence[Type]) -> Type:
    return given[0]


def _plain(written: str, name: str) -> Function:
    """An aggregate that DuckDB has too."""
    return aggregate(written, f"{name}({{distinct}}{{all}}{{order}}){{over}}")


# NaN is the greatest number for DuckDB; in Trino it is the result only where there is nothing else.
_NUMBER = "CASE WHEN NOT isnan({0}) THEN {0} END"


def _max(given: Sequence[Typed]) -> str:
    if given[0].type.base not in types.APPROXIMATE:
        return "max({0}){over}"
    return f"coalesce(max({_NUMBER}){{over}}, max({{0}}){{over}})"


def _greatest(given: Sequence[Typed]) -> str:
    if given[0].type.base not in types.APPROXIMATE:
        return "max({0}, {1}){over}"
    numbers, others = f"max({_NUMBER}, {{1}}){{over}}", "max(CASE WHEN isnan({0}) THEN {0} END, {1}){over}"
    both = f"coalesce({numbers}, []) || coalesce({others}, [])"
    return f"CASE WHEN max({{0}}){{over}} IS NOT NULL THEN ({both})[1:{{1}}] END"


def _max_by(given: Sequence[Typed]) -> str:
    if given[1].type.base not in types.APPROXIMATE:
        return "arg_max_null({0}, {1}){over}"
    key = _NUMBER.replace("{0}", "{1}")
    return (
        f"CASE WHEN count({key}){{over}} > 0 THEN arg_max_null({{0}}, {key}){{over}} "
        "ELSE arg_max_null({0}, {1}){over} END"
    )


FUNCTIONS: list[Function] = [
    aggregate("count() -> bigint", "count(*){over}"),
    _plain("count(E) -> bigint", "count"),
    aggregate("count_if(boolean) -> bigint", "count(CASE WHEN {0} THEN 1 END){over}"),
    aggregate("sum(bigint) -> bigint", "CAST(sum({distinct}{0}){over} AS BIGINT)"),
    _plain("sum(double) -> double", "sum"),
    aggregate("sum(real) -> real", "CAST(sum({distinct}{0}){over} AS FLOAT)"),
    aggregate("sum(decimal) -> decimal", "sum({distinct}{0}){over}", _sum),
    *[
        aggregate(
            f"{name}({kind}) -> {kind}", f"CAST({round_}({name}({{distinct}}{{0}}){{over}}) AS {{type}})"
        )
        for name, round_ in (("sum", ""), ("avg", "round"))
        for kind in ("interval day to second", "interval year to month")
    ],
    _plain("avg(double) -> double", "avg"),
    aggregate("avg(real) -> real", "CAST(avg({distinct}{0}){over} AS FLOAT)"),
    aggregate("avg(decimal) -> decimal", "CAST(avg({distinct}{0}){over} AS {type})", _same),
    _plain("min(O) -> O", "min"),
    aggregate("max(O) -> O", _max),
    _plain("min(O, bigint) -> array(O)", "min"),
    aggregate("max(O, bigint) -> array(O)", _greatest),
    aggregate("min_by(E, O) -> E", "arg_min_null({0}, {1}){over}"),
    aggregate("max_by(E, O) -> E", _max_by),
    aggregate("min_by(E, O, bigint) -> array(E)", "arg_min({0}, {1}, {2}){over}"),
    aggregate("max_by(E, O, bigint) -> array(E)", "arg_max({0}, {1}, {2}){over}"),
    _plain("array_agg(E) -> array(E)", "array_agg"),
    _plain("arbitrary(E) -> E", "any_value"),
    _plain("any_value(E) -> E", "any_value"),
    aggregate("bool_and(boolean) -> boolean", "bool_and({0}){over}"),
    aggregate("every(boolean) -> boolean", "bool_and({0}){over}"),
    aggregate("bool_or(boolean) -> boolean", "bool_or({0}){over}"),
    # Exact where Trino approximates: the same answer whenever Trino's error is nought.
    aggregate("approx_distinct(E) -> bigint", "count(DISTINCT {0}){over}"),
    aggregate("approx_distinct(E, double) -> bigint", "count(DISTINCT {0}){over}"),
    aggregate("approx_percentile(bigint, double) -> bigint", "quantile_disc({0}, {1}){over}"),
    aggregate("approx_percentile(bigint, array(double)) -> array(bigint)", "quantile_disc({0}, {1}){over}"),
    aggregate("approx_percentile(double, double) -> double", "quantile_cont({0}, {1}){over}"),
    aggregate("approx_percentile(double, array(double)) -> array(double)", "quantile_cont({0}, {1}){over}"),
    *[
        aggregate(f"{name}(double) -> double", f"{duckdb}({{distinct}}{{0}}){{over}}")
        for name, duckdb in (
            ("stddev", "stddev_samp"),
            ("stddev_samp", "stddev_samp"),
            ("stddev_pop", "stddev_pop"),
            ("variance", "var_samp"),
            ("var_samp", "var_samp"),
            ("var_pop", "var_pop"),
            ("skewness", "skewness"),
            ("kurtosis", "kurtosis"),
            ("geometric_mean", "geomean"),
        )
    ],
    *[
        aggregate(f"{name}(double, double) -> double", f"{name}({{0}}, {{1}}){{over}}")
        for name in ("corr", "covar_pop", "covar_samp", "regr_intercept", "regr_slope")
    ],
    aggregate("bitwise_and_agg(bigint) -> bigint", "bit_and({0}){over}"),
    aggregate("bitwise_or_agg(bigint) -> bigint", "bit_or({0}){over}"),
    aggregate("histogram(K) -> map(K, bigint)", "CAST(histogram({0}){over} AS {type})"),
    aggregate(
        "map_agg(K, V) -> map(K, V)",
        "athena_map_of_pairs(array_agg(struct_pack(k := {0}, v := {1})){over})",
    ),
    # window functions
    *[window(f"{name}() -> bigint", f"{name}(){{over}}") for name in ("row_number", "rank", "dense_rank")],
    *[window(f"{name}() -> double", f"{name}(){{over}}") for name in ("percent_rank", "cume_dist")],
    window("ntile(bigint) -> bigint", "ntile({0}){over}"),
    *[
        window(written, f"{name}({{all}}{{nulls}}){{over}}")
        for name in ("lag", "lead")
        for written in (f"{name}(E) -> E", f"{name}(E, bigint) -> E", f"{name}(E, bigint, E) -> E")
    ],
    *[window(f"{name}(E) -> E", f"{name}({{0}}{{nulls}}){{over}}") for name in ("first_value", "last_value")],
    window("nth_value(E, bigint) -> E", "nth_value({0}, {1}{nulls}){over}"),
]
