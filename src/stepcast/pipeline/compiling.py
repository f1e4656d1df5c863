"""The log says when kernels are compiled within a step: it takes most of a minute, once a machine."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from stepcast.engine.auto.compilation import compilations
from stepcast.pipeline.log import log

__all__ = ["compiling_logged"]


@contextmanager
def compiling_logged() -> Iterator[None]:
    """One line when the first kernel is compiled within, one with their number and the seconds at the end."""
    begun: set[str] = set()
    since = time.monotonic()

    def first(name: str) -> None:
        if not begun:
            log.info("compiling_kernels", why="first use on this machine")
        begun.add(name)

    with compilations(first):
        yield
    if begun:
        log.info("kernels_compiled", kernels=len(begun), seconds=round(time.monotonic() - since, 1))
