"""Compile a JSONPath once.

moto builds a parser and compiles the path for every use of one (moto 5.2.5, json_path.py and result_path.py),
which took three quarters of the time of a Pass state. A compiled path holds nothing of what it was used on.
"""

import importlib
from contextlib import ExitStack
from functools import lru_cache

from localaws.patching import replace

__all__ = ["patch"]

_PARSER = "moto.stepfunctions.parser.asl"
_MODULES = (f"{_PARSER}.utils.json_path", f"{_PARSER}.component.common.path.result_path")


def patch(undo: ExitStack) -> None:
    """Give moto's modules a ``parse`` that remembers."""
    for name in _MODULES:
        module = importlib.import_module(name)
        replace(undo, module, "parse", lru_cache(maxsize=4096)(module.parse))
