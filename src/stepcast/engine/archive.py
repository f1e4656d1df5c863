"""Dataclasses of arrays as bytes and back: one NumPy archive, without pickle, so any bytes are safe to read.

Fields may be arrays, texts, numbers, flags, None, other dataclasses, and tuples and mappings from text of all
these; annotations say what to make of the bytes. Fields that ``__init__`` does not take are left out.
"""

import io
import json
import zipfile
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

__all__ = ["from_bytes", "to_bytes"]

T = TypeVar("T")
_Reader = Callable[[Any, Mapping[str, Any]], Any]

OUTLINE = "outline"  # the name of what is not an array, as JSON; arrays are named by number


def to_bytes(value: Any) -> bytes:
    """``value``, a dataclass, as bytes. TypeError where it holds what an archive cannot."""
    arrays: list[np.ndarray[Any, Any]] = []
    outline = json.dumps(_outline(value, arrays)).encode()
    named = {OUTLINE: np.frombuffer(outline, np.uint8), **{str(n): array for n, array in enumerate(arrays)}}
    buffer = io.BytesIO()
    # As numpy.savez_compressed, at zlib's fastest level: numbers that hardly shrink take most of the time.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in named.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    return buffer.getvalue()


def from_bytes(kind: type[T], data: bytes) -> T:
    """The ``kind`` that ``to_bytes`` wrote. ValueError or KeyError where the bytes are of something else."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = dict(archive)
    return cast(T, _reader(cast(Hashable, kind))(json.loads(arrays[OUTLINE].tobytes()), arrays))


def _outline(value: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, str | float | int | None):
        return value
    if isinstance(value, tuple):
        return [_outline(one, arrays) for one in value]
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return len(arrays) - 1
    if is_dataclass(value):
        return {name: _outline(getattr(value, name), arrays) for name in _kept(cast(Hashable, type(value)))}
    if isinstance(value, Mapping):
        return {name: _outline(one, arrays) for name, one in value.items()}
    return value


@cache
def _kept(kind: Hashable) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cast(Any, kind)) if field.init)


@cache
def _reader(kind: Hashable) -> _Reader:
    """What makes a value of ``kind`` from its outline and the arrays."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        one = _reader(next(given for given in inner if given is not NoneType))
        return lambda outline, arrays: None if outline is None else one(outline, arrays)
    if origin is np.ndarray:
        return lambda outline, arrays: arrays[str(outline)]
    if is_dataclass(kind):
        of = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}
        return lambda outline, arrays: cast(Any, kind)(
            **{name: of[name](one, arrays) for name, one in outline.items()}
        )
    if origin is tuple and inner[1:] == (...,):
        each = _reader(inner[0])
        return lambda outline, arrays: tuple([each(one, arrays) for one in outline])
    if origin is tuple:
        readers = [_reader(part) for part in inner]
        return lambda outline, arrays: tuple(
            [read(one, arrays) for read, one in zip(readers, outline, strict=True)]
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        value = _reader(inner[1])
        return lambda outline, arrays: {name: value(one, arrays) for name, one in outline.items()}
    return lambda outline, _: outline
