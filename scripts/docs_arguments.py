"""A docstring's table of arguments becomes a list: Markdown would run its lines together."""

import re
from typing import Any

from griffe import Extension, Object

__all__ = ["Arguments"]

ARGUMENT = re.compile(r"^(``[\w., ]+``) {2,}", re.MULTILINE)


class Arguments(Extension):
    """For mkdocstrings: ``name``, two or more spaces and what it means, on lines of their own."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = ARGUMENT.sub(r"- \1: ", obj.docstring.value)
