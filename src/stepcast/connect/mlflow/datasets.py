"""Input files of a run as MLflow datasets; the source is the version that was read."""

import hashlib
import json
from typing import Any
from urllib.parse import quote

from stepcast.connect.finished_run import FinishedRun, InputFile
from stepcast.pipeline import layout

__all__ = ["dataset_inputs", "source_of"]

LONGEST_DIGEST = 36


def dataset_inputs(run: FinishedRun) -> list[Any]:
    """One DatasetInput for each file of train/, related/, metadata/ and models/.

    If the files were not recorded, one for the whole folder train/, with the run's hash of all files.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag

    files = [file for file in run.inputs() if file.key.startswith(layout.INPUTS)]
    files = files or [InputFile(layout.TRAIN, run.manifest.run, None, None)]
    made = []
    for file in files:
        tags = [InputTag("mlflow.data.context", "training")]
        if file.version is not None:
            tags.append(InputTag("version_id", file.version))
        made.append(
            DatasetInput(
                Dataset(
                    name=file.key,
                    digest=_digest(file),
                    source_type="s3" if run.bucket else "local",
                    source=json.dumps({"uri": source_of(run.bucket, file)}),
                    profile=None if file.size is None else json.dumps({"bytes": file.size}),
                ),
                tags,
            )
        )
    return made


def source_of(bucket: str, file: InputFile) -> str:
    """The URI of exactly these bytes.

    >>> source_of("b", InputFile("train/a b.csv", "e", "v+1", 9))
    's3://b/train/a b.csv?versionId=v%2B1'
    """
    uri = f"s3://{bucket}/{file.key}" if bucket else file.key
    return uri if file.version is None else f"{uri}?versionId={quote(file.version, safe='')}"


def _digest(file: InputFile) -> str:
    """The ETag: the content's MD5 or, after a multipart upload, a text that may be too long for MLflow."""
    etag = file.etag or ""
    if 0 < len(etag) <= LONGEST_DIGEST:
        return etag
    return hashlib.sha256(f"{file.key}\0{etag}\0{file.version}".encode()).hexdigest()[:32]
