"""Logs when kernels are compiled within a step, which takes most of a minute, once per machine."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from stepcast.engine.auto.compilation import compilations
from stepcast.pipeline.log import log

__all__ = ["compiling_logged"]


@contextmanager
def compiling_logged() -> Iterator[None]:
    """Log when the first kernel is compiled, and at the end how many were and how long it took."""
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
