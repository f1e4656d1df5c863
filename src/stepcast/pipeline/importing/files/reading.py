"""The files of a dataset as typed rows, in order."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from stepcast.pipeline.importing.columns.file_schema import FileSchema
from stepcast.pipeline.importing.files.csv_rows import csv_rows
from stepcast.pipeline.importing.files.parquet_rows import parquet_rows
from stepcast.pipeline.importing.files.rows import Rows
from stepcast.pipeline.importing.files.source import Source
from stepcast.pipeline.importing.files.stream import ObjectStream
from stepcast.pipeline.problems import Report

__all__ = ["Progress", "rows_of", "silent"]

Progress = Callable[[str, int, int], None]


def rows_of(
    s3: Any,
    bucket: str,
    files: Sequence[Source],
    schema: FileSchema,
    report: Report,
    scratch: Path,
    progress: Progress,
) -> Iterator[tuple[str, Rows]]:
    """Batches of the rows without an error, with the key of their file, in the order of files and rows.

    Problems of the other rows go to ``report``; reading continues, so that all are found in one pass.
    """
    done, total = 0, sum(file.size for file in files)
    for file in files:
        with closing(ObjectStream(s3, bucket, file)) as stream:
            try:
                if file.format == "csv":
                    batches = csv_rows(stream, file.key, schema, report)
                else:
                    batches = parquet_rows(stream, file.key, schema, report, scratch)
                for rows in batches:
                    yield file.key, rows
                    progress("read", done + stream.position, total)
            except Exception as error:
                error.add_note(f"file {file.key}")  # for an internal error
                raise
        done += file.size
        progress("read", done, total)


def silent(what: str, done: int, total: int) -> None:
    """Report no progress."""
