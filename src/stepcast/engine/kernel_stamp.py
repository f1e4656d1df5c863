"""Whether the AutoPredictor's kernels are compiled, without loading numba, which takes a second.

``python -m stepcast.engine.auto`` leaves a stamp when all are compiled. It holds what numba's own cache goes
by: the sources, numba's version, the interpreter and the processor. Where it is wrong (somebody emptied the
cache), kernels are compiled in the middle of a run, as they would be without it.
"""

import hashlib
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["is_compiled", "mark_compiled", "processor"]

KERNELS = Path(__file__).parent / "auto"


def is_compiled() -> bool:
    """Whether the stamp is that of the present sources, numba and machine."""
    try:
        return _path().read_text("utf-8") == _fingerprint()
    except OSError:
        return False


def mark_compiled() -> None:
    """Leave the stamp; where numba keeps its cache elsewhere, or nothing can be written, there is none."""
    if any(name.startswith("NUMBA_C") for name in os.environ):
        return
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_fingerprint(), encoding="utf-8")
    except OSError:
        return


def _path() -> Path:
    """Next to the kernels that numba keeps, so that both are removed together."""
    if os.access(KERNELS, os.W_OK):
        return KERNELS / "__pycache__" / "kernels"
    return Path.home() / ".cache" / "stepcast" / "kernels"


def _fingerprint() -> str:
    try:
        numba = version("numba")
    except PackageNotFoundError:
        numba = ""
    machine = (platform.machine(), processor(), platform.python_version(), numba)
    files = ((path, path.stat()) for path in sorted(KERNELS.glob("**/*.py")))
    sources = [(str(path), about.st_mtime_ns, about.st_size) for path, about in files]
    return hashlib.sha256(repr((machine, sources)).encode()).hexdigest()


def processor() -> str:
    """The processor's model, where the system reports it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith("model name")), "")
