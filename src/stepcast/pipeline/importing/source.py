"""Which objects of the bucket hold the target series."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from stepcast.pipeline import layout, objects
from stepcast.pipeline.problems import Problem, Report

__all__ = ["Source", "sources"]

FORMATS: dict[str, Literal["csv", "parquet"]] = {".csv": "csv", ".csv.gz": "csv", ".parquet": "parquet"}


@dataclass(frozen=True)
class Source:
    """One object: its key, its ETag (it must not change while it is read) and its size in bytes."""

    key: str
    etag: str
    size: int
    format: Literal["csv", "parquet"]


def sources(s3: Any, bucket: str, report: Report) -> list[Source]:
    """The files under ``train/`` in the order of their keys; what else lies there is left out with a warning.

    Folder markers, as consoles make them, are left out silently: the user did not upload them.
    """
    found = []
    for entry in objects.entries(s3, bucket, layout.TRAIN):
        key, size = entry["Key"], entry["Size"]
        if key.endswith("/") and size == 0:
            continue
        name = PurePosixPath(key).name
        ending = next((ending for ending in FORMATS if name.lower().endswith(ending)), None)
        if key.endswith("/") or ending is None:
            report.add(_ignored(key))
            continue
        if not any(character.isalpha() for character in name[: -len(ending)]):
            report.add(_letterless(key))
        found.append(Source(key, entry["ETag"], size, FORMATS[ending]))
    if not found:
        report.add(_nothing())
    return found


def _ignored(key: str) -> Problem:
    remedy = "Name it .csv, .csv.gz or .parquet if it belongs to the data, or move it out of train/"
    return Problem(
        "V01", "warning", "its name has none of the endings that are read: ignored", remedy, file=key
    )


def _letterless(key: str) -> Problem:
    remedy = "It is read here; Amazon Forecast wants a letter in it, for example train/items-2014.csv"
    return Problem("V02", "warning", "the object's name has no letter", remedy, file=key)


def _nothing() -> Problem:
    remedy = "Upload the target series as train/<name>.csv, .csv.gz or .parquet"
    return Problem("V01", "error", "there is no data file", remedy, file=layout.TRAIN)
