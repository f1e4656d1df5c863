"""The objects of the bucket that contain the rows of a dataset."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from stepcast.pipeline import layout, objects
from stepcast.pipeline.problems import Problem, Report

__all__ = ["Source", "check_undescribed", "sources"]

CONTENT = {
    layout.TRAIN: "the target series",
    layout.RELATED: "the related series",
    layout.METADATA: "the item metadata",
}
FORMATS: dict[str, Literal["csv", "parquet"]] = {".csv": "csv", ".csv.gz": "csv", ".parquet": "parquet"}


@dataclass(frozen=True)
class Source:
    """One object: its key, its ETag (it must not change while it is read) and its size in bytes."""

    key: str
    etag: str
    size: int
    format: Literal["csv", "parquet"]


def sources(s3: Any, bucket: str, folder: str, report: Report) -> list[Source]:
    """The files under ``folder`` in the order of their keys; other objects are ignored with a warning.

    Folder markers, which consoles create, are ignored silently: the user did not upload them.
    """
    found = []
    for entry in objects.entries(s3, bucket, folder):
        key, size = entry["Key"], entry["Size"]
        if key.endswith("/") and size == 0:
            continue
        name = PurePosixPath(key).name
        ending = next((ending for ending in FORMATS if name.lower().endswith(ending)), None)
        if key.endswith("/") or ending is None:
            report.add(_ignored(key, folder))
            continue
        if name.startswith("._"):
            report.add(_resource_fork(key, folder))
            continue
        if not any(character.isalpha() for character in name[: -len(ending)]):
            report.add(_letterless(key, folder))
        found.append(Source(key, entry["ETag"], size, FORMATS[ending]))
    if not found:
        report.add(_nothing(folder))
    return found


def check_undescribed(s3: Any, bucket: str, folder: str, kind: str, report: Report) -> None:
    """Warn of files under ``folder`` that no dataset of params.json describes."""
    first = next((e["Key"] for e in objects.entries(s3, bucket, folder) if not e["Key"].endswith("/")), None)
    if first is not None:
        what = (
            f"there are files under {folder}, for example {first}, but no dataset in params.json describes "
            "them"
        )
        remedy = f"Describe their columns in a dataset of type {kind}; the forecast does not use them"
        report.add(Problem("V07", "warning", what, remedy, path="$.Datasets"))


def _ignored(key: str, folder: str) -> Problem:
    remedy = (
        "If it contains data, rename it to end in .csv, .csv.gz or .parquet; otherwise, move it out of "
        f"{folder}"
    )
    return Problem(
        "V01",
        "warning",
        "the file name does not end in .csv, .csv.gz or .parquet, so the file is ignored",
        remedy,
        file=key,
    )


def _resource_fork(key: str, folder: str) -> Problem:
    what = "it is a macOS resource file, not data, and is ignored"
    return Problem("V01", "warning", what, f"Delete it, or move it out of {folder}", file=key)


def _letterless(key: str, folder: str) -> Problem:
    remedy = (
        "Stepcast reads it; Amazon Forecast requires a letter in the name, for example "
        f"{folder}items-2014.csv"
    )
    return Problem("V02", "warning", "the object's name has no letter", remedy, file=key)


def _nothing(folder: str) -> Problem:
    remedy = f"Upload {CONTENT[folder]} as {folder}<name>.csv, .csv.gz or .parquet"
    if folder != layout.TRAIN:
        remedy += ", or remove the dataset from params.json"
    return Problem("V01", "error", "there is no data file", remedy, file=folder)
