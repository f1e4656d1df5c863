"""The local time of timestamps with an offset from UTC."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stepcast.engine.arrays import Integers
from stepcast.pipeline.importing.columns.zones import local_seconds
from stepcast.pipeline.importing.file_problem import FileProblem
from stepcast.pipeline.importing.quoting import shown
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Report

__all__ = ["Clock", "offset_of"]


REMEDY = (
    'Set the time zone in params.json, for example "TimeZone": "Europe/Berlin"; timestamps are converted to '
    "its local time"
)
OFFSET = re.compile(r"(?:\.0+)? ?(?:[Zz]|UTC|([+-])(\d\d):?(\d\d)?)", re.ASCII)


def offset_of(suffix: str) -> int:
    """Seconds ahead of UTC given by a timestamp's suffix; ValueError if the suffix is not an offset.

    >>> offset_of("+01:00"), offset_of(".000Z"), offset_of("-0330")
    (3600, 0, -12600)
    """
    match = OFFSET.fullmatch(suffix)
    if match is None:
        raise ValueError(f"{suffix!r} is not an offset from UTC")
    sign, hours, minutes = match.groups("0")
    ahead = 60 * int(minutes) + 3_600 * int(hours)
    return -ahead if sign == "-" else ahead


@dataclass
class Clock:
    """The one local time of all files of a run.

    ``zone``      TimeZone of params.json, to which timestamps with an offset are converted. Without it, all
                  must have the same offset, or none, and their local time is used.
    ``midnight``  whether 24:00 is accepted, as meters write it, as 00:00 of the next day.
    """

    zone: str | None = None
    midnight: bool = False
    met_midnight: bool = False
    _met: tuple[int | str | None, str] | None = None  # an offset, the name of a zone or none, and an example

    @classmethod
    def of(cls, params: Params) -> "Clock":
        return cls(params.time_zone, params.data_frequency.has_time_of_day)

    def local(self, shown_time: Integers, ahead: Integers, texts: Sequence[Any]) -> Integers:
        """The local time of ``texts`` that show ``shown_time`` and are ``ahead`` of UTC, all in seconds.

        Raises FileProblem if the local time is ambiguous.
        """
        if self.zone is not None:
            return local_seconds(shown_time - ahead, self.zone)
        for place in (0, int(np.argmax(ahead != ahead[0]))):
            self.meet(int(ahead[place]), str(texts[place]))
        return shown_time

    def meet(self, offset: int | str | None, example: str) -> None:
        """Register a timestamp with an offset, with a time zone, or with neither.

        Raises FileProblem if earlier ones had a different one and no zone is given.
        """
        if self.zone is not None:
            return
        if self._met is None:
            self._met = offset, example
        elif self._met[0] != offset:
            what = (
                f"timestamps do not have the same offset from UTC: {shown(self._met[1])} and {shown(example)}"
            )
            raise FileProblem("V06", what, REMEDY, cell=example)

    def conclude(self, report: Report) -> None:
        """Note how timestamps were read."""
        if self.met_midnight:
            report.note("Timestamps of 24:00 are read as 00:00 of the next day.")
        if self._met is not None and self._met[0] is not None:
            text = f"Timestamps such as {shown(self._met[1])} are read as the local time that they show"
            report.note(f"{text}. To convert them, set TimeZone in params.json.")
