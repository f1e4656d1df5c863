"""Two evaluators of PMML in one folder, for one Java virtual machine: JPMML, and PMML4S as pypmml brings it.

JPMML is licensed under the AGPL: tests run it as a program of its own, and nothing else uses it.

No server: ``start`` runs the program that answers lines of its stdin; see tests/connect/pmml/evaluators.py.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.services.packages import Jars, PyPI
from tests.services.packages.pypi import packages_of
from tests.services.service import Service, Start

__all__ = ["PROGRAM", "SERVICE", "packages"]

PROGRAM = Path(__file__).parents[1] / "connect" / "pmml" / "Evaluate.java"


@dataclass(frozen=True)
class Evaluators:
    """The jars of ``jpmml`` and those in the wheel of ``pypmml``, all on the launcher's class path."""

    jpmml: Jars
    pypmml: PyPI

    def fetch(self, folder: Path) -> str:
        pypmml = self.pypmml.fetch(folder)
        version = self.jpmml.fetch(folder)
        for jar in (packages_of(folder) / "pypmml" / "jars").glob("*.jar"):
            shutil.copy(jar, folder / "jars")
        return f"{version} and {pypmml}"


def command(start: Start) -> list[str]:
    return [str(start.executable), str(PROGRAM)]


SERVICE = Service(
    name="pmml",
    package=Evaluators(Jars("org.jpmml:pmml-evaluator-metro:1.7.7", "pmml-java"), PyPI("pypmml==1.5.8")),
    executables=("pmml-java",),
    command=command,
    is_ready=bool,
    environment={"JAVA_OPTS": "-Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"},
)


def packages() -> str:
    """The folder to put on PYTHONPATH for ``import pypmml``; empty where nothing was brought."""
    return str(packages_of(SERVICE.folder)) if SERVICE.version is not None else ""
