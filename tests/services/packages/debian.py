"""Debian and Ubuntu packages, unpacked: nothing is installed, no service is started, no root is needed."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.services.packages.command import NotBrought, output

__all__ = ["Debian"]


@dataclass(frozen=True)
class Debian:
    """A package whose binaries need nothing of its dependencies, as those written in Go."""

    name: str

    def fetch(self, folder: Path) -> str:
        try:
            output(["apt-get", "download", self.name], folder)
        except (
            NotBrought
        ):  # often for want of package lists, which only root may refresh in their usual place
            own = [f"-oDir::State::lists={folder}/lists", f"-oDir::Cache={folder}/cache"]
            (folder / "lists/partial").mkdir(parents=True)
            (folder / "cache/archives/partial").mkdir(parents=True)
            output(["apt-get", *own, "update"], folder)
            output(["apt-get", *own, "download", self.name], folder)
            for name in ("lists", "cache"):
                shutil.rmtree(folder / name)
        (archive,) = folder.glob("*.deb")
        output(["dpkg", "-x", str(archive), str(folder)])
        version = output(["dpkg-deb", "-f", str(archive), "Version"]).strip()
        archive.unlink()
        return version
