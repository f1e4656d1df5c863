"""Whether the series fit on the forecast's grid: one mistyped year can require billions of periods."""

import numpy as np
from numpy.typing import NDArray

from stepcast.pipeline import layout
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report

__all__ = ["check_grid"]

LONGEST = 10_000_000  # periods of one series: 19 years of minutes, 80 MB
POINTS = 3_000_000_000  # of all series: as many rows as the service takes


def check_grid(params: Params, lengths: NDArray[np.int64], first: str, last: str, report: Report) -> None:
    """V06: an error if the grid is implausibly large; ``lengths`` are those of the series in periods.

    ``first`` and ``last`` are the outermost timestamps with their files, as text.
    """
    longest, points = int(lengths.max()), int(lengths.sum())
    if longest <= LONGEST and points <= POINTS:
        return
    what = (
        f"the longest series has {longest:,} periods of {params.frequency}, and all series together have "
        f"{points:,}"
    )
    limits = f"the limits are {LONGEST:,} and {POINTS:,}"
    edges = f"The first timestamp is {first}, the last is {last}"
    remedy = f"{edges}. Correct any mistyped timestamp, or choose a longer ForecastFrequency"
    report.add(Problem("V06", "error", f"{what}; {limits}", remedy, file=layout.TRAIN))
