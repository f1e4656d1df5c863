"""Refuse zip archives that do not unpack into their folder, when code or a layer is uploaded.

moto keeps whatever bytes it is given (moto 5.2.5, awslambda/models.py), so a broken archive would show only
when the function runs.
"""

import io
import stat
import zipfile
from contextlib import ExitStack
from pathlib import PurePosixPath
from typing import Any

from moto.awslambda import models
from moto.awslambda.exceptions import InvalidParameterValueException

from localaws.patching import replace

__all__ = ["patch", "problem_of"]


def problem_of(archive: bytes) -> str | None:
    """What is wrong with a zip archive, or None."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = opened.infolist()
    except (zipfile.BadZipFile, ValueError):
        return "Could not unzip uploaded file. Please check your file, then try to upload again."
    for entry in entries:
        name = entry.orig_filename.replace("\\", "/")
        if name.startswith("/") or name[1:2] == ":" or ".." in PurePosixPath(name).parts or "\0" in name:
            return f"The entry {entry.orig_filename!r} is outside the archive: name it relative to its root"
        if stat.S_ISLNK(entry.external_attr >> 16):
            return f"The entry {entry.orig_filename!r} is a symbolic link: put the file itself in the archive"
    return None


def patch(undo: ExitStack) -> None:
    """Look at archives that come in a request, and at those that come from a bucket."""
    for source in ("_zipfile_content", "_s3_content"):
        replace(undo, models, source, _checked(getattr(models, source)))


def _checked(content: Any) -> Any:
    def run(given: Any) -> Any:
        found = content(given)
        if problem := problem_of(found[0]):
            raise InvalidParameterValueException(problem)
        return found

    return run
