"""Replace attributes of moto while a LocalAws runs, and restore every one of them.

moto's state and code are global to a process, so every patch goes through here: ``undo`` is an ExitStack that
LocalAws closes when it stops. What is replaced must exist: replacing a missing attribute would patch nothing.
No attribute may be replaced twice: what it does would depend on the order of the patches.
"""

from contextlib import ExitStack
from typing import Any

__all__ = ["MotoMoved", "ReplacedTwice", "add", "replace", "replace_item", "replaced"]

_ABSENT = object()
_replaced: list[str] = []


def replaced() -> list[str]:
    """What is replaced now, as ``module:attribute``: what to check when moto changes."""
    return sorted(_replaced)


class MotoMoved(Exception):
    """moto lacks an attribute that localaws replaces, or has one that localaws adds."""

    def __init__(self, owner: object, name: str) -> None:
        super().__init__(owner, name)
        self.owner, self.name = owner, name

    def __str__(self) -> str:
        import moto

        return (
            f"{self.name!r} of {self.owner!r} in moto {moto.__version__} is not as localaws expects it: "
            "install the moto version that pyproject.toml asks for"
        )


class ReplacedTwice(Exception):
    """Two patches replace the same attribute: what it does would depend on their order."""

    def __init__(self, attribute: str) -> None:
        super().__init__(attribute)

    def __str__(self) -> str:
        return (
            f"{self.args[0]} is replaced already: let one patch do both, so that their order does not matter"
        )


def replace(undo: ExitStack, owner: Any, name: str, value: object) -> Any:
    """Set ``owner.name`` to ``value`` until ``undo`` closes; return what was there.

    For a class, the raw attribute is kept (a property stays a property), and an inherited one is removed
    again.

    Raises:
        MotoMoved: there is no such attribute.
        ReplacedTwice: another patch has replaced it.

    >>> class Shop:
    ...     price = 2
    >>> with ExitStack() as undo:
    ...     was = replace(undo, Shop, "price", 3)
    ...     (was, Shop.price)
    (2, 3)
    >>> Shop.price
    2
    """
    if not hasattr(owner, name):
        raise MotoMoved(owner, name)
    where = (
        f"{owner.__module__}:{owner.__qualname__}.{name}"
        if isinstance(owner, type)
        else f"{owner.__name__}:{name}"
    )
    if where in _replaced:
        raise ReplacedTwice(where)
    raw = vars(owner).get(name, _ABSENT)
    if raw is _ABSENT:
        undo.callback(delattr, owner, name)
    else:
        undo.callback(setattr, owner, name, raw)
    original = getattr(owner, name)
    setattr(owner, name, value)
    _replaced.append(where)
    undo.callback(_replaced.remove, where)
    return original


def add(undo: ExitStack, owner: Any, name: str, value: object) -> None:
    """Give ``owner`` an attribute that it lacks until ``undo`` closes."""
    if hasattr(owner, name):
        raise MotoMoved(owner, name)
    undo.callback(delattr, owner, name)
    setattr(owner, name, value)


def replace_item(undo: ExitStack, mapping: Any, key: str, value: object) -> None:
    """Set ``mapping[key]`` of a dict to ``value`` until ``undo`` closes."""
    if key in mapping:
        undo.callback(mapping.__setitem__, key, mapping[key])
    else:
        undo.callback(mapping.pop, key, None)
    mapping[key] = value
