"""Servers for the Java virtual machine: an artifact of a Maven repository with all that it needs."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.services.packages.command import NotBrought, output

__all__ = ["Jars"]

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>services</groupId><artifactId>services</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>{dependencies}</dependencies>
</project>
"""
DEPENDENCY = """
    <dependency>
      <groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version><scope>runtime</scope>
    </dependency>"""
# $JAVA_OPTS are several words.
LAUNCHER = """#!/bin/sh
exec java $JAVA_OPTS -cp '{folder}/jars/*' "$@"
"""


@dataclass(frozen=True)
class Jars:
    """``coordinates`` as Maven writes them, ``group:artifact:version``, and ``more`` it needs beside them.

    ``launcher`` is what is made of it below ``bin``: it takes a main class and its arguments.
    """

    coordinates: str
    launcher: str
    more: tuple[str, ...] = ()

    def fetch(self, folder: Path) -> str:
        if shutil.which("java") is None:
            raise NotBrought("java is not installed")
        all_of_it = [coordinates.split(":") for coordinates in (self.coordinates, *self.more)]
        pom = folder / "pom.xml"
        dependencies = "".join(DEPENDENCY.format(*one) for one in all_of_it)
        pom.write_text(POM.format(dependencies=dependencies), "utf-8")
        target = f"-DoutputDirectory={folder / 'jars'}"
        output(["mvn", "--batch-mode", "--quiet", "-f", str(pom), "dependency:copy-dependencies", target])
        path = folder / "bin" / self.launcher
        path.parent.mkdir(exist_ok=True)  # another package may lie there, too
        path.write_text(LAUNCHER.format(folder=folder), "utf-8")
        path.chmod(0o755)
        return all_of_it[0][2]
