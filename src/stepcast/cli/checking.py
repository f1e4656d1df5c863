"""Checks files, a folder or a bucket with the import itself, without a run, a server or writes."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from stepcast.cli.constant_item import with_item
from stepcast.cli.failure import Failure
from stepcast.cli.input_files import keys_for
from stepcast.cli.output import print_json, print_line
from stepcast.cli.problem_lines import problem_lines
from stepcast.pipeline import layout
from stepcast.pipeline.check import check
from stepcast.pipeline.errors import ResourceNotFoundException, Superseded
from stepcast.pipeline.file_bucket import FileBucket, InputOnly
from stepcast.pipeline.problems import Report

__all__ = ["check_files", "check_place", "conclude"]

SHOWN = 20  # problems of each kind


def check_files(params: Path, files: Mapping[str, Sequence[Path]], item: str | None = None) -> Report:
    """The report of files, by their folder in the bucket: ``{"train/": [...]}``.

    ``item``  names the single series of target files without an item column.
    """
    with _scratch() as scratch, _scratch() as copies:
        if item is not None:
            params, train = with_item(item, params, files[layout.TRAIN], copies)
            files = {**files, layout.TRAIN: train}
        keys = {layout.PARAMS: params}
        for folder, paths in files.items():
            keys |= keys_for(paths, folder)
        return _check(FileBucket(keys, scratch), "")


def check_place(place: str) -> Report:
    """The report of a folder with the layout of a bucket, or of a bucket: ``s3://NAME``.

    Failure if it contains no params.json.
    """
    with _scratch() as scratch:
        if place.startswith("s3://"):
            return _check(InputOnly(_s3(), FileBucket({}, scratch)), _bucket(place))
        root = Path(place)
        keys = {layout.PARAMS: root / layout.PARAMS}
        for folder in layout.INPUTS:
            found = (path for path in sorted((root / folder).rglob("*")) if path.is_file())
            keys |= {path.relative_to(root).as_posix(): path for path in found}
        return _check(FileBucket(keys, scratch), place)


def conclude(report: Report, as_json: bool) -> None:
    """Print the report; Failure if it has errors."""
    if as_json:
        import json

        print_json(json.loads(report.to_json()))
    else:
        if report.summary is not None:
            print_line(f"Read: {report.summary}")
        for severity in ("error", "warning"):
            if report.count(severity):
                print_line("")
                print_line("\n".join(problem_lines(report, severity, SHOWN)))
        if report.notes:
            print_line("")
        for note in report.notes:
            print_line(f"Note: {note}")
        if not report.errors:
            print_line("" if report.warnings else "\nNo problems; the input is ready to forecast.")
    if report.errors:
        count = "1 error" if report.errors == 1 else f"{report.errors:,} errors"
        raise Failure(f"the input has {count}; a run would stop before training")


def _check(s3: Any, bucket: str) -> Report:
    try:
        return check(s3, bucket)
    except ResourceNotFoundException as error:
        if layout.PARAMS in str(error):
            hint = "`stepcast init my.csv` generates one"
            raise Failure(f"{bucket.rstrip('/') or '.'} contains no params.json; {hint}") from None
        raise Failure(str(error)) from None
    except Superseded as error:
        raise Failure(f"{error}; try again") from None


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="stepcast-check-") as folder:
        yield Path(folder)


def _bucket(place: str) -> str:
    parts = urlsplit(place)
    if not parts.netloc or parts.path.strip("/"):
        raise Failure(
            f"{place} is not a bucket: write s3://NAME. The input must be at the root of the bucket"
        )
    return parts.netloc


def _s3() -> Any:
    """An S3 client with the credentials of AWS_* and ~/.aws."""
    import boto3

    return boto3.client("s3")
