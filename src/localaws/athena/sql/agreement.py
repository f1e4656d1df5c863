"""One type for several values, as in CASE, COALESCE, IN and ARRAY."""

from collections.abc import Sequence

from sqlglot import exp

from localaws.athena.sql import types
from localaws.athena.sql.context import Context
from localaws.athena.sql.typed import Typed
from localaws.athena.sql.types import Type, common_type

__all__ = ["common_of"]


def common_of(context: Context, values: Sequence[Typed], node: exp.Expr, what: str) -> Type:
    """The type that all ``values`` become.

    Raises QueryFailed (TYPE_MISMATCH) where there is none; ``what`` names the values.
    """
    together = types.UNKNOWN
    for value in values:
        found = common_type(together, value.type)
        if found is None:
            shown = ", ".join(dict.fromkeys(str(each.type) for each in values))
            rule = f"{what} must be the same type or coercible to a common type"
            message = f"{rule}. Cannot find common type between {shown}"
            raise context.error("TYPE_MISMATCH", message, node)
        together = found
    return together
