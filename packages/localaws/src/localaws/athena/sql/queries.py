"""A complete query: SELECT, set operations, WITH, ORDER BY and LIMIT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlglot import exp

from localaws.athena.errors import QueryFailed
from localaws.athena.sql import types
from localaws.athena.sql.calls import direction, distinguished, window_text
from localaws.athena.sql.compiled import CompiledQuery, OutputColumn
from localaws.athena.sql.compiler import Compiler
from localaws.athena.sql.context import Context
from localaws.athena.sql.dialect import parse_query
from localaws.athena.sql.expressions import NODES
from localaws.athena.sql.relations import CommonTables, Relation, Relations
from localaws.athena.sql.scope import Field, Scope
from localaws.athena.sql.typed import Typed, fail, literal
from localaws.athena.sql.types import Type, common_type, duckdb_type

__all__ = ["compile_query"]

# What sqlglot may hang on a SELECT, of which Athena has no more than these.
_SELECT_PARTS = {
    "expressions", "distinct", "from_", "joins", "where", "group", "having", "windows", "order", "limit",
    "offset", "with_",
}  # fmt: skip
_LONGEST = 16_000_000  # characters of a query for DuckDB
_DEEPEST_RECURSION = 10  # steps; Trino's max_recursion_depth
_TOO_DEEP = (
    f"Recursion depth limit exceeded ({_DEEPEST_RECURSION}). "
    "Use 'max_recursion_depth' session property to modify the limit."
)
_SET_WORDS: dict[type, str] = {exp.Union: "UNION", exp.Intersect: "INTERSECT", exp.Except: "EXCEPT"}


def compile_query(context: Context) -> CompiledQuery:
    """The query ``context.text``.

    Raises QueryFailed for everything that Athena would refuse, and for what this engine does not support.
    """
    tree = parse_query(context.text)
    try:
        return _Queries(context).query(_with_parameters(context, tree), None, {})
    except RecursionError as error:
        raise QueryFailed(
            "STACK_OVERFLOW", "statement is too large (stack overflow during analysis)"
        ) from error


def _with_parameters(context: Context, tree: exp.Expr) -> exp.Expr:
    holes = sorted(tree.find_all(exp.Placeholder), key=lambda hole: int(hole.meta["start"]))
    if len(holes) != len(context.parameters):
        message = f"Incorrect number of parameters: expected {len(holes)} but found {len(context.parameters)}"
        raise QueryFailed("INVALID_PARAMETER_USAGE", message)
    for hole, value in zip(holes, context.parameters, strict=True):
        hole.replace(exp.Paren(this=value.copy()))
    return tree


class _Queries:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.tables: list[CommonTables] = [{}]  # of WITH around the query that is being compiled
        self.compiler = Compiler(context, NODES, self.subquery)
        self.relations = Relations(
            context, self.compiler, self.query, lambda inner, tree: _Queries(inner).query(tree, None, {})
        )

    def subquery(self, node: exp.Expr, scope: Scope) -> CompiledQuery:
        return self.query(node, scope, self.tables[-1])

    def query(self, node: exp.Expr, outer: Scope | None, tables: CommonTables) -> CompiledQuery:
        """Any query; ``outer`` is the scope around it, ``tables`` the tables of WITH around it."""
        prefix, tables = self.with_tables(node, outer, tables)
        self.tables.append(tables)
        try:
            found = self.plain(node, outer, tables)
        finally:
            self.tables.pop()
        if len(prefix) + len(found.sql) > _LONGEST:
            raise QueryFailed("STACK_OVERFLOW", "statement is too large")
        return replace(found, sql=prefix + found.sql)

    def plain(self, node: exp.Expr, outer: Scope | None, tables: CommonTables) -> CompiledQuery:
        if isinstance(node, exp.Subquery):
            return self.parenthesised(node, outer, tables)
        if isinstance(node, exp.Select):
            return self.select(node, outer, tables)
        if type(node) in _SET_WORDS:
            return self.set_operation(node, outer, tables)
        if isinstance(node, (exp.Values, exp.Table)):
            return self.select(exp.select("*").from_(node, copy=False), outer, tables)
        raise self.compiler.unsupported(node)

    def parenthesised(self, node: exp.Subquery, outer: Scope | None, tables: CommonTables) -> CompiledQuery:
        inner = self.query(node.this, outer, tables)
        if not any(node.args.get(part) for part in ("order", "limit", "offset")):
            return inner
        return self.ordered(f"SELECT * FROM ({inner.sql})", inner.columns, node, Scope((), outer), {})

    # WITH

    def with_tables(
        self, node: exp.Expr, outer: Scope | None, tables: CommonTables
    ) -> tuple[str, CommonTables]:
        clause = node.args.get("with_")
        if clause is None:
            return "", tables
        tables, written = dict(tables), []
        for table in clause.expressions:
            if not isinstance(table, exp.CTE):
                raise self.compiler.unsupported(table)
            name = self.context.names.new("w")
            labels = [column.name for column in table.args["alias"].args.get("columns") or []]
            if clause.args.get("recursive") and self.is_recursive(table):
                sql, columns = self.recursive(table, name, labels, outer, tables)
            else:
                compiled = self.query(table.this, outer, tables)
                sql, columns = compiled.sql, compiled.columns
            tables[table.alias.lower()] = self.common_table(name, columns, labels, table)
            written.append(f"{name}({', '.join(column.sql for column in columns)}) AS ({sql})")
        return f"WITH {', '.join(written)} ", tables

    def common_table(
        self, name: str, columns: Sequence[OutputColumn], labels: Sequence[str], node: exp.CTE
    ) -> Relation:
        fields = tuple(Field(column.name, column.type, column.sql) for column in columns)
        return self.relations.named(Relation(name, fields), None, labels, node)

    def is_recursive(self, table: exp.CTE) -> bool:
        named = (found.name.lower() for found in table.this.find_all(exp.Table) if not found.db)
        return isinstance(table.this, exp.Union) and table.alias.lower() in named

    def recursive(
        self, table: exp.CTE, name: str, labels: Sequence[str], outer: Scope | None, tables: CommonTables
    ) -> tuple[str, tuple[OutputColumn, ...]]:
        """The first half determines the types, the second may refer to the table itself.

        Written out step by step, as Trino does, so no recursion is endless.
        """
        first = self.query(table.this.this, outer, tables)
        kinds = [replace_length(column.type) for column in first.columns]
        columns = tuple(replace(column, type=kind) for column, kind in zip(first.columns, kinds, strict=True))
        listed = ", ".join(column.sql for column in columns)
        steps = [f"{name}_0({listed}) AS MATERIALIZED ({first.as_types(kinds)})"]
        for depth in range(1, _DEEPEST_RECURSION + 2):
            before = self.common_table(f"{name}_{depth - 1}", columns, labels, table)
            step = self.query(table.this.expression, outer, {**tables, table.alias.lower(): before})
            self.check_width(first, step, "UNION", table)
            steps.append(f"{name}_{depth}({listed}) AS MATERIALIZED ({step.as_types(kinds)})")
        rows = [f"SELECT * FROM {name}_{depth}" for depth in range(_DEEPEST_RECURSION + 1)]
        too_deep = fail("NOT_SUPPORTED", literal(_TOO_DEEP), "BOOLEAN")
        nothing = ", ".join(f"CAST(NULL AS {duckdb_type(kind)})" for kind in kinds)
        count = f"SELECT count(*) AS n FROM {name}_{_DEEPEST_RECURSION + 1}"
        rows.append(f"SELECT {nothing} FROM ({count}) WHERE CASE WHEN n > 0 THEN {too_deep} ELSE false END")
        everything = " UNION ALL ".join(rows)
        if table.this.args.get("distinct"):
            everything = f"SELECT DISTINCT * FROM ({everything})"
        return f"WITH {', '.join(steps)} {everything}", columns

    # set operations

    def set_operation(self, node: exp.Expr, outer: Scope | None, tables: CommonTables) -> CompiledQuery:
        word = _SET_WORDS[type(node)]
        if node.args.get("by_name") or node.args.get("side") or node.args.get("kind") or node.args.get("on"):
            raise self.compiler.unsupported(node)
        left = self.query(node.this, outer, tables)
        right = self.query(node.expression, outer, tables)
        self.check_width(left, right, word, node)
        kinds: list[Type] = []
        for index, (one, other) in enumerate(zip(left.columns, right.columns, strict=True)):
            together = common_type(one.type, other.type)
            if together is None:
                types_ = f"{one.type}, {other.type}"
                message = f"column {index + 1} in {word} query has incompatible types: {types_}"
                raise self.context.error("TYPE_MISMATCH", message, node)
            kinds.append(together)
        every = "" if node.args.get("distinct", True) else " ALL"
        columns = tuple(replace(column, type=kind) for column, kind in zip(left.columns, kinds, strict=True))
        a, b = left.as_types(kinds), right.as_types(kinds)
        sql = f"({a}) {word}{every} ({b})"
        if not every and (keys := _on([Typed(column.sql, column.type) for column in columns])):
            if word == "UNION":
                sql = f"SELECT DISTINCT{keys} * FROM (({a}) UNION ALL ({b}))"
            else:
                sides = [
                    [distinguished(Typed(column.sql, kind)) for column, kind in zip(side, kinds, strict=True)]
                    for side in (left.columns, right.columns)
                ]
                same = " AND ".join(
                    f"{one} IS NOT DISTINCT FROM {other}" for one, other in zip(*sides, strict=True)
                )
                found = "EXISTS" if word == "INTERSECT" else "NOT EXISTS"
                sql = f"SELECT DISTINCT{keys} * FROM ({a}) WHERE {found} (SELECT 1 FROM ({b}) WHERE {same})"
        if not any(node.args.get(part) for part in ("order", "limit", "offset")):
            return CompiledQuery(sql, columns)
        names = ", ".join(column.sql for column in columns)
        return self.ordered(f"SELECT {names} FROM ({sql})", columns, node, Scope((), outer), {})

    def check_width(self, left: CompiledQuery, right: CompiledQuery, word: str, node: exp.Expr) -> None:
        if len(left.columns) != len(right.columns):
            message = (
                f"{word} query has different number of fields: {len(left.columns)}, {len(right.columns)}"
            )
            raise self.context.error("TYPE_MISMATCH", message, node)

    # SELECT

    def select(self, node: exp.Select, outer: Scope | None, tables: CommonTables) -> CompiledQuery:
        for part, given in node.args.items():
            if given and part not in _SELECT_PARTS:
                raise self.context.error("NOT_SUPPORTED", f"{part.upper()} in SELECT is not supported", node)
        if not node.expressions:
            raise self.context.error("SYNTAX_ERROR", "SELECT needs something to select", node)
        relation = self.relations.from_clause(node, outer, tables)
        scope, windows = self.windows(node, Scope(relation.fields, outer))
        outputs = list(self.outputs(node, scope))
        group, ungrouped = node.args.get("group"), outputs
        if group and (grouped := self.grouped(group, outputs, scope)):
            scope = replace(scope, grouped=grouped)
            outputs = list(self.outputs(node, scope))
        parts = [
            f"SELECT{self.distinct(node, outputs)} "
            + ", ".join(f"{value.sql} AS {column.sql}" for value, column in outputs)
        ]
        if relation.sql:
            parts.append(f"FROM {relation.sql}")
        if where := node.args.get("where"):
            parts.append(
                "WHERE "
                + self.compiler.boolean(
                    where.this, scope, "WHERE clause must evaluate to a boolean: actual type"
                ).sql
            )
        if group:
            parts.append(self.group_by(group, ungrouped, replace(scope, grouped={})))
        if having := node.args.get("having"):
            parts.append(
                "HAVING "
                + self.compiler.boolean(
                    having.this, scope, "HAVING clause must evaluate to a boolean: actual type"
                ).sql
            )
        parts.extend(windows)
        columns = tuple(column for _, column in outputs)
        labels = {
            column.name.lower(): Field(column.name, column.type, f"({value.sql})")
            for value, column in reversed(outputs)
            if column.name is not None
        }
        if node.args.get("distinct"):
            labels = {
                name: replace(found, sql=self.column_named(name, columns)) for name, found in labels.items()
            }
        return self.ordered(" ".join(parts), columns, node, scope, labels)

    def column_named(self, name: str, columns: Sequence[OutputColumn]) -> str:
        return next(
            column.sql for column in columns if column.name is not None and column.name.lower() == name
        )

    def distinct(self, node: exp.Select, outputs: Sequence[tuple[Typed, OutputColumn]]) -> str:
        distinct = node.args.get("distinct")
        if distinct is None:
            return ""
        if distinct.args.get("on"):
            raise self.compiler.unsupported(distinct)
        return " DISTINCT" + _on([value for value, _ in outputs])

    def windows(self, node: exp.Select, scope: Scope) -> tuple[Scope, list[str]]:
        known: dict[str, str] = {}
        written = []
        for window in node.args.get("windows") or []:
            if window.args.get("alias"):
                raise self.compiler.unsupported(window)
            known[window.this.name.lower()] = name = self.context.names.new("n")
            written.append(f"{name} AS ({window_text(self.compiler, window, scope)})")
        return replace(scope, windows=known), [f"WINDOW {', '.join(written)}"] if written else []

    def outputs(self, node: exp.Select, scope: Scope) -> Iterator[tuple[Typed, OutputColumn]]:
        for item in node.expressions:
            if isinstance(item, exp.Star) or (
                isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
            ):
                yield from self.star(item, scope)
                continue
            label: str | None = None
            if isinstance(item, exp.Alias):
                label, item = item.alias, item.this
            elif isinstance(item, (exp.Column, exp.Identifier)):
                label = item.name
            elif isinstance(item, exp.Dot):
                label = item.expression.name
            value = self.compiler(item, scope)
            yield value, OutputColumn(label, value.type, self.context.names.new("c", label))

    def star(self, item: exp.Expr, scope: Scope) -> Iterator[tuple[Typed, OutputColumn]]:
        star = item.this if isinstance(item, exp.Column) else item
        if any(star.args.get(extra) for extra in ("except_", "replace", "rename", "except")):
            raise self.compiler.unsupported(item)
        fields: Sequence[Field] = scope.fields
        if isinstance(item, exp.Column):
            qualifier = [part.name for part in item.parts[:-1]]
            fields = [each for each in scope.fields if _belongs(each, qualifier)]
            if not fields:
                raise self.context.error(
                    "TABLE_NOT_FOUND", f"Unable to resolve reference {'.'.join(qualifier)}", item
                )
        if not fields:
            raise self.context.error(
                "COLUMN_NOT_FOUND", "SELECT * not allowed in queries without FROM clause", item
            )
        for each in fields:
            yield (
                Typed(each.sql, each.type),
                OutputColumn(each.name, each.type, self.context.names.new("c", each.name)),
            )

    # GROUP BY

    def grouped(
        self, group: exp.Group, outputs: list[tuple[Typed, OutputColumn]], scope: Scope
    ) -> dict[str, Typed]:
        """Keys that DuckDB would distinguish and Trino does not: any of a group's represents them."""
        found = {}
        for item in group.expressions:
            if isinstance(item, (exp.Tuple, exp.GroupingSets, exp.Rollup, exp.Cube)):
                continue
            position = self.position(item, len(outputs), "GROUP BY")
            value = outputs[position][0] if position is not None else self.compiler(item, scope)
            if distinguished(value) != value.sql:
                found[value.sql] = replace(value, sql=f"any_value({value.sql})")
        return found

    def group_by(self, group: exp.Group, outputs: list[tuple[Typed, OutputColumn]], scope: Scope) -> str:
        if group.args.get("all") or group.args.get("totals"):
            raise self.compiler.unsupported(group)
        items = [self.group_item(item, outputs, scope) for item in group.expressions]
        for key in ("grouping_sets", "rollup", "cube"):
            items.extend(self.group_item(item, outputs, scope) for item in group.args.get(key) or [])
        return "GROUP BY " + ", ".join(items)

    def group_item(self, item: exp.Expr, outputs: list[tuple[Typed, OutputColumn]], scope: Scope) -> str:
        words: dict[type, str] = {exp.GroupingSets: "GROUPING SETS", exp.Rollup: "ROLLUP", exp.Cube: "CUBE"}
        if type(item) in words:
            inner = ", ".join(self.group_item(each, outputs, scope) for each in item.expressions)
            return f"{words[type(item)]} ({inner})"
        if isinstance(item, exp.Tuple):
            return f"({', '.join(self.group_item(each, outputs, scope) for each in item.expressions)})"
        if isinstance(item, exp.Paren):
            return self.group_item(item.this, outputs, scope)
        position = self.position(item, len(outputs), "GROUP BY")
        value = outputs[position][0] if position is not None else self.compiler(item, scope)
        # A bare number would be a position for DuckDB.
        return f"CAST({value.sql} AS VARCHAR)" if value.constant is not None else distinguished(value)

    def position(self, item: exp.Expr, count: int, clause: str) -> int | None:
        """The output that a number in GROUP BY or ORDER BY means, from 0."""
        if not isinstance(item, exp.Literal) or item.is_string or not item.name.isdigit():
            return None
        if not 1 <= int(item.name) <= count:
            raise self.context.error(
                "INVALID_COLUMN_REFERENCE", f"{clause} position {item.name} is not in select list", item
            )
        return int(item.name) - 1

    # ORDER BY, OFFSET, LIMIT

    def ordered(
        self,
        sql: str,
        columns: Sequence[OutputColumn],
        node: exp.Expr,
        scope: Scope,
        labels: dict[str, Field],
    ) -> CompiledQuery:
        """``sql`` with ORDER BY, OFFSET and LIMIT of ``node``; an output goes before a column of its name."""
        if not labels:
            labels = {
                column.name.lower(): Field(column.name, column.type, column.sql)
                for column in columns
                if column.name
            }
        if order := node.args.get("order"):
            names = replace(scope, labels=labels)
            terms = []
            for term in order.expressions:
                position = self.position(term.this, len(columns), "ORDER BY")
                key = str(position + 1) if position is not None else self.order_key(term.this, names)
                terms.append(key + direction(term))
            sql += " ORDER BY " + ", ".join(terms)
        sql += self.count_clause("LIMIT", node.args.get("limit"))
        sql += self.count_clause("OFFSET", node.args.get("offset"))
        return CompiledQuery(sql, tuple(columns))

    def order_key(self, item: exp.Expr, scope: Scope) -> str:
        value = self.compiler(item, scope)
        return f"CAST({value.sql} AS VARCHAR)" if value.constant is not None else value.sql

    def count_clause(self, word: str, clause: exp.Expr | None) -> str:
        if clause is None:
            return ""
        options = clause.args.get("limit_options")
        if clause.args.get("expressions") or (
            options and (options.args.get("percent") or options.args.get("with_ties"))
        ):
            raise self.compiler.unsupported(clause)
        number = clause.args.get("count") if isinstance(clause, exp.Fetch) else clause.expression
        while isinstance(number, exp.Paren):
            number = number.this
        if isinstance(clause, exp.Fetch) and number is None:
            return " LIMIT 1"
        if isinstance(number, exp.Var) and number.name.upper() == "ALL":
            return ""
        if not isinstance(number, exp.Literal) or not number.name.isdigit():
            raise self.context.error("SYNTAX_ERROR", f"{word} needs an integer", clause)
        return f" {word} {int(number.name)}"


def _on(values: Sequence[Typed]) -> str:
    """``ON (...)`` after DISTINCT, where DuckDB would distinguish values that are equal for Trino."""
    keys = [distinguished(value) for value in values]
    same = keys == [value.sql for value in values]
    return "" if same else f" ON ({', '.join(keys)})"


def replace_length(kind: Type) -> Type:
    """A recursive column takes any length: later rows may be longer."""
    return types.VARCHAR if kind.base == "varchar" else kind


def _belongs(each: Field, qualifier: Sequence[str]) -> bool:
    ending = each.qualifier[len(each.qualifier) - len(qualifier) :]
    return len(qualifier) <= len(each.qualifier) and [part.lower() for part in ending] == [
        part.lower() for part in qualifier
    ]
