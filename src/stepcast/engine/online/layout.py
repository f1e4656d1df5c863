"""The layout of an item's record: a row of integers (the plan) and a row of floats.

All items of a state have the same layout, so that compiled loops process many items without Python objects.
An item that needs less room than others has zeros at the end, which its packed record leaves out.
"""

from typing import NamedTuple

import numpy as np

from stepcast.engine.arrays import Integers
from stepcast.engine.auto.members.ridge import Ridge
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.transforms.calendar_effects import year_length
from stepcast.engine.frequency import LONGEST_SEASON, Frequency
from stepcast.engine.online.thirds import THIRDS
from stepcast.engine.seasonality import season_length, week_length

__all__ = [
    "ADAPTED",
    "CHANGES",
    "ERRORS",
    "EXPECTED",
    "FIELDS",
    "HEAD",
    "HINKLEY",
    "LATELY",
    "MEMBERS",
    "MOST_MEMBERS",
    "NOTHING",
    "PLAN",
    "RATES",
    "STATES",
    "Layout",
    "layout_of",
    "leads_of",
]

MOST_MEMBERS = 24  # of an item: those of the largest weights; the others hardly change the forecast

# The plan: integers of the item, then FIELDS for each member, from MEMBERS on.
PLAN = (
    "length",  # values so far, including filled ones: the number of the next one
    "last",  # the last period of an update
    "gap",  # periods since the last value
    "since",  # values filled in at the end of the history, after the latest observation
    "exponent",  # values in the item's units are 2 ** exponent times the record's
    "positive",  # whether members with the calendar view use logarithms
    "count",  # number of members
    "due",  # length at which the item is examined again; 0: never
    "known",  # number of observed values
    "short",
    "long",  # seasons, as in Seasons
    "effects_from",  # number of the value that the first calendar effect belongs to
    "effects",  # number of calendar effects
    "kind",  # of the quantiles: AROUND the centre, or COUNTS
    "drift",  # period since which errors are one-sided; -1: none
    "risen",
    "fallen",  # periods in which the sum of errors was lowest, and highest
    "watched",  # outcomes since the detector was reset
    "grown",  # length at which trees were asked for the kept path; -1: never
    "former",  # the same of the path before it
)
NOTHING = -(2**62)  # the last period of an item without updates
# Fields of a member: kind, view, season, its length, the second season's length, the begin of its floats.
MEMBERS, FIELDS = 24, 6

# Floats of the item, at the beginning of its row.
HEAD = 48
ERRORS, EXPECTED, LATELY, ADAPTED, HINKLEY = 8, 11, 14, 17, 23  # 3, 3, 3, 2 times 3, 2
RATES, CHANGES = 25, 29  # 4, 6 times 3
STATES = 9  # floats of a member before its seasons: six parameters and three states

# Calendar effects are kept for this many years and at least this many periods: predictors get replaced.
YEARS, FEWEST_EFFECTS = 2, 120
TARGETS = (1, 3, 5)  # leads, in sixths of the horizon, whose forecasts are kept until their outcome is known
KEPT = 6  # floats of a kept forecast beside those of the members, as in observing
# A path of the trees serves for so many sixths of the horizon.
PATH_SIXTHS = 3
BESIDE_FACTS = 3  # floats of a path after its facts: their scale, and two of its correction


class Layout(NamedTuple):
    """Sizes, and the begin of each part of the floats. ``turn`` is the cycle of the calendar effects,
    ``slot`` the floats of a kept forecast, ``lasts`` for how many values a path of the trees serves.

    A path is the trees' quantiles by step and column, then ``facts`` features that all its steps share, their
    scale, and the correction at its beginning and end; ``former`` is the one before.
    ``together`` is what the items learned together, as in correction.
    """

    horizon: int
    ring: int
    most: int
    lags: int
    effects: int
    turn: int
    short: int
    slot: int
    lasts: int
    columns: int
    facts: int
    rings: int
    growth: int
    shapes: int
    weights: int
    starts: int
    usual: int
    losses: int
    pending: int
    path: int
    former: int
    together: int
    effect: int
    logs: int
    members: int


def layout_of(
    frequency: Frequency, horizon: int, ridges: dict[str, Ridge], columns: int = 0, facts: int = 0
) -> Layout:
    """The layout for ``frequency`` and ``horizon``; values are kept for as many lags as ``ridges`` need, and
    ``columns`` quantiles of the trees, with the ``facts`` that they were made from."""
    short, long, year = season_length(frequency), week_length(frequency), year_length(frequency)
    short = 1 if short > LONGEST_SEASON else short
    long = 0 if long > LONGEST_SEASON else long
    lags = max((len(ridge.coefficients) for ridge in ridges.values()), default=0)
    ring = max(4 * short, 2 * long + horizon, 2 * horizon, lags + 1, 64)
    effects = ring + horizon + max(YEARS * (year + year // 100), FEWEST_EFFECTS) if year else 0
    leads, slot = leads_of(horizon), MOST_MEMBERS + KEPT
    sizes = (
        ring,
        2 * horizon,
        2 * THIRDS * len(PROBABILITIES),
        *4 * (THIRDS * MOST_MEMBERS,),
        int(leads[:, 2].sum()) * slot,
        *2 * ((horizon * columns + facts + BESIDE_FACTS if columns else 0),),
        2 * (facts + 1) + 1 if columns else 0,
        effects,
        ring if "log_" in ridges or "calendar_" in ridges else 0,
    )
    places = (HEAD + np.concatenate([[0], np.cumsum(sizes)])).tolist()
    turn = {"D": 364, "W": 52, "M": 12}.get(frequency.unit, 1) if year else 1
    lasts = min(PATH_SIXTHS * int(leads[0, 1]), max(1, horizon // 2))
    return Layout(
        horizon, ring, MOST_MEMBERS, lags, effects, turn, short, slot, lasts, columns, facts, *places
    )


def leads_of(horizon: int) -> Integers:
    """By bucket: the lead of kept forecasts, the values between two, how many are pending (THIRDS, 3).

    >>> leads_of(24).tolist()
    [[4, 4, 1], [12, 4, 3], [20, 4, 5]]
    """
    stride = max(1, (horizon + 2) // 6)
    rows = []
    for sixths in TARGETS:
        slots = -(-horizon * sixths // (6 * stride))  # rounded up
        rows.append((slots * stride, stride, slots))
    return np.array(rows, dtype=np.int64)
