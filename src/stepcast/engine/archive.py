"""Dataclasses of arrays as bytes and back: one NumPy archive, without pickle, so any bytes are safe to read.

Fields may be arrays, texts, numbers, flags, None, other dataclasses, and tuples and mappings from text of all
these; annotations say what to make of the bytes. Fields that ``__init__`` does not take are left out.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

__all__ = ["from_bytes", "to_bytes"]

T = TypeVar("T")
_Reader = Callable[[Any, Mapping[str, Any]], Any]

SAMPLE = 8192  # values
WORTHWHILE = 0.8  # of its size that an array has, compressed
OUTLINE = "outline"  # the name of what is not an array, as JSON; arrays are named by number


def to_bytes(value: Any) -> bytes:
    """``value``, a dataclass, as bytes. TypeError where it holds what an archive cannot."""
    arrays: list[np.ndarray[Any, Any]] = []
    outline = json.dumps(_outline(value, arrays)).encode()
    named = {OUTLINE: np.frombuffer(outline, np.uint8), **{str(n): array for n, array in enumerate(arrays)}}
    buffer = io.BytesIO()
    # As numpy.savez_compressed, but at zlib's fastest level, and without it where it gains next to nothing:
    # numbers that hardly shrink take most of the time.
    with zipfile.ZipFile(buffer, "w", compresslevel=1) as archive:
        for name, array in named.items():
            archive.compression = zipfile.ZIP_DEFLATED if _shrinks(array) else zipfile.ZIP_STORED
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    return buffer.getvalue()


def from_bytes(kind: type[T], data: bytes) -> T:
    """The ``kind`` that ``to_bytes`` wrote. ValueError or KeyError where the bytes are of something else."""
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = dict(archive)
    return cast(T, _reader(cast(Hashable, kind))(json.loads(arrays[OUTLINE].tobytes()), arrays))


def _shrinks(array: np.ndarray[Any, Any]) -> bool:
    """Whether compressing the array is worth its time, judged by a sample from its middle."""
    start = max(0, (array.size - SAMPLE) // 2)
    sample = array.ravel()[start : start + SAMPLE].tobytes()
    return len(zlib.compress(sample, 1)) < WORTHWHILE * len(sample)


def _outline(value: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, str | float | int | None):
        return value
    if isinstance(value, tuple):
        return [_outline(one, arrays) for one in value]
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return len(arrays) - 1
    if is_dataclass(value):
        return {
            name: getattr(value, name) if plain else _outline(getattr(value, name), arrays)
            for name, plain in _kept(cast(Hashable, type(value)))
        }
    if isinstance(value, Mapping):
        return {name: _outline(one, arrays) for name, one in value.items()}
    return value


@cache
def _kept(kind: Hashable) -> tuple[tuple[str, bool], ...]:
    """The fields to write, and whether JSON takes each as it is."""
    hints = get_type_hints(kind)
    return tuple((one.name, _is_plain(hints[one.name])) for one in fields(cast(Any, kind)) if one.init)


def _is_plain(kind: Any) -> bool:
    """Whether values of ``kind`` are texts, numbers, flags, and tuples of these."""
    inner = get_args(kind)
    if get_origin(kind) is tuple:
        return all(_is_plain(one) for one in inner if one is not ...)
    return kind in (str, int, float, bool)


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
        of = cache(lambda: {name: _reader(hint) for name, hint in get_type_hints(kind).items()})
        return lambda outline, arrays: cast(Any, kind)(  # when it is read: it may hold another of its kind
            **{name: of()[name](one, arrays) for name, one in outline.items()}
        )
    if origin is tuple and inner[1:] == (...,) and _is_plain(inner[0]):
        if get_origin(inner[0]) is None:
            return lambda outline, _: tuple(outline)
        if all(get_origin(one) is None for one in get_args(inner[0])):  # such as pairs of a name and a number
            return lambda outline, _: tuple(map(tuple, outline))
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
