"""What is known of a server before it runs: where it comes from and how it is started."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.services.packages import Package

if TYPE_CHECKING:
    from tests.services.server import Server

__all__ = ["BROUGHT", "Service", "Start"]

BROUGHT = Path(__file__).parents[2] / ".services"
BINARIES = ("bin", "usr/bin", "usr/sbin")  # below a package's folder
VERSION = "version"  # written when the package is whole


@dataclass(frozen=True)
class Start:
    """One start of a server: its binary, a folder of its own, and the loopback port to listen on."""

    executable: Path
    folder: Path
    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Service:
    """A server that tests may start.

    ``executables``  what its binary is called, in the package and on PATH; the first that is found counts.
    ``command``      how it is started, in the foreground, on 127.0.0.1 only.
    ``is_ready``     whether it serves already.
    ``files``        what lies in its folder before it starts; a test may give its own.
    ``environment``  beside that of the test, for example ``GOMEMLIMIT``.
    ``memory``       the most data that its process may hold, in MiB.
    ``only_by_name`` it takes so long to build that ``bring`` without names leaves it out.
    """

    name: str
    package: Package
    executables: tuple[str, ...]
    command: Callable[[Start], list[str]]
    is_ready: Callable[["Server"], bool]
    files: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    memory: int = 1024
    only_by_name: bool = False

    @property
    def folder(self) -> Path:
        """Where its package lies."""
        return BROUGHT / self.name

    @property
    def version(self) -> str | None:
        """Of the package that was brought; None if there is none, or not all of it."""
        path = self.folder / VERSION
        return path.read_text("utf-8") if path.exists() else None

    def find(self) -> Path | None:
        """Its binary: the one that was brought, or one on PATH; None where there is neither."""
        if self.version is not None:
            for name in self.executables:
                for folder in BINARIES:
                    if (path := self.folder / folder / name).exists():
                        return path
        return next((Path(found) for name in self.executables if (found := shutil.which(name))), None)

    def bring(self) -> None:
        """Fetch its package into ``folder``; NotBrought says why it cannot be had."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        version = self.package.fetch(self.folder)
        (self.folder / VERSION).write_text(version, "utf-8")
