"""What one query may take, and how many may run."""

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """A query that goes beyond fails and says so; it never takes the server with it.

    ``seconds`` is Athena's own limit for a SELECT. ``address_space`` bounds what DuckDB does not count as its
    memory.
    """

    memory: int = 2 << 30  # bytes that DuckDB may use, after which it spills
    address_space: int = 6 << 30  # bytes of the process; not enforced on macOS
    spill: int = 8 << 30  # bytes of temporary files
    result: int = 8 << 30  # bytes of one file that the query writes
    rows: int = 50_000_000  # of a SELECT's result
    seconds: float = 1800.0
    threads: int = 2  # of one query
    running: int = 4  # queries at once; more wait as QUEUED
