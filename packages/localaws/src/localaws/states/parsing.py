"""Parse a definition once, and accept integers where AWS accepts them.

moto parses the definition again for every execution, which costs more than running a small one, and its
grammar requires ``"ToleratedFailurePercentage": 50.0`` (moto 5.2.5, asl_parser.py). A parsed program has no
state of an execution: the children of a Map share one.
"""

import json
from contextlib import ExitStack
from functools import lru_cache
from typing import Any

from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from localaws.patching import replace

__all__ = ["patch"]

_DECIMALS = {"ToleratedFailurePercentage", "BackoffRate"}


def _with_decimals(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_decimals(item) for item in value]
    if isinstance(value, dict):
        return {
            name: float(item) if name in _DECIMALS and type(item) is int else _with_decimals(item)
            for name, item in value.items()
        }
    return value


def patch(undo: ExitStack) -> None:
    """Replace AmazonStateLanguageParser.parse."""
    parse = AmazonStateLanguageParser.parse

    @lru_cache(maxsize=256)
    def parsed(definition: str) -> Any:
        return parse(json.dumps(_with_decimals(json.loads(definition))))

    replace(undo, AmazonStateLanguageParser, "parse", staticmethod(parsed))
