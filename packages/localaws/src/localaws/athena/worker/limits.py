"""What one query may take, and how many may run."""

import os
from dataclasses import dataclass, field

__all__ = ["Limits"]

_GIB = 1 << 30


def _share_of_memory() -> int:
    """2 GiB, and on a small machine less: all that run at once may have half of its memory."""
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return _GIB
    return min(2 * _GIB, physical // 8)


@dataclass(frozen=True, slots=True)
class Limits:
    """A query that exceeds one fails with an error and never affects the server or another query.

    ``address_space`` bounds what DuckDB does not count as its memory, such as one huge string. Athena itself
    gives a query half an hour; what takes ten minutes on one machine will not end.
    """

    memory: int = field(default_factory=_share_of_memory)  # bytes that DuckDB may use, after which it spills
    address_space: int = 6 * _GIB  # bytes of the process; not enforced on macOS
    spill: int = 4 * _GIB  # bytes of temporary files, and never more than an eighth of what the disk has left
    result: int = 2 * _GIB  # bytes of one file that the query writes
    rows: int = 50_000_000  # of a SELECT's result
    seconds: float = 600.0
    threads: int = 2  # of one query
    running: int = 4  # queries at once; more wait as QUEUED
