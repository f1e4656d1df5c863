"""What a predictor was trained on, as rows of the SQL table ``lineage``: one file each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from stepcast.pipeline import layout, objects
from stepcast.pipeline.csv_files import read_parquet
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.inputs import InputFile

__all__ = ["COLUMNS", "Lineage", "predictors", "read", "table"]

COLUMNS = {
    "predictor": "string",
    "vintage": "string",
    "run": "string",
    "file": "string",
    "version_id": "string",
    "etag": "string",
    "size": "bigint",
    "last_modified": "string",
}

_ARROW = {"string": pa.string(), "bigint": pa.int64()}
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Lineage:
    """One predictor: the run and vintage that it was made in, and the files, params.json first."""

    predictor: str
    vintage: str
    run: str
    files: tuple[InputFile, ...]


def table(files: Sequence[InputFile], *, run: str, vintage: str, predictor: str) -> pa.Table:
    """The rows of one predictor, in the order of ``files``."""
    rows = [
        {
            "predictor": predictor,
            "vintage": vintage,
            "run": run,
            "file": file.key,
            "version_id": file.version,
            "etag": file.etag.strip('"'),
            "size": file.size,
            "last_modified": file.uploaded.astimezone(UTC).strftime(_TIME),
        }
        for file in files
    ]
    return pa.Table.from_pylist(
        rows, schema=pa.schema([(name, _ARROW[kind]) for name, kind in COLUMNS.items()])
    )


def predictors(s3: Any, bucket: str) -> list[str]:
    """The predictors whose lineage is known."""
    keys = objects.keys(s3, bucket, layout.LINEAGE)
    return [key.removeprefix(layout.LINEAGE).removesuffix(".parquet") for key in keys]


def read(s3: Any, bucket: str, predictor: str) -> Lineage:
    """What a predictor was trained on; ResourceNotFoundException where that is not known."""
    body = objects.read(s3, bucket, layout.lineage(predictor))
    rows = read_parquet(body).to_pylist()
    if not rows:
        raise ResourceNotFoundException(f"predictor {predictor} was trained before input was recorded")
    files = tuple(
        InputFile(
            key=row["file"],
            etag=f'"{row["etag"]}"',
            size=row["size"],
            uploaded=datetime.strptime(row["last_modified"], _TIME).replace(tzinfo=UTC),
            version=row["version_id"],
        )
        for row in rows
    )
    return Lineage(predictor, rows[0]["vintage"], rows[0]["run"], files)
