"""Spark with its Connect server, on top of the packages that tests run with; it needs Java 17 or later.

PyPI has pyspark as a source distribution of some 430 MB: it is pure Python and jars, and takes minutes to bring.

No server: tests start Spark in a process of their own; see tests/connect/spark/conftest.py.
"""

import shutil

from tests.services.packages import PyPI
from tests.services.packages.pypi import packages_of
from tests.services.service import Service, Start

__all__ = ["SERVICE", "packages"]


def command(start: Start) -> list[str]:
    return [str(start.executable)]


SERVICE = Service(
    name="spark",
    package=PyPI("pyspark[sql,ml,connect]>=4.1,<5", on_top=True),
    executables=("pyspark",),
    command=command,
    is_ready=bool,
)


def packages() -> str:
    """The folder to put on PYTHONPATH for ``import pyspark``; empty where it or Java is not here."""
    here = SERVICE.version is not None and shutil.which("java") is not None
    return str(packages_of(SERVICE.folder)) if here else ""
