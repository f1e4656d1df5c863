"""What FROM may contain: tables, views, subqueries, VALUES, UNNEST, and the joins between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from localaws.athena.errors import QueryFailed
from localaws.athena.sql import types
from localaws.athena.sql.agreement import common_of
from localaws.athena.sql.casts import coerce
from localaws.athena.sql.compiled import CompiledQuery
from localaws.athena.sql.compiler import Compiler
from localaws.athena.sql.context import Context
from localaws.athena.sql.dialect import parse_query
from localaws.athena.sql.equality import compared_sql
from localaws.athena.sql.scope import Field, Scope
from localaws.athena.sql.source import ViewSource
from localaws.athena.sql.typed import Typed
from localaws.athena.sql.types import Type, common_type

__all__ = ["CommonTables", "Relation", "Relations"]

CATALOG = "awsdatacatalog"
_PARTS: dict[type, tuple[str, ...]] = {
    exp.Table: ("this", "db", "catalog", "alias", "joins"),
    exp.Subquery: ("this", "alias", "joins", "with_", "order", "limit", "offset"),
    exp.Lateral: ("this", "alias"),
    exp.Unnest: ("expressions", "alias", "offset", "joins"),
    exp.Values: ("expressions", "alias", "joins"),
    exp.Join: ("this", "side", "kind", "on", "using"),
}
_MOST_VIEWS = 20  # views within views


@dataclass(frozen=True, slots=True)
class Relation:
    """Something to select from: DuckDB's text after FROM, and its columns."""

    sql: str
    fields: tuple[Field, ...]


CommonTables = dict[str, Relation]  # of WITH, by lower-case name; the fields are without a qualifier


@dataclass(frozen=True, slots=True)
class Relations:
    """Compiles FROM. ``query`` compiles a query with the tables of WITH that it may name."""

    context: Context
    compiler: Compiler
    query: Callable[[exp.Expr, Scope | None, CommonTables], CompiledQuery]
    view: Callable[[Context, exp.Expr], CompiledQuery]

    def from_clause(self, select: exp.Select, outer: Scope | None, tables: CommonTables) -> Relation:
        """FROM with its joins; without FROM one row of no columns."""
        clause = select.args.get("from_")
        if clause is None:
            return Relation("", ())
        relation = self.relation(clause.this, Scope((), outer), tables)
        for join in [*clause.this.args.get("joins", []), *select.args.get("joins", [])]:
            relation = self.join(relation, join, outer, tables)
        return relation

    def relation(self, node: exp.Expr, lateral: Scope, tables: CommonTables) -> Relation:
        """One item; ``lateral`` is what UNNEST and LATERAL may refer to."""
        self.refuse_extras(node)
        if isinstance(node, exp.Table):
            return self.table(node, tables)
        if isinstance(node, exp.Subquery):
            return self.subquery(node, lateral.parent, tables)
        if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            found = self.subquery(node, lateral, tables, node.this)
            return Relation(f"LATERAL {found.sql}", found.fields)
        if isinstance(node, exp.Unnest):
            return self.unnest(node, lateral)
        if isinstance(node, exp.Values):
            return self.values(node, lateral)
        raise self.compiler.unsupported(node)

    def refuse_extras(self, node: exp.Expr) -> None:
        """Refuse what sqlglot has parsed but Athena or this compiler does not support."""
        for part, given in node.args.items():
            if given and part not in _PARTS.get(type(node), ()):
                message = f"{part.upper().rstrip('S_')} in FROM is not supported"
                raise self.context.error("NOT_SUPPORTED", message, node)

    # tables and views

    def table(self, node: exp.Table, tables: CommonTables) -> Relation:
        if not isinstance(node.this, exp.Identifier):
            name = node.this.name if isinstance(node.this, exp.Anonymous) else type(node.this).__name__
            raise self.context.error(
                "FUNCTION_NOT_FOUND", f"Table function '{str(name).lower()}' not registered", node
            )
        parts = [part.name.lower() for part in node.parts]
        if len(parts) == 1 and parts[0] in tables:
            known = tables[parts[0]]
            alias = self.context.names.new("r")
            fields = [
                replace(each, sql=f"{alias}.{each.sql}", qualifier=(parts[0],)) for each in known.fields
            ]
            return self.aliased(Relation(f"{known.sql} AS {alias}", tuple(fields)), node)
        return self.aliased(self.stored(parts, node), node)

    def stored(self, parts: list[str], node: exp.Table) -> Relation:
        """A table or view of the catalog."""
        if len(parts) > 3 or (len(parts) == 3 and parts[0] != CATALOG):
            raise self.context.error("CATALOG_NOT_FOUND", f"Catalog '{parts[0]}' does not exist", node)
        database = parts[-2] if len(parts) > 1 else self.context.database
        table = parts[-1]
        try:
            source = self.context.sources.source(database, table)
        except QueryFailed as error:
            raise self.context.error(error.code or "GENERIC_USER_ERROR", error.message, node) from error
        if source is None:
            raise self.context.error(
                "TABLE_NOT_FOUND", f"Table '{CATALOG}.{database}.{table}' does not exist", node
            )
        qualifier = (CATALOG, database, table)
        if isinstance(source, ViewSource):
            return self.expanded(source, qualifier, node)
        alias = self.context.names.new("r")
        columns = [(name, kind, self.context.names.new("c", name)) for name, kind in source.columns]
        fields = [Field(name, kind, f"{alias}.{column}", qualifier) for name, kind, column in columns]
        listed = ", ".join(column for *_, column in columns)
        return Relation(f"({source.sql}) AS {alias}({listed})", tuple(fields))

    def expanded(self, view: ViewSource, qualifier: tuple[str, ...], node: exp.Expr) -> Relation:
        name = ".".join(qualifier)
        if name in self.context.views or len(self.context.views) >= _MOST_VIEWS:
            raise self.context.error(
                "VIEW_IS_RECURSIVE", f"Statement would create a recursive view '{name}'", node
            )
        self.context.names.expand()
        inner = replace(
            self.context,
            text=view.text,
            database=view.database,
            parameters=(),
            views=(*self.context.views, name),
        )
        try:
            compiled = self.view(inner, parse_query(view.text))
        except QueryFailed as error:
            message = f"Failed analyzing stored view '{name}': {error.message}"
            raise self.context.error("INVALID_VIEW", message, node) from error
        if view.columns and len(view.columns) != len(compiled.columns):
            raise self.context.error(
                "VIEW_IS_STALE", f"View '{name}' is stale or in invalid state: its columns have changed", node
            )
        labels = view.columns or tuple(column.name or "" for column in compiled.columns)
        return self.derived(compiled, qualifier, labels)

    # subqueries and values

    def subquery(
        self,
        node: exp.Expr,
        outer: Scope | None,
        tables: CommonTables,
        inner: exp.Expr | None = None,
    ) -> Relation:
        inner = inner if inner is not None else node
        if (
            isinstance(inner, exp.Subquery)
            and inner.this.args.get("joins")
            and not isinstance(inner.this, exp.Select)
        ):
            return self.parenthesised(inner.this, node, outer, tables)
        compiled = self.query(inner, outer, tables)
        labels = [column.name for column in compiled.columns]
        return self.aliased(self.derived(compiled, (), labels), node)

    def parenthesised(
        self, joined: exp.Expr, node: exp.Expr, outer: Scope | None, tables: CommonTables
    ) -> Relation:
        """``(a JOIN b ON ...)``: ``joined`` is a, with its joins."""
        if node.args.get("alias"):
            raise self.compiler.unsupported(node)
        relation = self.relation(joined, Scope((), outer), tables)
        for join in joined.args["joins"]:
            relation = self.join(relation, join, outer, tables)
        return Relation(f"({relation.sql})", relation.fields)

    def derived(
        self, compiled: CompiledQuery, qualifier: tuple[str, ...], labels: Sequence[str | None]
    ) -> Relation:
        alias = self.context.names.new("r")
        fields = [
            Field(label, column.type, f"{alias}.{column.sql}", qualifier)
            for label, column in zip(labels, compiled.columns, strict=True)
        ]
        return Relation(f"({compiled.sql}) AS {alias}", tuple(fields))

    def values(self, node: exp.Values, lateral: Scope) -> Relation:
        scope = Scope((), lateral.parent)
        rows = [[self.compiler(cell, scope) for cell in _cells(row)] for row in node.expressions]
        if len({len(row) for row in rows}) > 1:
            raise self.context.error("SYNTAX_ERROR", "Values rows have mismatched sizes", node)
        kinds = [
            common_of(self.context, column, [node] * len(rows), "Values rows")
            for column in zip(*rows, strict=True)
        ]
        listed = ", ".join(
            f"({', '.join(coerce(cell, kind).sql for cell, kind in zip(row, kinds, strict=True))})"
            for row in rows
        )
        alias = self.context.names.new("r")
        columns = [self.context.names.new("c", f"_col{i}") for i in range(len(kinds))]
        fields = tuple(
            Field(None, kind, f"{alias}.{column}") for kind, column in zip(kinds, columns, strict=True)
        )
        return self.aliased(Relation(f"(VALUES {listed}) AS {alias}({', '.join(columns)})", fields), node)

    # unnest

    def unnest(self, node: exp.Unnest, lateral: Scope) -> Relation:
        """One row per element, arrays side by side; a map becomes two columns, rows one per field."""
        outer = self.context.names.new("r")
        lengths: list[str] = []
        unnested: list[str] = []
        fields: list[Field] = []

        def add(values: str, kind: Type) -> None:
            column = self.context.names.new("c")
            unnested.append(f"unnest({values}) AS {column}")
            lengths.append(f"coalesce(len({values}), 0)")
            if kind.base == "row":
                for index, label in enumerate(kind.names):
                    fields.append(
                        Field(label, kind.inner(index), f"struct_extract({outer}.{column}, 'f{index}')")
                    )
            else:
                fields.append(Field(None, kind, f"{outer}.{column}"))

        for expression in node.expressions:
            value = self.compiler(expression, lateral)
            if value.type.base == "array":
                add(value.sql, value.type.element)
            elif value.type.base == "map":
                add(f"map_keys({value.sql})", value.type.key)
                add(f"map_values({value.sql})", value.type.value)
            else:
                raise self.context.error(
                    "INVALID_FUNCTION_ARGUMENT", f"Cannot unnest type: {value.type}", expression
                )
        if offset := node.args.get("offset"):
            column = self.context.names.new("c")
            longest = f"greatest({', '.join(lengths)})" if len(lengths) > 1 else lengths[0]
            unnested.append(f"unnest(range(1, {longest} + 1)) AS {column}")
            fields.append(
                Field(
                    offset.name if isinstance(offset, exp.Identifier) else None,
                    types.BIGINT,
                    f"{outer}.{column}",
                )
            )
        relation = Relation(f"LATERAL (SELECT {', '.join(unnested)}) AS {outer}", tuple(fields))
        alias = node.args.get("alias")
        labels = [column.name for column in alias.args.get("columns") or []] if alias else []
        if labels and isinstance(offset, exp.Identifier):
            labels.append(offset.name)
        return self.named(relation, alias.name if alias else None, labels, node)

    # names

    def aliased(self, relation: Relation, node: exp.Expr) -> Relation:
        alias = node.args.get("alias")
        if alias is None:
            return relation
        return self.named(
            relation, alias.name, [column.name for column in alias.args.get("columns") or []], node
        )

    def named(self, relation: Relation, alias: str | None, labels: Sequence[str], node: exp.Expr) -> Relation:
        """``relation AS alias(labels)``"""
        if labels and len(labels) != len(relation.fields):
            width = len(relation.fields)
            message = (
                f"Column alias list has {len(labels)} entries but '{alias}' has {width} columns available"
            )
            raise self.context.error("MISMATCHED_COLUMN_ALIASES", message, node)
        fields = []
        for index, each in enumerate(relation.fields):
            label = labels[index] if labels else each.name
            if label is not None:
                self.context.names.meant[each.sql.rpartition(".")[2]] = label
            fields.append(replace(each, name=label, qualifier=(alias,) if alias else each.qualifier))
        return Relation(relation.sql, tuple(fields))

    # joins

    def join(self, left: Relation, node: exp.Join, outer: Scope | None, tables: CommonTables) -> Relation:
        side = (node.args.get("side") or "").upper()
        kind = (node.args.get("kind") or "").upper()
        self.refuse_extras(node)
        if kind not in {"", "INNER", "OUTER", "CROSS"}:
            raise self.compiler.unsupported(node)
        right = self.relation(node.this, Scope(left.fields, outer), tables)
        for extra in node.this.args.get("joins") or []:
            raise self.compiler.unsupported(extra)
        condition, using = node.args.get("on"), node.args.get("using")
        if kind == "CROSS" or (not side and not kind and condition is None and not using):
            return Relation(f"{left.sql} CROSS JOIN {right.sql}", left.fields + right.fields)
        word = f"{side} JOIN" if side else "JOIN"
        if using:
            return self.using(left, right, word, using, node)
        if condition is None:
            raise self.context.error("SYNTAX_ERROR", f"{word} needs ON or USING", node)
        scope = Scope(left.fields + right.fields, outer)
        on = self.compiler.boolean(condition, scope, "JOIN ON clause must evaluate to a boolean, not")
        return Relation(f"{left.sql} {word} {right.sql} ON {on.sql}", left.fields + right.fields)

    def using(
        self, left: Relation, right: Relation, word: str, names: Sequence[Any], node: exp.Join
    ) -> Relation:
        """The named columns come first, once, and belong to neither side."""
        joined: list[Field] = []
        conditions: list[str] = []
        used: set[Field] = set()
        for name in names:
            sides = []
            for relation in (left, right):
                found = [each for each in relation.fields if each.answers((), name.name)]
                if len(found) != 1:
                    side = "left" if relation is left else "right"
                    raise self.context.error(
                        "COLUMN_NOT_FOUND", f"Column '{name.name}' is missing from {side} side of join", node
                    )
                sides.append(found[0])
            kind = common_type(sides[0].type, sides[1].type)
            if kind is None:
                shown = f"{sides[0].type} vs {sides[1].type}"
                message = f"Column types of left and right side of join do not match: {shown}"
                raise self.context.error("TYPE_MISMATCH", message, node)
            a, b = (coerce(Typed(each.sql, each.type), kind) for each in sides)
            conditions.append(compared_sql("=", a, b, kind))
            joined.append(Field(name.name, kind, f"coalesce({a.sql}, {b.sql})"))
            used.update(sides)
        rest = [each for each in left.fields + right.fields if each not in used]
        return Relation(f"{left.sql} {word} {right.sql} ON {' AND '.join(conditions)}", (*joined, *rest))


def _cells(row: exp.Expr) -> list[exp.Expr]:
    """What a row of VALUES holds: ``(1, 2)``, ``ROW(1, 2)`` or ``1``."""
    cells: list[exp.Expr] = row.expressions if isinstance(row, exp.Tuple) else [row]
    if len(cells) == 1 and isinstance(cells[0], exp.Anonymous) and cells[0].name.lower() == "row":
        return list(cells[0].expressions)
    return cells
