"""Stepcast: drop a CSV in a bucket; ask SQL for its P10, P50 and P90. From Python: ``Forecaster``."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from stepcast.version import __version__

if TYPE_CHECKING:
    from stepcast.api.errors import InvalidInput, NoHierarchy, NotFitted, UnknownItem, WrongFrame
    from stepcast.api.forecaster import Forecaster
    from stepcast.api.imported import DataWarning
    from stepcast.api.saved import WrongFile

__all__ = [
    "DataWarning",
    "Forecaster",
    "InvalidInput",
    "NoHierarchy",
    "NotFitted",
    "UnknownItem",
    "WrongFile",
    "WrongFrame",
    "__version__",
]


# Loaded when asked for: the light functions and the command line start without them.
_MODULES = {
    "DataWarning": "stepcast.api.imported",
    "Forecaster": "stepcast.api.forecaster",
    "InvalidInput": "stepcast.api.errors",
    "NoHierarchy": "stepcast.api.errors",
    "NotFitted": "stepcast.api.errors",
    "UnknownItem": "stepcast.api.errors",
    "WrongFile": "stepcast.api.saved",
    "WrongFrame": "stepcast.api.errors",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'stepcast' has no attribute {name!r}")
    try:
        return getattr(import_module(_MODULES[name]), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("stepcast"):
            raise
        needed = f'stepcast.{name} needs {error.name}: pip install "stepcast[engine]"'
        raise ModuleNotFoundError(needed, name=error.name) from None


def __dir__() -> list[str]:
    return __all__
