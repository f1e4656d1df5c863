"""A function call: which overload is meant, its lambdas, and what is around it (DISTINCT, FILTER, OVER)."""

from dataclasses import dataclass, replace

from sqlglot import exp

from localaws.athena.sql import types
from localaws.athena.sql.agreement import common_of
from localaws.athena.sql.casts import coerce
from localaws.athena.sql.compiler import Compiler
from localaws.athena.sql.equality import canonical, compared_sql
from localaws.athena.sql.functions.moments import ZONED
from localaws.athena.sql.functions.registry import FUNCTIONS, known_elsewhere
from localaws.athena.sql.functions.signature import Function, Pattern, instantiate, match
from localaws.athena.sql.scope import Field, Scope
from localaws.athena.sql.typed import Lambda, Typed, fail, literal
from localaws.athena.sql.types import Type, common_type, duckdb_type

__all__ = ["compile_call", "compile_wrapped_call", "direction", "distinguished", "window_text"]

_PASSES = 2  # over the lambdas of a call: the second when the first has widened a type


@dataclass(frozen=True, slots=True)
class _Around:
    """The clauses around an aggregate or window function."""

    distinct: bool = False
    order: str = ""
    nulls: str = ""
    filter: str = ""
    window: str = ""


def compile_call(
    compiler: Compiler, name: str, arguments: list[exp.Expr], node: exp.Expr, scope: Scope
) -> Typed:
    """``name(arguments)``, which is at ``node``.

    Raises QueryFailed (FUNCTION_NOT_FOUND for a name or for types that no overload takes).
    """
    return _compile(compiler, name, arguments, node, scope, _Around())


def compile_wrapped_call(compiler: Compiler, node: exp.Expr, scope: Scope) -> Typed:
    """A call inside OVER, FILTER, IGNORE NULLS or WITHIN GROUP."""
    inner, around = _unwrap(compiler, node, scope)
    if isinstance(inner, exp.GroupConcat):
        return _listagg(compiler, inner, around, scope)
    return _compile(compiler, inner.name, inner.expressions, inner, scope, around)


def _compile(
    compiler: Compiler, name: str, arguments: list[exp.Expr], node: exp.Expr, scope: Scope, around: _Around
) -> Typed:
    name = name.lower()
    if name in _SPECIAL:
        if around != _Around():
            raise compiler.unsupported(node)
        return _SPECIAL[name](compiler, arguments, node, scope)
    if name not in FUNCTIONS:
        if known_elsewhere(name):
            message = f"Function '{name}' is not supported by this engine"
            raise compiler.context.error("NOT_SUPPORTED", message, node)
        raise compiler.context.error("FUNCTION_NOT_FOUND", f"Function '{name}' not registered", node)
    arguments, around = _inside(compiler, arguments, around, scope)
    return _Call(compiler, name, arguments, node, scope).compile(around)


class _Call:
    """One call of a registered function."""

    def __init__(
        self,
        compiler: Compiler,
        name: str,
        arguments: list[exp.Expr],
        node: exp.Expr,
        scope: Scope,
    ) -> None:
        if FUNCTIONS[name][0].kind != "scalar":
            scope = replace(scope, labels={}, grouped={})  # what is aggregated are columns, also in ORDER BY
        self.compiler, self.name = compiler, name
        self.node, self.scope = node, scope
        self.values: list[Typed | exp.Lambda] = [
            argument if isinstance(argument, exp.Lambda) else compiler(argument, scope)
            for argument in arguments
        ]

    def compile(self, around: _Around) -> Typed:
        function, bound = self.overload()
        self.check_place(function, around)
        given = self.converted(function, bound)
        if self.name == "approx_distinct" or (self.name == "count" and around.distinct):
            given[:1] = [replace(given[0], sql=distinguished(given[0]))]
        kind = (
            function.result([value.type for value in given])
            if function.result
            else instantiate(function.returns, bound)
        )
        if self.name in ZONED and len(given) > ZONED[self.name][0]:
            index, zone_of = ZONED[self.name]
            kind = zone_of(given[index])
        template = function.template if isinstance(function.template, str) else function.template(given)
        if not isinstance(function.template, str) and function.kind == "scalar":
            return Typed(template, kind)
        moment = self.compiler.context.now.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        sql = template.format(
            *[value.sql for value in given],
            all=", ".join(value.sql for value in given),
            type=duckdb_type(kind),
            by_zero=fail("DIVISION_BY_ZERO", "'Division by zero'", duckdb_type(kind)),
            now=f"CAST('{moment}+00' AS TIMESTAMPTZ)",
            distinct="DISTINCT " if around.distinct else "",
            order=around.order,
            nulls=around.nulls,
            over=around.filter + around.window,
        )
        return Typed(sql, kind)

    def overload(self) -> tuple[Function, dict[str, Type]]:
        given = [
            len(value.expressions) if isinstance(value, exp.Lambda) else value.type for value in self.values
        ]
        for coercing in (False, True):
            for function in FUNCTIONS[self.name]:
                bound = match(function, given, coercing)
                if bound is not None:
                    return function, bound
        shown = ", ".join("<lambda>" if isinstance(kind, int) else str(kind) for kind in given)
        expected = ", ".join(function.written for function in FUNCTIONS[self.name])
        raise self.compiler.context.error(
            "FUNCTION_NOT_FOUND",
            f"Unexpected parameters ({shown}) for function {self.name}. Expected: {expected}",
            self.node,
        )

    def check_place(self, function: Function, around: _Around) -> None:
        error = self.compiler.context.error
        if function.kind == "window" and not around.window:
            raise error("MISSING_OVER", f"Window function {self.name} requires an OVER clause", self.node)
        if function.kind == "scalar" and (around.window or around.filter or around.distinct or around.order):
            word = "OVER" if around.window else "FILTER, DISTINCT or ORDER BY"
            raise error(
                "FUNCTION_NOT_AGGREGATE",
                f"{word} is only valid for aggregation functions, not {self.name}",
                self.node,
            )
        if around.order and isinstance(function.template, str) and "{order}" not in function.template:
            raise error("NOT_SUPPORTED", f"ORDER BY in {self.name}", self.node)
        if around.distinct and isinstance(function.template, str) and "{distinct}" not in function.template:
            raise error("NOT_SUPPORTED", f"DISTINCT in {self.name}", self.node)
        if around.nulls and (function.kind != "window" or "{nulls}" not in str(function.template)):
            raise error("NOT_SUPPORTED", f"IGNORE NULLS of {self.name}", self.node)

    def converted(self, function: Function, bound: dict[str, Type]) -> list[Typed]:
        """The arguments in the types of the overload; lambdas once their parameters have types."""
        lambdas: dict[int, Lambda] = {}
        for _ in range(_PASSES):
            before = dict(bound)
            for index, value in enumerate(self.values):
                if isinstance(value, exp.Lambda):
                    lambdas[index] = self.lambda_of(value, function.pattern(index), bound)
            if before == bound:
                break
        done: list[Typed] = []
        for index, value in enumerate(self.values):
            if isinstance(value, exp.Lambda):
                done.append(lambdas[index])
            else:
                done.append(coerce(value, instantiate(function.pattern(index), bound, value.type)))
        return done

    def lambda_of(self, node: exp.Lambda, pattern: Pattern, bound: dict[str, Type]) -> Lambda:
        kinds = [instantiate(parameter, bound) for parameter in pattern.parameters[:-1]]
        names = [self.compiler.context.names.new("v") for _ in kinds]

        def body(*sqls: str) -> Typed:
            parameters = {
                parameter.name.lower(): Field(parameter.name, kind, sql)
                for parameter, kind, sql in zip(node.expressions, kinds, sqls, strict=True)
            }
            return self.compiler(node.this, self.scope.with_parameters(parameters))

        plain = body(*names)
        result = pattern.parameters[-1]
        known = bound.get(result.base) if result.variable else instantiate(result, bound)
        together = plain.type if known is None else common_type(known, plain.type)
        if together is None or (not result.variable and together != known):
            message = f"the lambda returns {plain.type}, but {self.name} needs {known}"
            raise self.compiler.context.error("TYPE_MISMATCH", message, node)
        if result.variable:
            bound[result.base] = together
        return Lambda(
            f"lambda {', '.join(names)}: {coerce(plain, together).sql}",
            types.function(together),
            name=self.compiler.context.names.new("v"),
            applied=lambda *sqls: coerce(body(*sqls), together).sql,
        )


def _unwrap(compiler: Compiler, node: exp.Expr, scope: Scope) -> tuple[exp.Expr, _Around]:
    """The call inside OVER, FILTER and IGNORE NULLS, and what they are in DuckDB's text."""
    nulls = filtered = over = ""
    while not isinstance(node, (exp.Anonymous, exp.GroupConcat)):
        if isinstance(node, exp.Window):
            over = _over(compiler, node, scope)
        elif isinstance(node, exp.Filter):
            condition = compiler.boolean(
                node.expression.this,
                replace(scope, grouped={}),
                "FILTER condition must evaluate to a boolean, not",
            )
            filtered = f" FILTER (WHERE {condition.sql})"
        elif isinstance(node, exp.IgnoreNulls):
            nulls = " IGNORE NULLS"
        elif not isinstance(node, exp.RespectNulls):
            raise compiler.unsupported(node)
        node = node.this
    return node, _Around(nulls=nulls, filter=filtered, window=over)


def _inside(
    compiler: Compiler, arguments: list[exp.Expr], around: _Around, scope: Scope
) -> tuple[list[exp.Expr], _Around]:
    """Take DISTINCT, ORDER BY and ``*`` out of the parentheses."""
    order, distinct = "", False
    if arguments and isinstance(arguments[-1], exp.Order):
        last = arguments[-1]
        order = " " + order_by(compiler, last.expressions, scope)
        arguments = [*arguments[:-1], last.this]
    if arguments and isinstance(arguments[0], exp.Distinct):
        distinct = True
        arguments = [*arguments[0].expressions, *arguments[1:]]
    if len(arguments) == 1 and isinstance(arguments[0], exp.Star):
        arguments = []
    return arguments, _Around(distinct, order, around.nulls, around.filter, around.window)


def order_by(compiler: Compiler, terms: list[exp.Ordered], scope: Scope) -> str:
    """ORDER BY in DuckDB's text: Trino puts NULL last, up and down."""
    return "ORDER BY " + ", ".join(
        distinguished(compiler(term.this, scope)) + direction(term) for term in terms
    )


def distinguished(value: Typed) -> str:
    """``value`` as DISTINCT, GROUP BY and ORDER BY distinguish it from others."""
    return canonical(value.sql, value.type)


def direction(term: exp.Ordered) -> str:
    """ASC or DESC and the place of NULL, with a space in front."""
    down = " DESC" if term.args.get("desc") else " ASC"
    return down + (" NULLS FIRST" if term.args.get("nulls_first") else " NULLS LAST")


def _over(compiler: Compiler, node: exp.Window, scope: Scope) -> str:
    if alias := node.args.get("alias"):
        known = scope.windows.get(alias.name.lower())
        if known is None:
            raise compiler.context.error("SYNTAX_ERROR", f"Cannot resolve WINDOW name {alias.name}", node)
        return f" OVER {known}"
    return f" OVER ({window_text(compiler, node, scope)})"


def window_text(compiler: Compiler, node: exp.Window, scope: Scope) -> str:
    """The text between the parentheses of OVER."""
    parts = []
    if keys := node.args.get("partition_by"):
        parts.append("PARTITION BY " + ", ".join(distinguished(compiler(key, scope)) for key in keys))
    if order := node.args.get("order"):
        parts.append(order_by(compiler, order.expressions, scope))
    if spec := node.args.get("spec"):
        if spec.args.get("exclude"):
            raise compiler.unsupported(spec)
        bounds = [_bound(compiler, spec, side, scope) for side in ("start", "end") if spec.args.get(side)]
        frame = f"BETWEEN {bounds[0]} AND {bounds[1]}" if len(bounds) > 1 else bounds[0]
        parts.append(f"{spec.args['kind'].upper()} {frame}")
    return " ".join(parts)


def _bound(compiler: Compiler, spec: exp.WindowSpec, side: str, scope: Scope) -> str:
    value, way = spec.args[side], spec.args.get(f"{side}_side") or ""
    if isinstance(value, str):
        return f"{value} {way}".strip()
    distance = compiler(value, scope)
    made = {types.DAY_INTERVAL: "to_milliseconds", types.MONTH_INTERVAL: "to_months"}.get(distance.type, "")
    return f"{made}({distance.sql}) {way}".strip()


def _listagg(compiler: Compiler, node: exp.GroupConcat, around: _Around, scope: Scope) -> Typed:
    inner, order = node.this, ""
    if isinstance(inner, exp.Order):
        order = " " + order_by(compiler, inner.expressions, scope)
        inner = inner.this
    distinct = ""
    if isinstance(inner, exp.Distinct):
        inner, distinct = inner.expressions[0], "DISTINCT "
    value = compiler(inner, scope)
    if value.type.base not in (*types.TEXTS, "unknown"):
        raise compiler.context.error("TYPE_MISMATCH", f"listagg() takes a varchar, not {value.type}", node)
    separator = node.args.get("separator")
    between = compiler(separator, scope).sql if separator is not None else "''"
    return Typed(
        f"string_agg({distinct}{value.sql}, {between}{order}){around.filter}{around.window}", types.VARCHAR
    )


def _coalesce(compiler: Compiler, arguments: list[exp.Expr], node: exp.Expr, scope: Scope) -> Typed:
    values = [compiler(argument, scope) for argument in arguments]
    kind = common_of(compiler.context, values, arguments, "All COALESCE operands")
    return Typed(f"coalesce({', '.join(coerce(value, kind).sql for value in values)})", kind)


def _nullif(compiler: Compiler, arguments: list[exp.Expr], node: exp.Expr, scope: Scope) -> Typed:
    first, second = (compiler(argument, scope) for argument in arguments)
    kind = common_of(compiler.context, [first, second], arguments, "NULLIF operands")
    same = compared_sql("=", coerce(first, kind), coerce(second, kind), kind)
    return Typed(f"CASE WHEN {same} THEN NULL ELSE {first.sql} END", first.type)


def _try(compiler: Compiler, arguments: list[exp.Expr], node: exp.Expr, scope: Scope) -> Typed:
    value = compiler(arguments[0], scope)
    return Typed(f"TRY({value.sql})", value.type)


def _typeof(compiler: Compiler, arguments: list[exp.Expr], node: exp.Expr, scope: Scope) -> Typed:
    name = str(compiler(arguments[0], scope).type)
    return Typed(literal(name), types.varchar(len(name)), name)


def _grouping(compiler: Compiler, arguments: list[exp.Expr], node: exp.Expr, scope: Scope) -> Typed:
    columns = ", ".join(compiler(argument, scope).sql for argument in arguments)
    return Typed(f"CAST(GROUPING({columns}) AS BIGINT)", types.BIGINT)


_SPECIAL = {"coalesce": _coalesce, "nullif": _nullif, "try": _try, "typeof": _typeof, "grouping": _grouping}
