"""Release objects without a reference.

moto remembers every instance of every model for its dashboard, for ever: each log line, message and part of
an upload (moto 5.2.5, core/common_models.py, BaseModel.__new__).
"""

from contextlib import ExitStack
from typing import Any

from moto.core.common_models import BaseModel

from localaws.patching import replace

__all__ = ["patch"]


def patch(undo: ExitStack) -> None:
    """Make models as any object is made."""

    def new(cls: type[Any], *_: Any, **__: Any) -> Any:
        return object.__new__(cls)

    replace(undo, BaseModel, "__new__", staticmethod(new))
