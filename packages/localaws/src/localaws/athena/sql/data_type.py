"""The type that a query spells out, in CAST for instance."""

from sqlglot import exp

from localaws.athena.errors import QueryFailed
from localaws.athena.sql import types
from localaws.athena.sql.types import Type

__all__ = ["type_of"]

_SIMPLE = {
    "BOOLEAN": types.BOOLEAN,
    "TINYINT": types.TINYINT,
    "SMALLINT": types.SMALLINT,
    "INT": types.INTEGER,
    "BIGINT": types.BIGINT,
    "FLOAT": types.REAL,
    "DOUBLE": types.DOUBLE,
    "VARBINARY": types.VARBINARY,
    "JSON": types.JSON,
    "DATE": types.DATE,
}
_WITH_PRECISION = {
    "TIMESTAMP": "timestamp",
    "TIMESTAMPTZ": "timestamp with time zone",
    "TIME": "time",
}


def type_of(node: exp.DataType) -> Type:
    """The Trino type of sqlglot's ``node``.

    Raises QueryFailed for a type of Athena's that this engine lacks, and for an unknown one.
    """
    name = node.this.name if isinstance(node.this, exp.DataType.Type) else str(node.this)
    if name in _SIMPLE:
        return _SIMPLE[name]
    parameters = node.expressions
    if name in _WITH_PRECISION:
        return Type(
            _WITH_PRECISION[name],
            (_number(parameters[0]) if parameters else types.DEFAULT_TIMESTAMP_PRECISION,),
        )
    if name in {"VARCHAR", "TEXT"}:
        return types.varchar(_number(parameters[0]) if parameters else None)
    if name == "CHAR":
        return Type("char", (_number(parameters[0]) if parameters else 1,))
    if name == "DECIMAL":
        digits = [_number(parameter) for parameter in parameters]
        return types.decimal(*digits) if len(digits) == 2 else types.decimal(digits[0] if digits else 38, 0)
    if name == "ARRAY" and len(parameters) == 1:
        return types.array(type_of(parameters[0]))
    if name == "MAP" and len(parameters) == 2:
        return types.map_of(type_of(parameters[0]), type_of(parameters[1]))
    if name == "STRUCT":
        fields = [
            (field.name, field.args["kind"]) if isinstance(field, exp.ColumnDef) else (None, field)
            for field in parameters
        ]
        return types.row(
            tuple(type_of(kind) for _, kind in fields), tuple(label and label.lower() for label, _ in fields)
        )
    raise QueryFailed("NOT_SUPPORTED", f"type {node.sql(dialect='trino').lower()}")


def _number(node: exp.Expr) -> int:
    return int(node.name)
