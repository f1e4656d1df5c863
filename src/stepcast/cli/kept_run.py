"""What ``stepcast track`` and ``export`` read of a run, from its bucket or a folder of results."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepcast.pipeline.file_bucket import FileBucket
    from stepcast.pipeline.vintages import Manifest

__all__ = ["keep_run", "kept", "opened", "read_run"]

RUN = "run"  # the folder in that of the results; below it, names are the bucket's
LEFT_OUT = ("/raw/", "/clean/", "-values/")  # lie beside it


def keep_run(s3: Any, bucket: str, manifest: "Manifest", results: Path) -> None:
    """Put the documents, the tables and the predictor of a run into ``results``."""
    from stepcast.pipeline import layout, objects

    prefixes = (
        layout.vintage(layout.FORECAST, manifest.vintage),
        layout.accuracy(manifest.predictor),
        layout.predictor(manifest.predictor),
        layout.resource("predictor", manifest.predictor),
        layout.report(manifest.run, ""),
        layout.lineage(manifest.predictor),
        layout.tuning(manifest.predictor),
    )
    for prefix in prefixes:
        for key in objects.keys(s3, bucket, prefix):
            if not any(part in key for part in LEFT_OUT):
                path = results / RUN / key
                path.parent.mkdir(parents=True, exist_ok=True)
                s3.download_file(bucket, key, str(path))


def kept(results: Path, prefix: str) -> Path:
    """Where ``keep_run`` has put what lies below ``prefix`` in the bucket."""
    return results / RUN / prefix


def read_run(results: Path) -> "FileBucket":
    """The run behind the calls of an S3 client; Failure where ``results`` is no folder of results."""
    from stepcast.cli.failure import Failure
    from stepcast.pipeline.file_bucket import FileBucket

    folder = results / RUN
    if not folder.is_dir():
        raise Failure(f"{results} holds no run: give the folder that `stepcast run --out` has written")
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return FileBucket(files, folder)


def opened(results: Path | None, bucket: str | None, endpoint: str | None) -> tuple[Any, str]:
    """An S3 client and the bucket to read runs from; the bucket is empty for a folder of results."""
    if results is not None:
        return read_run(results), ""
    if bucket is not None:
        import boto3

        return boto3.client("s3"), bucket.removeprefix("s3://").rstrip("/")
    from stepcast.cli.stack import attach

    stack = attach(endpoint)
    return stack.s3, stack.bucket
