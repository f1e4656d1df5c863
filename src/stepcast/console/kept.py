"""What was read last, kept for the next request."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Kept"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """At most ``most`` values. Two requests for the same value at once make it once.

    >>> kept = Kept[str, int](most=1)
    >>> [kept.get(key, lambda: print("made", key) or len(key)) for key in ("a", "a", "bb", "a")]
    made a
    made bb
    made a
    [1, 1, 2, 1]
    """

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._values: OrderedDict[K, tuple[threading.Lock, list[V]]] = OrderedDict()

    def has(self, key: K) -> bool:
        """Whether the value is there, so that ``get`` need not make it."""
        with self._lock:
            return key in self._values and bool(self._values[key][1])

    def get(self, key: K, make: Callable[[], V]) -> V:
        """The value of ``key``, made if it is not kept. An exception of ``make`` is raised, and not kept."""
        with self._lock:
            own, value = self._values.setdefault(key, (threading.Lock(), []))
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        with own:
            if not value:
                value.append(make())
            return value[0]
