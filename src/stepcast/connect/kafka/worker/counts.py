"""What became of the messages of a partition: kept in its state, so that no message counts twice."""

from dataclasses import dataclass

__all__ = ["Counts"]


@dataclass(slots=True)
class Counts:
    """Of messages and outputs.

    ``observations`` were taken into a period; ``doubled`` of them had the moment of an earlier one.
    ``late``         came after their period was closed; ``future`` were stamped too far ahead; ``missing``
                     had no value; ``unreadable`` were none.
    ``forecasts``    were made.
    """

    observations: int = 0
    late: int = 0
    doubled: int = 0
    future: int = 0
    missing: int = 0
    unreadable: int = 0
    forecasts: int = 0
