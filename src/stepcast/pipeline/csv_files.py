"""Tables as CSV and Parquet bytes: what people and the service's readers open, and what SQL reads."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

__all__ = ["csv_bytes", "parquet_bytes", "stamps"]


def csv_bytes(table: pa.Table) -> bytes:
    """With a plain header; text is quoted only where it has to be, numbers have full precision."""
    sink = io.BytesIO()
    sink.write((",".join(table.column_names) + "\n").encode())
    options = pa.csv.WriteOptions(include_header=False, quoting_style="needed")
    pa.csv.write_csv(table, sink, options)
    return sink.getvalue()


def parquet_bytes(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pa.parquet.write_table(table, sink)
    return sink.getvalue()


def stamps(moments: Any, pattern: str) -> pa.Array:
    """Moments as text; ``pattern`` as strftime has it.

    >>> import numpy as np
    >>> stamps(np.array(["2026-01-02T03:04:05"], "datetime64[s]"), "%Y-%m-%dT%H:%M:%SZ")[0].as_py()
    '2026-01-02T03:04:05Z'
    """
    return pa.compute.strftime(pa.array(moments, pa.timestamp("s")), format=pattern)
