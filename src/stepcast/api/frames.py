"""Data frames of any library as Arrow tables, and tables as data frames of the library that came in.

pandas is the first; everything else comes through Arrow's C stream (``__arrow_c_stream__``), which polars,
pyarrow, DuckDB and others speak.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stepcast.api.errors import WrongFrame

__all__ = ["as_given", "as_text", "columns_of", "library_of", "table_of"]


def table_of(frame: Any, name: str) -> pa.Table:
    """The columns of ``frame``, which the argument ``name`` is; WrongFrame where it is no data frame.

    The index of a pandas data frame is left out unless it has a name: then its levels are columns, too.
    """
    if _library(frame) == "pandas":
        import pandas as pd

        frame = frame.to_frame() if isinstance(frame, pd.Series) else frame
        kept = [level for level in frame.index.names if level is not None and level not in frame.columns]
        frame = frame.reset_index(level=kept) if kept else frame
        frame = frame.rename(columns=str)
        repeated = frame.columns[frame.columns.duplicated()]
        if len(repeated):
            raise WrongFrame(f"{name} has two columns {repeated[0]!r}: rename or drop one")
        periods = {c: frame[c].dt.to_timestamp() for c in frame if isinstance(frame[c].dtype, pd.PeriodDtype)}
        with warnings.catch_warnings():
            # pyarrow asks for moments with a time zone in a way that pandas will change.
            warnings.filterwarnings("ignore", message="Series.values returning")
            table = pa.Table.from_pandas(frame.assign(**periods), preserve_index=False)
        return table.replace_schema_metadata()
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, Mapping):
        return pa.table(dict(frame))
    if hasattr(frame, "collect") and _library(frame) == "polars":
        frame = frame.collect()
    if hasattr(frame, "__arrow_c_stream__"):
        return pa.table(frame)
    raise WrongFrame(
        f"{name} is a {type(frame).__name__}: give a data frame of pandas or polars, or a pyarrow.Table"
    )


def columns_of(table: pa.Table, wanted: Mapping[str, str], name: str) -> pa.Table:
    """The ``wanted`` columns under their new names: ``{"item_id": "sku"}`` renames sku.

    WrongFrame, with the argument's ``name``, where there is no such column.
    """
    for column in wanted.values():
        if column not in table.column_names:
            raise WrongFrame(f"{name} has no column {column!r}; it has {_listed(table.column_names)}")
    return pa.table({new: table[column] for new, column in wanted.items()})


def as_text(cells: pa.ChunkedArray) -> pa.ChunkedArray:
    """Identifiers as text: categories and numbers are written out, missing ones stay missing."""
    try:
        if pa.types.is_dictionary(cells.type):
            cells = cells.cast(cells.type.value_type)
        return pc.cast(cells, pa.string())
    except pa.ArrowNotImplementedError:  # Arrow cannot cast categories of polars: one by one, then
        return pa.chunked_array([pa.array(map(_text, cells.to_pylist()), pa.string())])


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def as_given(table: pa.Table, like: str) -> Any:
    """``table`` as a data frame of the library ``like`` (see ``library_of``); pandas for all others."""
    if like == "pyarrow":
        return table
    if like == "polars":
        import polars

        return polars.from_arrow(table)
    return table.to_pandas()


def library_of(frame: Any) -> str:
    """pandas, polars, pyarrow or another library's name."""
    return _library(frame)


def _library(frame: Any) -> str:
    return type(frame).__module__.partition(".")[0]


def _listed(names: list[str]) -> str:
    return ", ".join(map(repr, names)) or "no columns"
