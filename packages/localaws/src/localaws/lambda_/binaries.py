"""Whether packages that were built for Lambda can be imported by this interpreter."""

import logging
import sys
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

__all__ = ["importable_here"]

log = logging.getLogger(__name__)


@cache
def importable_here(folder: Path) -> bool:
    """False where a binary module below ``folder`` is for another version of Python or another system.

    ``sam build`` resolves wheels for the function's runtime on Lambda, whatever localaws runs on.
    """
    for path in sorted(folder.rglob("*.so")):
        tag = f".{path.name.partition('.')[2]}"  # .cpython-312-x86_64-linux-gnu.so, .abi3.so or just .so
        if tag.startswith((".cpython-", ".abi3")) and (
            tag not in EXTENSION_SUFFIXES or not _of_this_system(path)
        ):
            log.warning(
                "a layer contains %s, which Python %d.%d on %s cannot load: functions use the packages of "
                "the environment in which localaws runs first, and the layer's after them",
                path.relative_to(folder),
                *sys.version_info[:2],
                sys.platform,
            )
            return False
    return True


def _of_this_system(path: Path) -> bool:
    with path.open("rb") as file:
        return (file.read(4) == b"\x7fELF") == (sys.platform == "linux")
