"""What became of the messages of a partition: kept in its state, so that no message counts twice."""

from dataclasses import dataclass

__all__ = ["Counts"]


@dataclass(slots=True)
class Counts:
    """``observations``  that were taken into a period; ``late`` that came after it was closed; ``doubled`` of
    those taken, that had the moment of an earlier one; ``future`` that were stamped too far ahead; ``missing``
    without a value; ``unreadable`` messages; ``forecasts`` that were made.
    """

    observations: int = 0
    late: int = 0
    doubled: int = 0
    future: int = 0
    missing: int = 0
    unreadable: int = 0
    forecasts: int = 0
