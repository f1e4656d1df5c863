"""Packages of the Python index, in a virtual environment of their own: their pins are not the project's."""

import sys
from dataclasses import dataclass
from pathlib import Path

from tests.services.packages.command import output

__all__ = ["PyPI"]


@dataclass(frozen=True)
class PyPI:
    """A requirement as pip takes it, and more that it needs beside it."""

    requirement: str
    more: tuple[str, ...] = ()

    def fetch(self, folder: Path) -> str:
        output([sys.executable, "-m", "venv", str(folder)])
        python = str(folder / "bin" / "python")
        output([python, "-m", "pip", "install", "--quiet", self.requirement, *self.more])
        name = self.requirement.partition("==")[0].partition(">=")[0].partition("[")[0]
        return output(
            [python, "-c", f"from importlib.metadata import version; print(version({name!r}))"]
        ).strip()
