"""Tables as CSV bytes, for people and the service's readers, and as Parquet bytes, for SQL."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

__all__ = ["csv_bytes", "parquet_bytes", "read_parquet", "stamps"]


def csv_bytes(table: pa.Table) -> bytes:
    """With a plain header, as the service wrote it; text is quoted only if some of it requires quotes.

    >>> csv_bytes(pa.table({"item_id": ["lamp"], "p50": [0.1]}))
    b'item_id,p50\\nlamp,0.1\\n'
    >>> csv_bytes(pa.table({"item_id": ['a "big", lamp'], "p50": [0.1]}))
    b'item_id,p50\\n"a ""big"", lamp",0.1\\n'
    """
    sink = io.BytesIO()
    sink.write((",".join(table.column_names) + "\n").encode())
    # Arrow's "needed" quotes every text; "none" rejects text that requires quotes.
    options = pa.csv.WriteOptions(
        include_header=False, quoting_style="needed" if _needs_quotes(table) else "none"
    )
    pa.csv.write_csv(table, sink, options)
    return sink.getvalue()


def _needs_quotes(table: pa.Table) -> bool:
    texts = [column for column in table.columns if pa.types.is_string(column.type)]
    return any(pa.compute.any(pa.compute.match_substring_regex(text, '[,"\r\n]')).as_py() for text in texts)


def parquet_bytes(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pa.parquet.write_table(table, sink)
    return sink.getvalue()


def read_parquet(body: bytes) -> pa.Table:
    """A table from ``parquet_bytes``, read by this thread alone: one of Arrow's that still runs when a short
    command ends would abort it."""
    return pa.parquet.ParquetFile(io.BytesIO(body), pre_buffer=False).read(use_threads=False)


def stamps(moments: Any, pattern: str) -> pa.Array:
    """Moments as text; ``pattern`` as in strftime.

    >>> import numpy as np
    >>> stamps(np.array(["2026-01-02T03:04:05"], "datetime64[s]"), "%Y-%m-%dT%H:%M:%SZ")[0].as_py()
    '2026-01-02T03:04:05Z'
    """
    return pa.compute.strftime(pa.array(moments, pa.timestamp("s")), format=pattern)
