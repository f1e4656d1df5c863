"""What every kind of package can do."""

from pathlib import Path
from typing import Protocol

__all__ = ["Package"]


class Package(Protocol):
    """Something that an index has, with a server in it."""

    def fetch(self, folder: Path) -> str:
        """Lay it into the empty ``folder``, binaries below ``bin``, and return its version; or NotBrought."""
        ...
