"""The times of observations and the periods they fall in."""

from collections.abc import Sequence

import numpy as np

from stepcast.engine.calendar import moment_of, period_of, stamp_of
from stepcast.engine.frequency import Frequency

__all__ = ["Grid"]


class Grid:
    """The periods of ``frequency``; times (``moment``) are milliseconds since 1970."""

    def __init__(self, frequency: Frequency) -> None:
        self.frequency = frequency

    def periods(self, moments: Sequence[int]) -> list[int]:
        seconds = (np.array(moments, np.int64) // 1000).astype("datetime64[s]")
        return period_of(seconds, self.frequency).tolist()  # type: ignore[no-any-return]  # NumPy says Any

    def period(self, moment: int) -> int:
        return self.periods([moment])[0]

    def begins(self, period: int) -> int:
        return 1000 * int(moment_of(np.array([period]), self.frequency).astype(np.int64)[0])

    def stamped(self, period: int) -> int:
        """The time of a period's timestamp."""
        stamp = stamp_of(np.array([period]), self.frequency)
        return int(stamp.astype("datetime64[ms]").astype(np.int64)[0])

    def stamps(self, periods: Sequence[int]) -> list[str]:
        """Timestamps of periods, formatted as in files."""
        stamped = stamp_of(np.array(periods, np.int64), self.frequency)
        unit = "s" if self.frequency.has_time_of_day or self._stamps_have_hours else "D"
        return [str(one).replace("T", " ") for one in stamped.astype(f"datetime64[{unit}]")]

    @property
    def _stamps_have_hours(self) -> bool:
        stamp, boundary = self.frequency.stamp, self.frequency.boundary
        return bool(stamp.seconds % 86_400 or boundary.seconds % 86_400)
