"""Where servers come from: a module for each kind of package, which uses this machine's own tool for it."""

from tests.services.packages.command import NotBrought
from tests.services.packages.debian import Debian
from tests.services.packages.go import GoModule
from tests.services.packages.maven import Jars
from tests.services.packages.package import Package
from tests.services.packages.pypi import PyPI

__all__ = ["Debian", "GoModule", "Jars", "NotBrought", "Package", "PyPI"]
