"""Packages of the Python index, in a virtual environment of their own: their pins are not the project's."""

import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tests.services.packages.command import output

__all__ = ["PyPI", "packages_of"]


def packages_of(folder: Path) -> Path:
    """Where the packages of the virtual environment in ``folder`` lie."""
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))


@dataclass(frozen=True)
class PyPI:
    """A requirement as pip takes it, and more that it needs beside it.

    ``on_top``  of the environment that runs the tests, with its pins: only what that lacks is fetched, and
                both can be imported together.
    """

    requirement: str
    more: tuple[str, ...] = ()
    on_top: bool = False

    def fetch(self, folder: Path) -> str:
        output([sys.executable, "-m", "venv", str(folder)])
        python = str(folder / "bin" / "python")
        pins: list[str] = []
        if self.on_top:
            below = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
            (packages_of(folder) / "below.pth").write_text(below, "utf-8")
            pins = ["--constraint", str(Path(__file__).parents[3] / "constraints.txt")]
        output([python, "-m", "pip", "install", "--quiet", *pins, self.requirement, *self.more])
        name = self.requirement.partition("==")[0].partition(">=")[0].partition("[")[0]
        return output(
            [python, "-c", f"from importlib.metadata import version; print(version({name!r}))"]
        ).strip()
