"""Whether the last period is complete: daily rows up to the 15th are half a month."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Integers
from stepcast.engine.calendar import moment_of, period_of, stamp_of
from stepcast.engine.frequency import Frequency
from stepcast.pipeline.importing.columns.timestamps import moment_text
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report

__all__ = ["LastPeriods", "report_partial"]


FEWEST = 3  # periods, the last one among them
COMPARED = 12  # earlier periods
HOLIDAYS = 2  # of these may end earlier than the others
EARLIER, FAR_EARLIER = 1.5, 3.0  # times the part missing at the end of the others, if that varies
SELDOM = 0.5  # of a period: if this much is usually missing, the last period cannot be judged
WHOLE = 0.95  # of a period counts as complete


@dataclass(frozen=True)
class Partial:
    """The last period: the share of it that has rows, and the latest moment in seconds since 1970."""

    period: int
    share: float
    latest: int


class LastPeriods:
    """Collects the timestamps of rows and keeps the latest in each of the last periods."""

    def __init__(self, frequency: Frequency) -> None:
        self._frequency = frequency
        self._latest: dict[int, int] = {}

    def add(self, seconds: Integers, periods: Integers) -> None:
        end = max([int(periods.max()), *self._latest])
        moments = np.unique(seconds[periods >= end - COMPARED])
        own = period_of(moments.astype("datetime64[s]"), self._frequency)
        last = np.flatnonzero(np.append(own[1:] != own[:-1], True)) if len(own) else own
        for period, latest in zip(own[last].tolist(), moments[last].tolist(), strict=True):
            self._latest[period] = max(latest, self._latest.get(period, latest))
        self._latest = {period: at for period, at in self._latest.items() if period >= end - COMPARED}

    def partial(self) -> Partial | None:
        """The last period, if its rows end earlier than those of the periods before."""
        periods = np.array(sorted(self._latest), np.int64)
        if len(periods) < FEWEST or len(periods) <= periods[-1] - periods[0]:
            return None  # if some periods have no rows at all, one may also end early
        latest = np.array([self._latest[period] for period in periods.tolist()], np.int64)
        begins, ends = (moment_of(p, self._frequency).astype(np.int64) for p in (periods, periods + 1))
        missing = np.sort((ends - latest)[:-1])
        usual = missing[-1 - HOLIDAYS] if len(missing) > COMPARED / 2 else missing[-1]
        there = float((latest - begins + missing[0])[-1] / (ends - begins)[-1])
        dense = usual <= SELDOM * (ends - begins)[-1]
        allowed = usual * (EARLIER if usual == missing[0] else FAR_EARLIER)
        if not dense or (ends - latest)[-1] <= allowed or there >= WHOLE:
            return None
        return Partial(int(periods[-1]), there, int(latest[-1]))


def report_partial(partial: Partial, params: Params, frequency: Frequency, report: Report) -> None:
    """Warn of the incomplete period, or note that it is left out."""
    stated = params.timestamp_format
    stamp = int(stamp_of(np.array([partial.period]), frequency).astype(np.int64)[0])
    what = (
        f"the last period of {frequency}, {moment_text(stamp, stated)}, is incomplete: its rows end at "
        f"{moment_text(partial.latest, stated)}, which covers {partial.share:.0%} of it"
    )
    if params.predictor.drop_partial_periods:
        report.note(f"{what[:1].upper()}{what[1:]}, so it is left out (DropPartialPeriods).")
        return
    remedy = (
        "Send the remaining rows, or set Predictor.DropPartialPeriods to true in params.json to leave it out"
    )
    report.add(Problem("V06", "warning", what, remedy, path="$.Predictor.DropPartialPeriods"))
