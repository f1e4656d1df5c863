"""Moto's objects as JSON that holds data only, and back.

A graph becomes a flat table: each container or object is an entry, and refers to others by their number, so
that cycles and shared objects stay what they are. Reading runs no code of the classes: an object is made
empty and given its attributes, and only classes of moto, and the few that are named here, are made.
"""

import base64
import importlib
import json
import re
import threading
import weakref
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from types import FunctionType, MemberDescriptorType
from typing import Any, Protocol, TypeVar
from uuid import UUID

from moto.core.base_backend import BackendDict, BaseBackend

__all__ = [
    "FACTORIES",
    "Blobs",
    "NotData",
    "Omitted",
    "backend_name",
    "decode",
    "encode",
    "find_backend",
    "find_class",
]

Found = TypeVar("Found")

Omitted = Mapping[tuple[type, str], Callable[[], Any]]
"""Attributes that are kept elsewhere, by class and name, and what makes an empty one."""

_LARGE = 1 << 16  # bytes that go to a file of their own
_SCALARS = (type(None), bool, int, float, str)
_LOCKS: dict[str, Callable[[], Any]] = {
    "Lock": threading.Lock,
    "RLock": threading.RLock,
    "Condition": threading.Condition,
    "Event": threading.Event,
}
_LOCK_NAMES = {type(make()): name for name, make in _LOCKS.items()}
_BUILT_IN = {kind.__name__: kind for kind in (dict, list, set, tuple, str, int, float, bool, bytes, deque)}
# What moto gives to its defaultdicts, and what the same dictionaries are given here.
FACTORIES: dict[str, Callable[[], Any]] = {
    "moto.awslambda.models:LambdaStorage.__init__.<locals>.<lambda>": dict,
    "moto.ssm.models:SimpleSystemManagerBackend.__init__.<locals>.<lambda>": lambda: defaultdict(dict),
}
_OTHERS = {"collections:OrderedDict", "collections:defaultdict", "requests.structures:CaseInsensitiveDict"}


class NotData(TypeError):
    """Something that cannot be stored as data, or that must not be created from a file."""


class Blobs(Protocol):
    """Where large bytes are kept: by a name that it gives."""

    def keep(self, body: bytes) -> str:
        """Keep ``body``, and give its name."""
        ...

    def load(self, name: str) -> bytes:
        """What has that name; FileNotFoundError where there is nothing."""
        ...


def encode(root: Any, omitted: Omitted, blobs: Blobs) -> bytes:
    """The graph below ``root``.

    Raises:
        NotData: it contains something that is not data; the message has the place.
    """
    return json.dumps(_Encoder(omitted, blobs).table(root), separators=(",", ":")).encode()


def decode(held: bytes, omitted: Omitted, blobs: Blobs) -> Any:
    """The graph that ``encode`` was given.

    Raises:
        NotData: the text names a class that is not allowed, or is no such text.
    """
    try:
        return _Decoder(json.loads(held), omitted, blobs).root()
    except NotData:
        raise
    except (ValueError, LookupError, AttributeError, TypeError, OSError) as error:
        raise NotData(f"it is damaged: {type(error).__name__}: {error}") from error


def _once_a_kind(find: Callable[[type], Found]) -> Callable[[type], Found]:
    return cache(find)


class _Encoder:
    def __init__(self, omitted: Omitted, blobs: Blobs) -> None:
        self._omitted, self._blobs = omitted, blobs
        self._numbers: dict[int, int] = {}
        self._alive: list[Any] = []  # ids are only theirs while they live
        self._table: list[Any] = []
        self._todo: list[tuple[int, Any]] = []

    def table(self, root: Any) -> list[Any]:
        self._table.append(None)
        self._table[0] = self._value(root)
        while self._todo:
            number, thing = self._todo.pop()
            self._table[number] = self._entry(thing)
        return self._table

    def _value(self, thing: Any) -> Any:
        kind = type(thing)
        if kind in _SCALARS:
            return thing
        number = self._numbers.get(id(thing))
        if number is None:
            number = self._numbers[id(thing)] = len(self._table)
            self._alive.append(thing)
            self._table.append(None)
            self._todo.append((number, thing))
        return [number]

    def _values(self, things: Any) -> list[Any]:
        return [self._value(thing) for thing in list(things)]

    def _pairs(self, mapping: Any) -> list[Any]:
        return [[self._value(key), self._value(value)] for key, value in list(dict.items(mapping))]

    def _entry(self, thing: Any) -> list[Any]:
        kind = type(thing)
        if kind is dict:
            return ["dict", self._pairs(thing)]
        if kind in (list, tuple, set, frozenset):
            return [kind.__name__, self._values(thing)]
        if kind is bytes and len(thing) > _LARGE:
            return ["blob", self._blobs.keep(thing)]
        if kind in (bytes, bytearray):
            return [kind.__name__, base64.b64encode(thing).decode()]
        if kind is deque:
            return ["deque", self._values(thing), thing.maxlen]
        if kind in (datetime, date):
            return [kind.__name__, thing.isoformat()]
        if kind is timedelta:
            return ["timedelta", thing.total_seconds()]
        if kind in (Decimal, UUID):
            return [kind.__name__, str(thing)]
        if kind is re.Pattern:
            return ["pattern", self._value(thing.pattern), thing.flags]
        if kind in _LOCK_NAMES:
            return ["lock", _LOCK_NAMES[kind]]
        if isinstance(thing, BaseBackend):
            return ["backend", *backend_name(thing)]
        if isinstance(thing, Enum):
            return ["enum", _name(kind), thing.name]
        if isinstance(thing, type):
            return ["class", thing.__name__ if thing in _BUILT_IN.values() else _name(thing)]
        if isinstance(thing, FunctionType):
            return ["factory", _factory_name(thing)]
        if kind is weakref.WeakValueDictionary:
            return ["weak", self._pairs(dict(thing))]
        if _has_state(kind):
            return ["state", _name(kind), self._value(thing.__getstate__())]
        if isinstance(thing, dict):
            factory = getattr(thing, "default_factory", None)
            return ["mapping", _name(kind), self._pairs(thing), self._attributes(thing), self._value(factory)]
        if isinstance(thing, list):
            return ["sequence", _name(kind), self._values(list.__iter__(thing)), self._attributes(thing)]
        if hasattr(thing, "private_bytes"):
            return ["key", base64.b64encode(_private_key(thing)).decode()]
        if isinstance(thing, str):
            return ["text", _name(kind), str.__str__(thing), self._attributes(thing)]
        return ["object", _name(kind), self._attributes(thing)]

    def _attributes(self, thing: Any) -> dict[str, Any]:
        held = dict(getattr(thing, "__dict__", {}))
        for slot in _slots(type(thing)):
            if hasattr(thing, slot):
                held[slot] = getattr(thing, slot)
        for owner, name in self._omitted:
            if name in held and isinstance(thing, owner):
                del held[name]
        return {name: self._value(value) for name, value in held.items()}


class _Decoder:
    def __init__(self, table: Any, omitted: Omitted, blobs: Blobs) -> None:
        self._table, self._omitted, self._blobs = table, omitted, blobs
        self._made: dict[int, Any] = {}
        self._todo: list[Callable[[], None]] = []
        self._hashing: list[Callable[[], None]] = []  # when objects, which may be keys, have their attributes
        self._last: list[Callable[[], None]] = []  # when everything else is whole

    def root(self) -> Any:
        root = self._value(self._table[0])
        while waiting := self._todo or self._hashing or self._last:
            waiting.pop()()
        return root

    def _value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        (number,) = value
        if number not in self._made:
            self._made[number] = self._make(*self._table[number])
        return self._made[number]

    def _values(self, values: list[Any]) -> list[Any]:
        return [self._value(value) for value in values]

    def _make(self, tag: str, *parts: Any) -> Any:
        return getattr(self, f"_make_{tag.lower()}")(*parts)

    def _later(self, fill: Callable[[], None]) -> None:
        self._todo.append(fill)

    def _make_dict(self, pairs: list[Any]) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        self._later(lambda: self._fill_dict(made, pairs))
        return made

    def _fill_dict(self, made: Any, pairs: list[Any]) -> None:
        items = [(self._value(key), self._value(value)) for key, value in pairs]
        # moto's dicts do more when something is set than to hold it; an OrderedDict needs its own.
        update: Any = OrderedDict.update if isinstance(made, OrderedDict) else dict.update
        self._hashing.append(lambda: update(made, items))

    def _make_list(self, values: list[Any]) -> list[Any]:
        made: list[Any] = []
        self._later(lambda: made.extend(self._values(values)))
        return made

    def _make_tuple(self, values: list[Any]) -> tuple[Any, ...]:
        return tuple(self._values(values))

    def _make_frozenset(self, values: list[Any]) -> frozenset[Any]:
        return frozenset(self._values(values))

    def _make_set(self, values: list[Any]) -> set[Any]:
        made: set[Any] = set()
        self._later(lambda: self._fill_set(made, values))
        return made

    def _fill_set(self, made: set[Any], values: list[Any]) -> None:
        items = self._values(values)
        self._hashing.append(lambda: made.update(items))

    def _make_deque(self, values: list[Any], most: int | None) -> deque[Any]:
        made: deque[Any] = deque(maxlen=most)
        self._later(lambda: made.extend(self._values(values)))
        return made

    def _make_bytes(self, text: str) -> bytes:
        return base64.b64decode(text)

    def _make_bytearray(self, text: str) -> bytearray:
        return bytearray(base64.b64decode(text))

    def _make_datetime(self, text: str) -> datetime:
        return datetime.fromisoformat(text)

    def _make_date(self, text: str) -> date:
        return date.fromisoformat(text)

    def _make_timedelta(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds)

    def _make_decimal(self, text: str) -> Decimal:
        return Decimal(text)

    def _make_uuid(self, text: str) -> UUID:
        return UUID(text)

    def _make_blob(self, name: str) -> bytes:
        return self._blobs.load(name)

    def _make_lock(self, name: str) -> Any:
        return _LOCKS[name]()

    def _make_backend(self, module: str, kind: str, account: str, region: str) -> BaseBackend:
        return find_backend((module, kind, account, region))

    def _make_enum(self, name: str, member: str) -> Any:
        kind = _found(name)
        if not (isinstance(kind, type) and issubclass(kind, Enum)):
            raise NotData(f"{name} is not an enumeration")
        return kind[member]

    def _make_class(self, name: str) -> Any:
        return _BUILT_IN[name] if name in _BUILT_IN else find_class(name)

    def _make_factory(self, name: str) -> Any:
        if name not in FACTORIES:
            raise NotData(f"the function {name} is not allowed")
        return FACTORIES[name]

    def _make_pattern(self, pattern: Any, flags: int) -> Any:
        return re.compile(self._value(pattern), flags)

    def _make_key(self, text: str) -> Any:
        from cryptography.hazmat.primitives.serialization import load_der_private_key

        return load_der_private_key(base64.b64decode(text), password=None)

    def _make_weak(self, pairs: list[Any]) -> Any:
        made: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()
        self._later(lambda: made.update({self._value(key): self._value(value) for key, value in pairs}))
        return made

    def _make_mapping(self, name: str, pairs: list[Any], attributes: dict[str, Any], factory: Any) -> Any:
        kind = find_class(name)
        made: Any = kind.__new__(kind)
        if factory is not None:
            made.default_factory = self._value(factory)
        self._later(lambda: self._fill_attributes(made, attributes))
        self._later(lambda: self._fill_dict(made, pairs))
        return made

    def _make_state(self, name: str, state: Any) -> Any:
        kind = find_class(name)
        if not _has_state(kind):
            raise NotData(f"{name} has no state of its own")
        made: Any = kind.__new__(kind)
        held = self._value(state)
        self._last.append(lambda: made.__setstate__(held))
        return made

    def _make_sequence(self, name: str, values: list[Any], attributes: dict[str, Any]) -> Any:
        kind = find_class(name)
        made: Any = kind.__new__(kind)
        self._later(lambda: self._fill_attributes(made, attributes))
        self._later(lambda: list.extend(made, self._values(values)))
        return made

    def _make_text(self, name: str, text: str, attributes: dict[str, Any]) -> Any:
        kind = find_class(name)
        made: Any = str.__new__(kind, text)
        self._later(lambda: self._fill_attributes(made, attributes))
        return made

    def _make_object(self, name: str, attributes: dict[str, Any]) -> Any:
        kind = find_class(name)
        made: Any = object.__new__(kind)
        self._later(lambda: self._fill_attributes(made, attributes))
        return made

    def _fill_attributes(self, made: Any, attributes: dict[str, Any]) -> None:
        for name, value in attributes.items():
            _set(made, name, self._value(value))
        for owner, name in self._omitted:
            if isinstance(made, owner):
                _set(made, name, self._omitted[owner, name]())


@_once_a_kind
def _slots(kind: type) -> tuple[str, ...]:
    found: list[str] = []
    for owner in kind.__mro__:
        slots = owner.__dict__.get("__slots__", ())
        found += [slots] if isinstance(slots, str) else slots
    return tuple(slot for slot in found if slot not in ("__dict__", "__weakref__"))


def _set(made: Any, name: str, value: Any) -> None:
    """Set an attribute past every property and ``__setattr__``: they are code."""
    if hasattr(made, "__dict__"):
        made.__dict__[name] = value
    elif isinstance(getattr(type(made), name, None), MemberDescriptorType):
        object.__setattr__(made, name, value)
    else:
        raise NotData(f"{type(made).__name__} has no attribute {name}")


def backend_name(backend: BaseBackend) -> tuple[str, str, str, str]:
    """Module and class of a backend, its account and region."""
    kind = type(backend)
    return kind.__module__, kind.__qualname__, backend.account_id, backend.region_name


def find_backend(name: tuple[str, str, str, str]) -> BaseBackend:
    """The backend of that name, made if it is not there.

    Raises:
        NotData: moto has no such backend.
    """
    module_name, class_name, account, region = name
    if not module_name.startswith("moto."):
        raise NotData(f"{module_name} is not a module of moto")
    for value in vars(importlib.import_module(module_name)).values():
        if isinstance(value, BackendDict) and value.backend.__qualname__ == class_name:
            backend: BaseBackend = value[account][region]
            return backend
    raise NotData(f"there is no backend {module_name}.{class_name}")


def _private_key(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _factory_name(function: FunctionType) -> str:
    if function in FACTORIES.values():
        return next(name for name, ours in FACTORIES.items() if ours is function)
    name = f"{function.__module__}:{function.__qualname__}"
    if name not in FACTORIES:
        raise NotData(f"the function {name} cannot be stored")
    return name


@_once_a_kind
def _name(thing: type) -> str:
    name = f"{thing.__module__}:{thing.__qualname__}"
    if not _allowed(name):
        raise NotData(f"{name} cannot be stored")
    return name


def _allowed(name: str) -> bool:
    module = name.partition(":")[0]
    return "<" not in name and (module.startswith(("moto.", "localaws.")) or name in _OTHERS)


@_once_a_kind
def _has_state(kind: type) -> bool:
    """Whether it is a class of localaws that defines itself what of it is stored."""
    return kind.__module__.startswith("localaws.") and "__setstate__" in vars(kind)


def _found(name: str) -> Any:
    if not _allowed(name):
        raise NotData(f"{name} is not allowed")
    module, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = vars(found)[part]
    except (ImportError, KeyError, TypeError) as error:
        raise NotData(f"there is no {name}") from error
    return found


def find_class(name: str) -> Any:
    """The class of that name.

    Raises:
        NotData: there is none, or a file may not make its objects.
    """
    kind = _found(name)
    if not isinstance(kind, type) or issubclass(kind, BaseException):
        raise NotData(f"{name} is not a class of data")
    return kind
