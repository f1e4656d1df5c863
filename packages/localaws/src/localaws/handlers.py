"""Paths that something else than an AWS service answers."""

from collections.abc import Mapping
from typing import Generic, TypeVar

__all__ = ["Handlers"]

T = TypeVar("T")


class Handlers(Generic[T]):
    """What answers a path: the handler of that very path, or of the longest that ends in ``/`` and begins it.

    >>> handlers = Handlers({"/_mine/": 1, "/_mine/hook": 2})
    >>> [handlers.find(path) for path in ("/_mine/", "/_mine/page/a.js", "/_mine/hook", "/_mine", "/bucket")]
    [1, 1, 2, None, None]
    """

    def __init__(self, by_path: Mapping[str, T]) -> None:
        self._exact = dict(by_path)
        self._below = sorted((path for path in by_path if path.endswith("/")), key=len, reverse=True)

    def find(self, path: str) -> T | None:
        """The handler of ``path``; None if there is none."""
        if path in self._exact:
            return self._exact[path]
        return next((self._exact[prefix] for prefix in self._below if path.startswith(prefix)), None)
