"""What a job run names in S3, brought to the folder of its process."""

import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

__all__ = ["JobFiles"]


class JobFiles:
    """Reads objects with the permissions of ``s3``, a client of the job's role, into ``folder``.

    Of files with the same name, each has a folder of its own.
    """

    def __init__(self, s3: Any, folder: Path) -> None:
        self._s3, self._folder = s3, folder
        self._fetched = 0

    def fetch(self, uri: str) -> str:
        """The path of a file.

        ``s3://BUCKET/KEY`` is read; ``local:///PATH``, which is in the image on AWS, is on this machine.

        Raises:
            ClientError: the role may not read the object, or there is none.
            ValueError: it is of another kind.
        """
        parts = urlsplit(uri)
        if parts.scheme == "local":
            return parts.path
        if parts.scheme not in {"s3", "s3a", "s3n"}:
            raise ValueError(f"{uri}: write s3://BUCKET/KEY, or local:///PATH for a file of the image")
        self._fetched += 1
        folder = self._folder / "fetched" / str(self._fetched)
        folder.mkdir(parents=True)
        path = folder / (parts.path.rpartition("/")[2] or "file")
        body = self._s3.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))["Body"]
        with path.open("wb") as file:
            shutil.copyfileobj(body, file)
        return str(path)

    def unpack(self, uri: str, name: str) -> None:
        """Put the content of a .zip or .tar.gz into ``folder/name``.

        Raises:
            ClientError: as ``fetch``.
            ValueError: it is no such archive.
        """
        path, into = Path(self.fetch(uri)), self._folder / name
        into.mkdir(parents=True)
        if tarfile.is_tarfile(path):
            # As Hadoop does it. tarfile would keep this process from answering for a minute.
            command = ["tar", "--extract", "--file", str(path), "--directory", str(into)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the user's
            if done.returncode:
                raise ValueError(f"{uri} cannot be unpacked: {done.stderr.strip()[-200:]}")
        else:
            try:
                shutil.unpack_archive(path, into, "zip")
            except shutil.ReadError as error:
                raise ValueError(f"{uri} cannot be unpacked: {error}") from error
        path.unlink(missing_ok=True)
