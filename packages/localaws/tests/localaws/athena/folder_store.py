"""An ObjectStore over a folder: a bucket is a folder in it, an object a file."""

import shutil
from pathlib import Path

from localaws.objects import StoredObject


class FolderStore:
    """What the engine needs of S3, without an S3."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def files(self, bucket: str, prefix: str) -> list[StoredObject]:
        folder = self._root / bucket
        keys = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        found = [self.resolve(bucket, key) for key in keys if key.startswith(prefix)]
        return [stored for stored in found if stored is not None]

    def resolve(self, bucket: str, key: str) -> StoredObject | None:
        path = self._root / bucket / key
        return StoredObject(key, path, path.stat().st_size) if path.is_file() else None

    def put(self, bucket: str, key: str, body: bytes | Path) -> StoredObject:
        if not (self._root / bucket).is_dir():
            raise FileNotFoundError(bucket)
        path = self._root / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(body, Path):
            shutil.copyfile(body, path)
        else:
            path.write_bytes(body)
        return StoredObject(key, path, path.stat().st_size)
