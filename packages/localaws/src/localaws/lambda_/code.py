"""Code and layers as folders on disk, one for each content."""

import hashlib
import io
import os
import shutil
import uuid
import zipfile
from pathlib import Path

__all__ = ["CodeFolders"]


class CodeFolders:
    """Zip archives unpacked below ``root``, each once, in a folder named after its content."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def unpacked(self, archive: bytes, digest: str) -> Path:
        """The folder with the content of ``archive``, whose hash (of any spelling) is ``digest``."""
        folder = self._root / hashlib.sha256(digest.encode()).hexdigest()[:32]
        if folder.is_dir():
            return folder
        parts = self._root / f"{folder.name}.{uuid.uuid4().hex}"
        parts.mkdir(parents=True)
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            for entry in opened.infolist():
                path = Path(opened.extract(entry, parts))  # within parts, whatever the entry's name is
                if mode := entry.external_attr >> 16 & 0o777:
                    path.chmod(mode | (0o700 if entry.is_dir() else 0o600))
        try:
            os.rename(parts, folder)  # noqa: PTH104 - fails where the folder came into being meanwhile
        except OSError:
            shutil.rmtree(parts)
        return folder
