"""Parquet: columns by name in any case; a column that a file lacks is NULL.

https://docs.aws.amazon.com/athena/latest/ug/parquet-serde.html
"""

from collections.abc import Sequence
from pathlib import Path

from localaws.athena.sql import types
from localaws.athena.sql.casts import rounded
from localaws.athena.sql.typed import literal
from localaws.athena.sql.types import Type
from localaws.athena.tables.named_rows import from_named, named_type

__all__ = ["read_parquet"]


def read_parquet(paths: Sequence[Path], names: Sequence[str], columns: Sequence[Type]) -> str:
    """A SELECT that gives ``columns``, which the files call ``names``.

    UNION ALL BY NAME with an empty relation of all columns makes those that the files lack; DuckDB's
    optimizer takes it away.
    """
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    kinds = [named_type(kind) for kind in columns]
    header = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in zip(quoted, kinds, strict=True))
    listed = ", ".join(literal(str(path)) for path in paths)
    text = "true" if all(kind.base != "varbinary" for kind in columns) else "false"
    read = f"read_parquet([{listed}], union_by_name=true, hive_partitioning=false, binary_as_string={text})"
    values = ", ".join(
        _value(name, kind, column) for name, kind, column in zip(quoted, kinds, columns, strict=True)
    )
    rows = f"SELECT {header or 'NULL'} WHERE FALSE UNION ALL BY NAME SELECT * FROM {read}"
    return f"SELECT {values or 'NULL'} FROM ({rows})"


def _value(name: str, named: str, kind: Type) -> str:
    if kind.base == "timestamp":  # files may have microseconds
        return rounded(f"CAST({name} AS {named})", kind.precision)
    # A file's least and greatest numbers leave NaN out, and DuckDB concludes from them that there is none:
    # is_nan(x) would be false everywhere. It concludes nothing about TRY, which a column cannot fail.
    return from_named(f"CAST({f'TRY({name})' if _may_hold_nan(kind) else name} AS {named})", kind)


def _may_hold_nan(kind: Type) -> bool:
    inner = [each for each in kind.parameters if isinstance(each, Type)]
    return kind.base in types.APPROXIMATE or any(_may_hold_nan(each) for each in inner)
