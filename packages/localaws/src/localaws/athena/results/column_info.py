"""ColumnInfo: how Athena describes a column of a result."""

from dataclasses import dataclass

from localaws.athena.sql.types import Type

__all__ = ["ColumnInfo", "hive_column", "of_query"]

_UNLIMITED = 2147483647
# Type name and precision as GetQueryResults gives them; others have their base's name and 0.
_PRECISIONS = {
    "tinyint": ("tinyint", 3),
    "smallint": ("smallint", 5),
    "integer": ("integer", 10),
    "bigint": ("bigint", 19),
    "real": ("float", 17),
    "double": ("double", 17),
    "varbinary": ("varbinary", 1073741824),
    "timestamp": ("timestamp", 3),
    "timestamp with time zone": ("timestamp with time zone", 3),
    "time": ("time", 3),
    "unknown": ("unknown", 0),
}


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """One column. ``type`` has no parameters: they are in ``precision`` and ``scale``."""

    name: str
    type: str
    precision: int
    scale: int
    case_sensitive: bool
    catalog: str = "hive"

    def to_api(self) -> dict[str, object]:
        """As GetQueryResults answers."""
        return {
            "CatalogName": self.catalog,
            "SchemaName": "",
            "TableName": "",
            "Name": self.name,
            "Label": self.name,
            "Type": self.type,
            "Precision": self.precision,
            "Scale": self.scale,
            "Nullable": "UNKNOWN",
            "CaseSensitive": self.case_sensitive,
        }


def of_query(name: str, kind: Type) -> ColumnInfo:
    """A column of a SELECT.

    >>> from localaws.athena.sql import types
    >>> column = of_query("price", types.decimal(10, 2))
    >>> (column.type, column.precision, column.scale)
    ('decimal', 10, 2)
    """
    if kind.base == "decimal":
        return ColumnInfo(name, "decimal", kind.precision, kind.scale, case_sensitive=False)
    if kind.base in {"varchar", "char"}:
        length = _UNLIMITED if kind.length is None else kind.length
        return ColumnInfo(name, kind.base, length, 0, case_sensitive=True)
    word, precision = _PRECISIONS.get(kind.base, (kind.base, 0))
    return ColumnInfo(name, word, precision, 0, case_sensitive=False)


def hive_column(name: str) -> ColumnInfo:
    """A column of SHOW, DESCRIBE and the like."""
    return ColumnInfo(name, "string", 0, 0, case_sensitive=False)
