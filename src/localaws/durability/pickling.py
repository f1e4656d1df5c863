"""Turn moto's backends into bytes and back.

Each backend is pickled by itself; where it refers to another one (a function to the logs, a state machine to
its service), a name stands for it. So one backend that cannot be pickled does not take the others along.
"""

import importlib
import io
import marshal
import pickle
import sys
import threading
import types
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend

__all__ = ["BackendName", "backends", "dump_backend", "load_backend"]

BackendName = tuple[str, str, str, str]
"""Module and class of a backend, its account and region."""

_LOCKS = {type(threading.Lock()): threading.Lock, type(threading.RLock()): threading.RLock}
_TRANSIENT = {"moto_api", "instance_metadata"}


def backends() -> Iterator[tuple[BackendName, BaseBackend]]:
    """Every backend that somebody has used."""
    instances: list[Any] = list(BackendDict._instances)  # type: ignore[misc]
    for by_account in instances:
        if by_account.service_name in _TRANSIENT:
            continue
        for backend in [backend for _, _, backend in by_account.iter_backends()]:
            yield _name(backend), backend


def dump_backend(backend: BaseBackend) -> bytes:
    """What a backend holds."""
    file = io.BytesIO()
    _Pickler(file, backend).dump(backend.__dict__)
    return file.getvalue()


def load_backend(name: BackendName, held: bytes) -> None:
    """Give the backend of that name what it held."""
    backend = _backend(name)
    backend.__dict__.update(_Unpickler(io.BytesIO(held)).load())


def _name(backend: BaseBackend) -> BackendName:
    kind = type(backend)
    return kind.__module__, kind.__qualname__, backend.account_id, backend.region_name


def _backend(name: BackendName) -> BaseBackend:
    module_name, class_name, account, region = name
    for value in vars(importlib.import_module(module_name)).values():
        if isinstance(value, BackendDict) and value.backend.__qualname__ == class_name:
            backend: BaseBackend = value[account][region]
            return backend
    raise pickle.UnpicklingError(f"there is no backend {module_name}.{class_name} any more")


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, root: BaseBackend) -> None:
        super().__init__(file, protocol=5)
        self._root = root

    def persistent_id(self, obj: Any) -> Any:
        return _name(obj) if isinstance(obj, BaseBackend) else None

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        if kind in _LOCKS:
            return _LOCKS[kind], ()
        if (
            issubclass(kind, dict)
            and kind.__module__.startswith("moto.")
            and not issubclass(kind, OrderedDict)
        ):
            # moto's dicts may want arguments to be made, and tell less than they hold (of an S3 bucket's
            # keys only the newest version): they are taken as plain dicts.
            state = (getattr(obj, "default_factory", None), dict(obj.__dict__), list(dict.items(obj)))
            return _new_dict, (kind,), state, None, None, _fill_dict
        if kind is weakref.WeakValueDictionary:
            return _weak_values, (dict(obj),)
        if kind is types.FunctionType and "<" in obj.__qualname__:
            closure = tuple(cell.cell_contents for cell in obj.__closure__ or ())
            return _function, (
                obj.__module__,
                marshal.dumps(obj.__code__),
                obj.__name__,
                obj.__defaults__,
                closure,
            )
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> BaseBackend:
        return _backend(pid)


def _new_dict(kind: type[dict[Any, Any]]) -> dict[Any, Any]:
    return kind.__new__(kind)


def _fill_dict(new: Any, state: tuple[Any, dict[str, Any], list[tuple[Any, Any]]]) -> None:
    factory, attributes, items = state
    if factory is not None:
        new.default_factory = factory
    new.__dict__.update(attributes)
    for key, value in items:
        dict.__setitem__(new, key, value)


def _weak_values(values: dict[Any, Any]) -> "weakref.WeakValueDictionary[Any, Any]":
    return weakref.WeakValueDictionary(values)


def _function(module: str, code: bytes, name: str, defaults: Any, closure: tuple[Any, ...]) -> Any:
    """A lambda, such as a default factory. Its code is only read by the interpreter that wrote it."""
    importlib.import_module(module)
    cells = tuple(types.CellType(value) for value in closure)
    loaded = marshal.loads(code)  # noqa: S302 - from our own snapshot, which is checked
    return types.FunctionType(loaded, vars(sys.modules[module]), name, defaults, cells)
