"""The compiler of expressions: dispatch by kind of node, and what the compilers of nodes have in common.

The compilers of nodes call each other only through it, so their modules need not import one another.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from sqlglot import exp

from localaws.athena.errors import QueryFailed
from localaws.athena.sql.compiled import CompiledQuery
from localaws.athena.sql.context import Context
from localaws.athena.sql.scope import Ambiguous, Scope
from localaws.athena.sql.typed import Typed

__all__ = ["Compiler", "NodeCompiler"]

_LONGEST = 4_000_000  # characters of an expression for DuckDB
NodeCompiler = Callable[["Compiler", Any, Scope], Typed]


class Compiler:
    """Compiles the expressions of one query text.

    ``nodes`` has the compiler of each supported kind of node; ``subquery`` compiles a query inside an
    expression.
    """

    def __init__(
        self,
        context: Context,
        nodes: Mapping[type, NodeCompiler],
        subquery: Callable[[exp.Expr, Scope], CompiledQuery],
    ) -> None:
        self.context, self.nodes, self.subquery = context, nodes, subquery

    def __call__(self, node: exp.Expr, scope: Scope) -> Typed:
        """``node`` as DuckDB's text.

        Raises QueryFailed with the position in the query; NOT_SUPPORTED for a node that is not in ``nodes``.
        """
        for kind in type(node).__mro__:
            if kind in self.nodes:
                found = self.nodes[kind](self, node, scope)
                if len(found.sql) > _LONGEST:  # every cast writes its argument several times
                    raise QueryFailed(
                        "STACK_OVERFLOW", "statement is too large (its expressions are too deep)"
                    )
                return scope.grouped.get(found.sql, found)
        raise self.unsupported(node)

    def boolean(self, node: exp.Expr, scope: Scope, what: str) -> Typed:
        """``node``, which must be true or false; ``what`` names it in the error."""
        value = self(node, scope)
        if value.type.base not in {"boolean", "unknown"}:
            raise self.context.error("TYPE_MISMATCH", f"{what} {value.type}", node)
        return value

    def unsupported(self, node: exp.Expr) -> Exception:
        return self.context.error(
            "NOT_SUPPORTED", f"{type(node).__name__} is not supported: {node.sql('trino')}", node
        )

    def resolve(self, parts: list[exp.Expr], scope: Scope, node: exp.Expr) -> Typed:
        """The column that ``parts`` name."""
        names = [part.name for part in parts]
        try:
            found = scope.find(names)
        except Ambiguous as error:
            raise self.context.error("AMBIGUOUS_NAME", f"Column '{error}' is ambiguous", node) from error
        if found is None:
            reason = "cannot be resolved or requester is not authorized to access requested resources"
            raise self.context.error("COLUMN_NOT_FOUND", f"Column '{'.'.join(names)}' {reason}", node)
        column, rest = found
        value = Typed(column.sql, column.type, column.constant)
        return reduce(lambda inner, name: self.field_of(inner, name, node), rest, value)

    def field_of(self, value: Typed, name: str, node: exp.Expr) -> Typed:
        """``value.name`` of a row."""
        if value.type.base == "row":
            for index, label in enumerate(value.type.names):
                if label is not None and label.lower() == name.lower():
                    return Typed(f"struct_extract({value.sql}, 'f{index}')", value.type.inner(index))
        raise self.context.error(
            "TYPE_MISMATCH", f"Expression of type {value.type} has no field '{name}'", node
        )
