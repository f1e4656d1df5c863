"""The first form of a state folder, a pickle, read without running any of its code.

Format 1 was what moto's backends held, pickled, beside the files of objects under random names. It is read
once, by an unpickler that makes plain data and moto's objects and calls nothing but a few functions named
here; everything is written as rows, and the old file is kept under another name.
"""

import hashlib
import io
import json
import pickle
import re
import threading
import uuid
import weakref
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar

from requests.structures import CaseInsensitiveDict

from localaws.durability.codec import FACTORIES, NotData, find_backend, find_class

__all__ = ["OldExecution", "load_snapshot"]

_MAGIC = b"localaws snapshot\n"
_PICKLING = "localaws.durability.pickling"
_OF_LOCKS = {"acquire", "release", "_acquire_restore", "_is_owned", "_release_save"}


class OldExecution:
    """An execution as it was kept: its fields, the events of its history, and its map runs."""

    def __init__(self, kind: type, fields: dict[str, Any], history: list[Any], map_runs: list[Any]) -> None:
        self.kind, self.fields, self.history, self.map_runs = kind, fields, history, map_runs


class OldMapRun:
    """A map run as it was kept: what DescribeMapRun and ListMapRuns answered."""

    arn: str
    description: dict[str, Any]
    item: dict[str, Any]


def load_snapshot(path: Path) -> None:
    """Restore moto's backends from the snapshot at ``path``.

    Raises:
        NotData: it is damaged, or contains what no snapshot of localaws contains.
    """
    content = path.read_bytes()
    if not content.startswith(_MAGIC):
        raise NotData(f"{path} is not a snapshot of localaws")
    header, _, body = content[len(_MAGIC) :].partition(b"\n")
    about = json.loads(header)
    if about.get("format") != 1 or hashlib.sha256(body).hexdigest() != about.get("sha256"):
        raise NotData(f"{path} is damaged")
    try:
        world = _Unpickler(io.BytesIO(body)).load()
        for name, held in world["backends"].items():
            find_backend(name).__dict__.update(_Unpickler(io.BytesIO(held)).load())
    except (pickle.UnpicklingError, LookupError, TypeError, ValueError, AttributeError, EOFError) as error:
        raise NotData(f"{path} cannot be read: {error}") from error


def _attribute(of: Any, name: str) -> Any:
    """What was pickled as an attribute: a member of an enumeration, or a method of a Condition's lock."""
    if isinstance(of, type) and issubclass(of, Enum):
        return of[name]
    if isinstance(of, type(threading.RLock())) and name in _OF_LOCKS:
        return getattr(of, name)
    raise NotData(f"a snapshot does not ask for {name} of {of!r}")


def _factory(module: str, *_: Any) -> Callable[[], Any]:
    """The default of a dictionary, of which the snapshot holds the code."""
    for name, ours in FACTORIES.items():
        if name.partition(":")[0] == module:
            return ours
    raise NotData(f"a function of {module} is not known")


def _new_dict(kind: type[dict[Any, Any]]) -> dict[Any, Any]:
    if not issubclass(kind, dict):
        raise NotData(f"{kind!r} is not a dictionary")
    return dict.__new__(kind)


def _fill_dict(new: Any, state: tuple[Any, dict[str, Any], list[tuple[Any, Any]]]) -> None:
    factory, attributes, items = state
    if factory is not None:
        new.default_factory = factory
    new.__dict__.update(attributes)
    for key, value in items:
        dict.__setitem__(new, key, value)


def _weak_values(values: dict[Any, Any]) -> "weakref.WeakValueDictionary[Any, Any]":
    return weakref.WeakValueDictionary(values)


def _managed(*args: Any) -> Any:
    from localaws.iam.managed_policies import _Policies

    return _Policies(*args)


def _managed_by_arn(*args: Any) -> Any:
    from localaws.iam.managed_policies import _PoliciesByArn

    return _PoliciesByArn(*args)


# What a snapshot calls, by the name that it was pickled under, and what is called here.
_CALLED: dict[tuple[str, str], Any] = {
    ("builtins", "getattr"): _attribute,
    ("builtins", "bytearray"): bytearray,
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
    ("builtins", "list"): list,
    ("builtins", "dict"): dict,
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "defaultdict"): defaultdict,
    ("collections", "deque"): deque,
    ("datetime", "datetime"): datetime,
    ("datetime", "timedelta"): timedelta,
    ("datetime", "timezone"): timezone,
    ("re", "_compile"): re.compile,
    ("requests.structures", "CaseInsensitiveDict"): CaseInsensitiveDict,
    ("threading", "Condition"): threading.Condition,
    ("threading", "Event"): threading.Event,
    ("threading", "Lock"): threading.Lock,
    ("threading", "RLock"): threading.RLock,
    ("uuid", "UUID"): uuid.UUID,
    (_PICKLING, "_function"): _factory,
    (_PICKLING, "_new_dict"): _new_dict,
    (_PICKLING, "_fill_dict"): _fill_dict,
    (_PICKLING, "_weak_values"): _weak_values,
    ("localaws.durability.executions", "restored_execution"): OldExecution,
    ("localaws.durability.executions", "_MapRun"): OldMapRun,
    ("localaws.iam.managed_policies", "_Policies"): _managed,
    ("localaws.iam.managed_policies", "_PoliciesByArn"): _managed_by_arn,
}


_Python: Any = pickle._Unpickler  # the one in C cannot be restricted in what it calls


class _Unpickler(_Python):  # type: ignore[misc]
    """Makes objects empty, gives them their attributes, and calls what is listed only."""

    dispatch: ClassVar[dict[int, Any]] = dict(_Python.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        found = _CALLED.get((module, name))
        return found if found is not None else find_class(f"{module}:{name}")

    def persistent_load(self, pid: Any) -> Any:
        return find_backend(pid)

    def load_reduce(self) -> None:
        function = self.stack[-2]
        if function not in _CALLED.values() and not _is_enum(function):
            raise NotData(f"a snapshot does not call {function!r}")
        _Python.load_reduce(self)

    def load_newobj(self) -> None:
        arguments, kind = self.stack.pop(), self.stack.pop()
        if arguments or not isinstance(kind, type):
            raise NotData(f"a snapshot does not make {kind!r} of {arguments!r}")
        self.append(dict.__new__(kind) if issubclass(kind, dict) else object.__new__(kind))

    def load_build(self) -> None:
        kind = type(self.stack[-2])
        if hasattr(kind, "__setstate__") and kind.__module__.startswith("moto."):
            raise NotData(f"a snapshot does not run {kind!r}")
        _Python.load_build(self)

    def _refuse(self) -> None:
        raise NotData("a snapshot of ours has no such instruction")

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.BUILD[0]] = load_build
    for _code in (pickle.INST, pickle.OBJ, pickle.NEWOBJ_EX, pickle.EXT1, pickle.EXT2, pickle.EXT4):
        dispatch[_code[0]] = _refuse


def _is_enum(function: Any) -> bool:
    return isinstance(function, type) and issubclass(function, Enum)
