"""Copies of single-series files with an item column that is the same in every row."""

import csv
import gzip
import io
import json
import shutil
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stepcast.cli.failure import Failure
from stepcast.pipeline.domains import DOMAINS, identifier_field

__all__ = ["with_item"]

UNREADABLE = (csv.Error, EOFError, gzip.BadGzipFile, zlib.error, ValueError)  # Arrow's are ValueErrors


def with_item(name: str, params: Path, files: Sequence[Path], folder: Path) -> tuple[Path, list[Path]]:
    """params.json and target files with the item column; new files are in ``folder``.

    The column is at its position in the schema, or first if the schema lacks it. Cells are left unchanged,
    valid or not, on the same lines. Failure if a file already has the column.
    """
    dataset = _target(document := _read(params))
    if dataset is None or dataset.get("Domain") not in DOMAINS:
        return params, list(files)  # the import reports what is wrong with it
    identifier = identifier_field(dataset["Domain"])
    attributes = dataset["Schema"]["Attributes"]
    names = [attribute.get("AttributeName") for attribute in attributes]
    if identifier not in names:
        attributes.insert(0, {"AttributeName": identifier, "AttributeType": "string"})
        names.insert(0, identifier)
        params = folder / "params.json"
        params.write_text(json.dumps(document), encoding="utf-8")
    made = []
    for number, file in enumerate(files):
        own = folder / str(number) / file.name.removesuffix(".gz")
        own.parent.mkdir()
        add = _add_to_parquet if file.name.lower().endswith(".parquet") else _add_to_csv
        try:
            add(file, own, names, names.index(identifier), name)
        except UNREADABLE:
            shutil.copyfile(file, own)  # the import reports what is wrong with it
        made.append(own)
    return params, made


def _read(params: Path) -> Any:
    try:
        return json.loads(params.read_bytes().decode("utf-8-sig"))
    except ValueError:
        return None


def _target(document: Any) -> dict[str, Any] | None:
    """The target dataset, if there is one with a schema."""
    datasets = document.get("Datasets") if isinstance(document, dict) else None
    for dataset in datasets if isinstance(datasets, list) else []:
        if isinstance(dataset, dict) and dataset.get("DatasetType") == "TARGET_TIME_SERIES":
            schema = dataset.get("Schema")
            rows = schema.get("Attributes") if isinstance(schema, dict) else None
            if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
                return dataset
    return None


def _add_to_csv(file: Path, to: Path, names: Sequence[str], place: int, item: str) -> None:
    moment = (
        [name for name in names if name != names[place]].index("timestamp") if "timestamp" in names else 0
    )
    with file.open("rb") as packed:
        gzipped = packed.read(2) == b"\x1f\x8b"
    opened = gzip.open if gzipped else open
    # surrogateescape preserves bytes that are not UTF-8.
    with (
        opened(file, "rb") as binary,
        io.TextIOWrapper(binary, "utf-8-sig", errors="surrogateescape", newline="") as text,
        to.open("w", encoding="utf-8", errors="surrogateescape", newline="") as written,
    ):
        writer = csv.writer(written, lineterminator="\n")
        first = True
        for row in csv.reader(text):
            if first and row:
                if len(row) >= len(names):
                    raise Failure(
                        f"{file} already has {len(row)} columns; --item is for files without an item column"
                    )
                first, is_header = False, not any(c.isdigit() for c in row[min(moment, len(row) - 1)])
                row.insert(place, names[place] if is_header else item)
            elif row:
                row.insert(place, item)
            writer.writerow(row)


def _add_to_parquet(file: Path, to: Path, names: Sequence[str], place: int, item: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(file)
    if len(table.column_names) >= len(names):
        raise Failure(
            f"{file} already has {len(table.column_names)} columns; --item is for files without an item "
            "column"
        )
    column = pa.array([item] * len(table), pa.string())
    pq.write_table(table.add_column(place, names[place], column), to)
