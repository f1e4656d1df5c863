"""Every service there is: each module of this folder that has a ``SERVICE``."""

import importlib
import pkgutil
from pathlib import Path

from tests.services.service import Service

__all__ = ["SERVICES"]


def _services() -> dict[str, Service]:
    here = str(Path(__file__).parent)
    names = [
        module.name for module in pkgutil.iter_modules([here]) if module.name not in ("__main__", "registry")
    ]
    modules = [importlib.import_module(f"tests.services.{name}") for name in names]
    return {module.SERVICE.name: module.SERVICE for module in modules if hasattr(module, "SERVICE")}


SERVICES = _services()
