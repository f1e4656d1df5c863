"""Counts of the messages of a partition, kept in its state so that no message counts twice."""

from dataclasses import dataclass

__all__ = ["Counts"]


@dataclass(slots=True)
class Counts:
    """Messages by outcome, and forecasts.

    ``observations``  added to a period; ``doubled`` of these had the same time as an earlier one.
    ``late``          dropped: their period was closed; ``future``: stamped too far ahead; ``missing``: no
                      value; ``unreadable``: not an observation.
    ``forecasts``     made.
    """

    observations: int = 0
    late: int = 0
    doubled: int = 0
    future: int = 0
    missing: int = 0
    unreadable: int = 0
    forecasts: int = 0
