"""One type for several values, as in CASE, COALESCE, IN and ARRAY."""

from collections.abc import Sequence

from sqlglot import exp

from localaws.athena.sql import types
from localaws.athena.sql.context import Context
from localaws.athena.sql.typed import Typed
from localaws.athena.sql.types import Type, common_type

__all__ = ["common_of"]


def common_of(context: Context, values: Sequence[Typed], nodes: Sequence[exp.Expr], what: str) -> Type:
    """The type that all ``values``, which ``nodes`` became, have in common.

    Raises QueryFailed (TYPE_MISMATCH) at the first that does not fit; ``what`` names the values.
    """
    together = types.UNKNOWN
    for value, node in zip(values, nodes, strict=True):
        found = common_type(together, value.type)
        if found is None:
            rule = f"{what} must be the same type or coercible to a common type"
            shown = ", ".join(dict.fromkeys(str(each.type) for each in values))
            message = (
                f"{rule}. Cannot find common type between {together} and {value.type}, "
                f"all types (without duplicates): [{shown}]"
            )
            raise context.error("TYPE_MISMATCH", message, node)
        together = found
    return together
