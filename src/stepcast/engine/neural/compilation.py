"""What XLA has compiled is kept for the next run; arrays are padded so that it fits there, too.

Compiling a network takes seven or eight seconds of CPU, reading it back less than one. A cache is code: it is
kept where nobody else can write, one folder a processor, and not at all where there is no such place.
"""

import hashlib
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np

from stepcast.engine.kernel_stamp import processor
from stepcast.engine.neural.windows import Columns

__all__ = ["configure", "folder", "rounded_up", "with_room"]

# One thread: a forecast costs what it costs, and sums are the same on every run.
FLAGS = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
MOST = 60  # files, three for a network and size of panel: some 10 MB
QUICK = 0.1  # seconds of compiling that are not worth a file


def configure() -> None:
    """Set up JAX for this process, before anything is compiled; what the user has set stays."""
    os.environ.setdefault("XLA_FLAGS", FLAGS)
    import jax

    config: Any = jax.config  # has no types of its own
    if config.jax_compilation_cache_dir is None and (kept := folder()) is not None:
        config.update("jax_compilation_cache_dir", str(kept))
        config.update("jax_persistent_cache_min_compile_time_secs", QUICK)


def rounded_up(count: int) -> int:
    """The next number of three binary digits and zeros: arrays of few sizes, at most a quarter larger.

    >>> [rounded_up(count) for count in (7, 9, 60, 365, 1000)]
    [7, 10, 64, 384, 1024]
    """
    step = 1 << max(count.bit_length() - 3, 0)
    return -(-count // step) * step


def with_room(columns: Columns) -> Columns:
    """``columns`` with unknown values after the last ones, and series of nothing: no window sees them."""
    rows, length = columns.values.shape
    more = (0, rounded_up(rows) - rows)
    later = (0, rounded_up(length) - length)
    return Columns(
        values=np.pad(columns.values, (more, later)),
        known=np.pad(columns.known, (more, later)),
        first=np.pad(columns.first, more),
        shared=np.pad(columns.shared, (later, (0, 0))),
        own=np.pad(columns.own, (more, later, (0, 0))),
        ahead=columns.ahead,
        codes=np.pad(columns.codes, (more, (0, 0))),
    )


def folder() -> Path | None:
    """That of this user and processor, made if need be; the oldest files beyond MOST are removed."""
    try:
        # of another processor, code would crash
        mark = hashlib.sha256(processor().encode()).hexdigest()[:12]
        place = Path.home() / ".cache" / "stepcast" / f"xla-{mark}"
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = place.stat()
        if about.st_uid != os.getuid() or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return None
        if not os.access(place, os.W_OK):
            return None
        kept = sorted(place.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for path in kept[MOST:]:
            path.unlink(missing_ok=True)
    except (OSError, RuntimeError):  # no home, or another run has just removed a file
        return None
    return place
