"""Where an image whose code cannot be written to finds its compiled kernels (docs/decisions/0005)."""

import shutil
from pathlib import Path

from numba.core.caching import UserProvidedCacheLocator

__all__ = ["SeededCache"]


class SeededCache(UserProvidedCacheLocator):
    """The folder NUMBA_CACHE_DIR, into which what was compiled next to the source is copied first.

    Named in NUMBA_CACHE_LOCATOR_CLASSES. Numba uses no folder that it cannot write to, not even to read.
    """

    def ensure_cache_path(self) -> None:
        folder = Path(self.get_cache_path())  # type: ignore[no-untyped-call]
        if not folder.exists():
            compiled = Path(self._py_file).parent / "__pycache__"
            shutil.copytree(compiled, folder, ignore=shutil.ignore_patterns("*.pyc"))
        super().ensure_cache_path()  # type: ignore[no-untyped-call]
