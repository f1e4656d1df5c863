"""Kernels that are being compiled: that takes most of a minute the first time on a machine, none later."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numba.core import event
from numba.core.dispatcher import Dispatcher

__all__ = ["compilations", "forget", "kernels"]

PACKAGE = "stepcast.engine.auto."


def kernels() -> set[str]:
    """The names of the kernels in the modules that are loaded."""
    found = set()
    for name, module in list(sys.modules.items()):
        if name.startswith(PACKAGE):
            found |= {_name(one) for one in vars(module).values() if isinstance(one, Dispatcher)}
    return found


@contextmanager
def compilations(begun: Callable[[str], None]) -> Iterator[None]:
    """Within, ``begun(name)`` is called when a kernel begins to be compiled, perhaps for several types.

    A kernel that was found on disk is not reported.
    """

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:
            kernel = event.data["dispatcher"]
            if getattr(kernel.py_func, "__module__", "").startswith(PACKAGE):  # else it is NumPy's, in numba
                begun(_name(kernel))

        def on_end(self, event: Any) -> None:
            """Nothing to report."""

    with event.install_listener("numba:compile", Listener()):
        yield


def forget(folder: Path, sources: Iterable[Path]) -> None:
    """Remove the compiled kernels in and below ``folder`` that are older than one of the ``sources``."""
    newest = max(source.stat().st_mtime for source in sources)
    for index in folder.glob("**/__pycache__/*.nbi"):
        if index.stat().st_mtime < newest:
            index.unlink()


def _name(kernel: Any) -> str:
    return f"{kernel.py_func.__module__}.{kernel.py_func.__qualname__}"
