"""Servers written in Go, built from their module by this machine's Go."""

import os
from dataclasses import dataclass
from pathlib import Path

from tests.services.packages.command import output

__all__ = ["GoModule"]


@dataclass(frozen=True)
class GoModule:
    """A main package of a module, and a version as ``go install`` takes it."""

    path: str
    version: str

    def fetch(self, folder: Path) -> str:
        output(
            ["go", "install", f"{self.path}@{self.version}"],
            folder,
            {**os.environ, "GOBIN": str(folder / "bin"), "CGO_ENABLED": "0"},
        )
        return self.version
