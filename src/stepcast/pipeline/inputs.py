"""The files that a run is made of, and in which versions it reads them."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException

__all__ = ["InputFile", "VersionedInput", "input_name", "is_input", "present", "read", "versions", "write"]


@dataclass(frozen=True)
class InputFile:
    """One object of the input.

    ``version``  its VersionId, which brings these very bytes whatever is uploaded later; None where the
                 bucket keeps no versions of it. Then only the ETag tells whether it is still the same.
    """

    key: str
    etag: str
    size: int  # bytes
    uploaded: datetime
    version: str | None = None

    @classmethod
    def of(cls, entry: dict[str, Any], version: str | None = None) -> "InputFile":
        """From an entry of a listing. Some stores leave out the quotes of an ETag there."""
        etag = '"' + entry["ETag"].strip('"') + '"'
        return cls(entry["Key"], etag, entry["Size"], entry["LastModified"], version)

    def document(self) -> dict[str, Any]:
        """As the documents of import jobs and predictors name it."""
        return {
            "Key": self.key,
            "VersionId": self.version,
            "ETag": self.etag,
            "Size": self.size,
            "LastModified": self.uploaded.astimezone(UTC).isoformat(timespec="seconds"),
        }


def is_input(key: str, size: int) -> bool:
    """Whether an object is part of the input: folder markers, as consoles make them, are not."""
    if size == 0 and key.endswith("/"):
        return False
    return key == layout.PARAMS or key.startswith(layout.INPUTS)


def input_name(files: Iterable[InputFile]) -> str:
    """The name of the run that these files ask for: a hash of their keys and ETags, in their order."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.key}\0{file.etag}\n".encode())
    return digest.hexdigest()[:32]


def present(s3: Any, bucket: str) -> list[InputFile]:
    """The present input, without its versions: params.json first, then the other files by folder and key."""
    entries = []
    try:
        params = s3.head_object(Bucket=bucket, Key=layout.PARAMS)
        entries.append({**params, "Key": layout.PARAMS, "Size": params["ContentLength"]})
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
            raise
    for prefix in layout.INPUTS:
        entries += objects.entries(s3, bucket, prefix)
    return [InputFile.of(entry) for entry in entries if is_input(entry["Key"], entry["Size"])]


def versions(s3: Any, bucket: str) -> list[InputFile]:
    """The present input with its versions: params.json first, then the other files by folder and key.

    One listing tells keys, content and versions of the same moment.
    """
    enabled = _keeps_versions(s3, bucket)
    found = []
    for prefix in (layout.PARAMS, *layout.INPUTS):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Versions", []):
                if entry["IsLatest"] and is_input(entry["Key"], entry["Size"]):
                    # "null" is what lay there before versioning: kept from then on, overwritten without it.
                    lasts = enabled or entry["VersionId"] != "null"
                    found.append(InputFile.of(entry, entry["VersionId"] if lasts else None))
    return found


def _keeps_versions(s3: Any, bucket: str) -> bool:
    try:
        return bool(s3.get_bucket_versioning(Bucket=bucket).get("Status") == "Enabled")
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NotImplemented", "MethodNotAllowed"):
            return False  # a store that has no versions
        raise


def write(s3: Any, bucket: str, work: str, files: Sequence[InputFile]) -> None:
    """Record what a run reads."""
    described = [{**asdict(file), "uploaded": file.uploaded.isoformat()} for file in files]
    objects.write_json(s3, bucket, layout.inputs(work), described)


def read(s3: Any, bucket: str, work: str) -> list[InputFile] | None:
    """What a run reads; None where it has not recorded it yet."""
    try:
        recorded = objects.read_json(s3, bucket, layout.inputs(work))
    except ResourceNotFoundException:
        return None
    return [InputFile(**{**file, "uploaded": datetime.fromisoformat(file["uploaded"])}) for file in recorded]


class VersionedInput:
    """A client of S3 to which the input is ``files``, in those versions; all else is as ``s3`` has it."""

    def __init__(self, s3: Any, files: Iterable[InputFile]) -> None:
        self._s3, self._files = s3, {file.key: file for file in files}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def get_object(self, Key: str, **more: Any) -> Any:  # noqa: N803 - S3's
        file = self._files.get(Key)
        if file is not None and file.version is not None:
            more["VersionId"] = file.version
        return self._s3.get_object(Key=Key, **more)

    def get_paginator(self, operation: str) -> Any:
        return self if operation == "list_objects_v2" else self._s3.get_paginator(operation)

    def paginate(self, Prefix: str, **more: Any) -> Iterator[dict[str, Any]]:  # noqa: N803 - S3's
        if not Prefix.startswith(layout.INPUTS):
            yield from self._s3.get_paginator("list_objects_v2").paginate(Prefix=Prefix, **more)
            return
        files = [file for key, file in self._files.items() if key.startswith(Prefix)]
        yield {"Contents": [{"Key": file.key, "ETag": file.etag, "Size": file.size} for file in files]}
