"""What a predictor was trained on, from a running stack or from any bucket: looked up, and read again."""

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepcast.cli.failure import Failure

if TYPE_CHECKING:
    from stepcast.pipeline.inputs import InputFile
    from stepcast.pipeline.lineage import Lineage

__all__ = ["find", "open_bucket", "read_again"]

SHOWN = 5  # predictors in a message
GONE = ("NoSuchVersion", "NoSuchKey", "PreconditionFailed", "404", "412")


def open_bucket(endpoint: str | None, bucket: str | None) -> tuple[Any, str]:
    """A client of S3 and the bucket: the running stack's, or the one named, with the AWS tools' settings."""
    if bucket is None:
        from stepcast.cli.stack import attach

        stack = attach(endpoint)
        return stack.s3, stack.bucket
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.session.Session()
        if session.get_credentials() is None:
            raise Failure("there are no credentials for AWS: configure the AWS tools first (`aws configure`)")
    except BotoCoreError as error:
        raise Failure(f"the credentials for AWS cannot be read: {error}") from None
    return session.client("s3"), bucket.removeprefix("s3://").rstrip("/")


def find(s3: Any, bucket: str, predictor: str | None) -> "Lineage":
    """Of that predictor, or of the current forecast's; Failure where nothing is known of it."""
    from stepcast.pipeline import lineage, vintages
    from stepcast.pipeline.errors import ResourceNotFoundException

    name = predictor
    if name is None:
        current = vintages.current(s3, bucket)
        if current is None:
            raise Failure(f"there is no forecast in s3://{bucket}/ yet: see `stepcast status`")
        name = current.predictor
    try:
        return lineage.read(s3, bucket, name)
    except ResourceNotFoundException:
        known = lineage.predictors(s3, bucket)
    if not known:
        raise Failure(
            f"nothing is recorded of predictor {name!r}: runs record their input since this version"
        ) from None
    likely = get_close_matches(name, known, SHOWN, cutoff=0) if predictor else known[-SHOWN:]
    raise Failure(f"nothing is recorded of predictor {name!r}; known are {', '.join(likely)}") from None


def read_again(s3: Any, bucket: str, recorded: "Lineage", folder: Path) -> dict[str, Path]:
    """Put the very bytes that were read then into ``folder``; the files by key.

    Failure where a version is not kept any more.
    """
    found = {}
    for file in recorded.files:
        path = folder / file.key
        if not path.resolve().is_relative_to(folder.resolve()):
            raise Failure(
                f"{file.key!r} is no name for a file on this machine: read it with another S3 client"
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        _download(s3, bucket, file, path)
        found[file.key] = path
    return found


def _download(s3: Any, bucket: str, file: "InputFile", path: Path) -> None:
    from botocore.exceptions import ClientError

    which = {"VersionId": file.version} if file.version is not None else {"IfMatch": file.etag}
    try:
        body = s3.get_object(Bucket=bucket, Key=file.key, **which)["Body"]
    except ClientError as error:
        if error.response["Error"]["Code"] not in GONE:
            raise
        raise Failure(_gone(bucket, file)) from None
    with path.open("wb") as to:
        for block in body.iter_chunks(1 << 20):
            to.write(block)
    if path.stat().st_size != file.size:
        raise Failure(
            f"s3://{bucket}/{file.key} came with {path.stat().st_size} bytes, not {file.size}: try again"
        )


def _gone(bucket: str, file: "InputFile") -> str:
    name = f"s3://{bucket}/{file.key}"
    if file.version is None:
        return (
            f"{name} has been replaced or deleted since, and the bucket kept no versions of it: turn "
            "versioning on, so that later forecasts can be made again"
        )
    return (
        f"{name} is not kept in version {file.version} any more: the template's OldVersionDays says how long "
        "versions are kept after a newer one came"
    )
