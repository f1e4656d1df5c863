"""Dataclasses of arrays as bytes and back: one NumPy archive, without pickle, so any bytes are safe to read.

Fields may be arrays, texts, numbers, flags, None, other dataclasses, and tuples and mappings from text of all
these; annotations say what to make of the bytes. Fields that ``__init__`` does not take are left out.
"""

import io
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

__all__ = ["from_bytes", "to_bytes"]

T = TypeVar("T")

OUTLINE = "outline"  # the name of what is not an array, as JSON; arrays are named by number


def to_bytes(value: Any) -> bytes:
    """``value``, a dataclass, as bytes. TypeError where it holds what an archive cannot."""
    arrays: list[np.ndarray[Any, Any]] = []
    outline = json.dumps(_outline(value, arrays))
    buffer = io.BytesIO()
    named = {str(number): array for number, array in enumerate(arrays)}
    np.savez_compressed(buffer, allow_pickle=False, **{OUTLINE: np.array(outline)}, **named)
    return buffer.getvalue()


def from_bytes(kind: type[T], data: bytes) -> T:
    """The ``kind`` that ``to_bytes`` wrote. ValueError or KeyError where the bytes are of something else."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = dict(archive)
    return cast(T, _value(kind, json.loads(str(arrays[OUTLINE])), arrays))


def _outline(value: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return len(arrays) - 1
    if is_dataclass(value):
        kept = (field.name for field in fields(value) if field.init)
        return {name: _outline(getattr(value, name), arrays) for name in kept}
    if isinstance(value, Mapping):
        return {name: _outline(one, arrays) for name, one in value.items()}
    if isinstance(value, tuple):
        return [_outline(one, arrays) for one in value]
    return value


def _value(kind: Any, outline: Any, arrays: Mapping[str, Any]) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        given = [one for one in inner if one is not NoneType]
        return None if outline is None else _value(given[0], outline, arrays)
    if origin is np.ndarray:
        return arrays[str(outline)]
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return cast(Any, kind)(**{name: _value(hints[name], one, arrays) for name, one in outline.items()})
    if origin is tuple:
        kinds = inner[:1] * len(outline) if inner[1:] == (...,) else inner
        return tuple(_value(one, part, arrays) for one, part in zip(kinds, outline, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {name: _value(inner[1], one, arrays) for name, one in outline.items()}
    return outline
