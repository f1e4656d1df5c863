"""One member of one item, compiled: forecast from its state, and move the state on by one value.

The recursions are those of engine.auto.members with parameters held, so a state that was moved on value by
value is the one that a pass over the whole history ends in.
"""

import numpy as np

from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.members.baselines import CYCLES
from stepcast.engine.auto.members.smoothing_kernels import (
    AR1,
    DAMPING,
    LEVEL,
    MULTIPLICATIVE,
    SEASON,
    SECOND,
    TREND,
)
from stepcast.engine.bounds import MEMBER_RANGES
from stepcast.engine.online.layout import FIELDS, MEMBERS, PLAN, STATES

__all__ = [
    "CALENDAR",
    "HIGHEST",
    "KINDS",
    "LOGS",
    "LOG_FLOOR",
    "LOWEST",
    "VIEWS",
    "ahead",
    "bounds",
    "floats_of",
    "move_on",
    "seen",
]

# Kinds of members. What a name of the AutoPredictor's ends in tells its kind, see start.
SMOOTHING, THETA, NAIVE, MEAN, DRIFT, LAST_SEASON, MEAN_SEASON, TSB, SBA, LONG_MEAN, RIDGE = KINDS = tuple(
    range(11)
)
# How a member sees the series: as it is, as logarithms, without the calendar's effects.
AS_IS, LOGS, CALENDAR = VIEWS = (0, 1, 2)

LOWEST, HIGHEST, LOG_FLOOR = 0, 1, 2  # of an item's floats
LENGTH, SHORT = PLAN.index("length"), PLAN.index("short")
POSITIVE = PLAN.index("positive")
EFFECTS_FROM, EFFECTS = PLAN.index("effects_from"), PLAN.index("effects")
# The states of theta, of a member's floats: parameters are level, drift and the level's smoothing.
TH_ALPHA, TH_DRIFT, TH_HERE, TH_COUNT, TH_X, TH_Y, TH_XY, TH_XX = 0, 1, 2, 3, 4, 5, 6, 7
LARGEST_LOG = 50.0


def floats_of(kind: int, m: int, m2: int) -> int:
    """How many floats a member of this kind and these seasons has."""
    if kind in (SMOOTHING, THETA):
        return STATES + m + m2
    return {TSB: 6, SBA: 6, LONG_MEAN: 3}.get(kind, 0)


@compiled
def bounds(low, high, length, horizon, ranges):  # type: ignore[no-untyped-def]
    """``sane_bounds`` after ``length`` values from ``low`` to ``high``: none below zero where nothing was."""
    width = high - low if high > low else abs(high)
    reach = width * (ranges + horizon / max(length, 1))
    return (max(low - reach, 0.0) if low >= 0 else low - reach), high + reach


@compiled
def seen(plan, data, lay, view, value, index):  # type: ignore[no-untyped-def]
    """Value number ``index`` as a member with this view sees it."""
    if view == LOGS or (view == CALENDAR and plan[POSITIVE]):
        value = np.log(max(value, data[LOG_FLOOR]))
    if view == CALENDAR:
        value -= _effect(plan, data, lay, index)
    return value


@compiled
def _effect(plan, data, lay, index):  # type: ignore[no-untyped-def]
    """What the calendar does to value number ``index``; beyond those kept, to one some years before."""
    count = plan[EFFECTS]
    place = index - plan[EFFECTS_FROM]
    if place >= count:
        place -= lay.turn * ((place - count) // lay.turn + 1)
    return data[lay.effect + max(place, 0)]


@compiled
def _ring(data, lay, index):  # type: ignore[no-untyped-def]
    return data[lay.rings + index % lay.ring]


@compiled
def ahead(plan, data, lay, ridges, k, first, lags, out):  # type: ignore[no-untyped-def]
    """Forecasts of member ``k`` into ``out`` (steps,), the first of them ``first`` periods ahead.

    ``ridges`` (views, horizon, lags + 1) coefficients and, last, how many lags there are; ``lags`` is room.
    Whatever leaves all that was seen too far is replaced by the last value.
    """
    row = MEMBERS + k * FIELDS
    kind, view, season, m, m2, at = plan[row : row + FIELDS]
    length, steps = plan[LENGTH], len(out)
    if kind == SMOOTHING:
        phi, ar = data[at + DAMPING], data[at + AR1]
        level, slope, last = data[at + 6], data[at + 7], data[at + 8]
        damp = phi**first
        reach = phi * (1 - damp) / (1 - phi)
        error = ar**first * last
        s, s2 = at + STATES, at + STATES + m
        for j in range(steps):
            f = level + reach * slope
            place = length + first - 1 + j
            if season == MULTIPLICATIVE:
                f *= data[s + place % m]
            else:
                f += data[s + place % m] + data[s2 + place % m2] + error
            out[j] = f
            damp *= phi
            reach += damp
            error *= ar
    elif kind == THETA:
        n = data[at + TH_COUNT]
        d = n * data[at + TH_XX] - data[at + TH_X] * data[at + TH_X]
        slope = 0.0
        if d > 0 and n > 3:
            slope = 0.5 * (n * data[at + TH_XY] - data[at + TH_X] * data[at + TH_Y]) / d
        for j in range(steps):
            f = data[at + TH_HERE] + slope * (first + j)
            index = data[at + STATES + (length + first - 1 + j) % m]
            out[j] = f * index if season == MULTIPLICATIVE else f + index
    elif kind == NAIVE or kind == DRIFT:
        last, slope = _ring(data, lay, length - 1), 0.0
        if kind == DRIFT:
            back = min(length - 1, max(lay.horizon // 2, plan[SHORT], 4))
            slope = (last - _ring(data, lay, length - 1 - back)) / max(back, 1)
        for j in range(steps):
            out[j] = last + slope * (first + j)
    elif kind == MEAN:
        window, total = min(length, max(2 * lay.horizon, 4 * plan[SHORT], 8)), 0.0
        for back in range(window):
            total += _ring(data, lay, length - window + back)
        out[:] = total / window
    elif kind == LAST_SEASON or kind == MEAN_SEASON:
        cycles = min(CYCLES, max(length // m, 1)) if kind == MEAN_SEASON else 1
        for j in range(steps):
            place = length - m + (first - 1 + j) % m
            total = 0.0
            for cycle in range(cycles):
                total += _ring(data, lay, max(place - cycle * m, 0))
            out[j] = total / cycles
    elif kind == TSB:
        out[:] = data[at + 2] * data[at + 3]
    elif kind == SBA:
        out[:] = (1 - data[at] / 2) * data[at + 2] / data[at + 3] if data[at + 5] > 0 else 0.0
    elif kind == LONG_MEAN:
        out[:] = data[at + 1]
    else:
        count = int(ridges[view, 0, -1])
        _lags(plan, data, lay, view, count, lags)
        for j in range(steps):
            # beyond its horizon a ridge says what it says of the last step of the same phase
            step = first - 1 + j
            while step >= lay.horizon:
                step -= m
            out[j] = _dot(lags, ridges[view, max(step, 0)], count)
    if view == CALENDAR:
        for j in range(steps):
            out[j] += _effect(plan, data, lay, length + first - 1 + j)
    if view == LOGS or (view == CALENDAR and plan[POSITIVE]):
        for j in range(steps):
            out[j] = np.exp(min(out[j], LARGEST_LOG))
    low, high = bounds(data[LOWEST], data[HIGHEST], length, lay.horizon, MEMBER_RANGES)
    sane = True
    for j in range(steps):
        if low >= 0 and out[j] < 0:
            out[j] = 0.0
        sane &= low <= out[j] <= high  # nan is not
    if not sane:
        out[:] = _ring(data, lay, length - 1)


@compiled
def _lags(plan, data, lay, view, count, lags):  # type: ignore[no-untyped-def]
    """The last ``count`` values, oldest first, into ``lags``; where there are fewer the first is repeated."""
    length = plan[LENGTH]
    for lag in range(count):
        index = max(length - count + lag, 0)
        lags[lag] = seen(plan, data, lay, view, _ring(data, lay, index), index)


@compiled
def _dot(lags, coefficients, count):  # type: ignore[no-untyped-def]
    """Four sums at a time: one would wait for each addition."""
    a = b = c = d = 0.0
    whole = count // 4 * 4
    for lag in range(0, whole, 4):
        a += lags[lag] * coefficients[lag]
        b += lags[lag + 1] * coefficients[lag + 1]
        c += lags[lag + 2] * coefficients[lag + 2]
        d += lags[lag + 3] * coefficients[lag + 3]
    for lag in range(whole, count):
        a += lags[lag] * coefficients[lag]
    return a + b + c + d


@compiled
def move_on(plan, data, lay, k, value):  # type: ignore[no-untyped-def]
    """Tell member ``k`` the next value."""
    row = MEMBERS + k * FIELDS
    kind, view, season, m, m2, at = plan[row : row + FIELDS]
    length = plan[LENGTH]
    if kind == SMOOTHING:
        y = seen(plan, data, lay, view, value, length)
        phi, ar = data[at + DAMPING], data[at + AR1]
        base = data[at + 6] + phi * data[at + 7]
        s, s2 = at + STATES + length % m, at + STATES + m + length % m2
        if season == MULTIPLICATIVE:
            u = y - base * data[s]
            q = u / max(data[s], 0.01)
            data[s] += data[at + SEASON] * u / max(base, 1e-3)
        else:
            u = y - base - data[s] - data[s2] - ar * data[at + 8]
            data[at + 8] = u + ar * data[at + 8]
            q = u
            data[s] += data[at + SEASON] * u
            if m2 > 1:
                data[s2] += data[at + SECOND] * u
        data[at + 6] = base + data[at + LEVEL] * q
        data[at + 7] = phi * data[at + 7] + data[at + TREND] * q
    elif kind == THETA:
        y = seen(plan, data, lay, view, value, length)
        index = data[at + STATES + length % m]
        y = y / index if season == MULTIPLICATIVE else y - index
        n = data[at + TH_COUNT]
        if n > 0:
            drift = data[at + TH_DRIFT]
            data[at + TH_HERE] += drift + data[at + TH_ALPHA] * (y - data[at + TH_HERE] - drift)
        else:
            data[at + TH_HERE] = y
        data[at + TH_X] += n
        data[at + TH_Y] += y
        data[at + TH_XY] += n * y
        data[at + TH_XX] += n * n
        data[at + TH_COUNT] = n + 1
    elif kind == TSB:
        # parameters: smoothing of the chance and of the size; states: chance, size, values, demands
        happened = 1.0 if value != 0 else 0.0
        data[at + 4] += 1
        data[at + 2] += max(data[at], 1 / data[at + 4]) * (happened - data[at + 2])
        if value != 0:
            data[at + 5] += 1
            data[at + 3] += max(data[at + 1], 1 / data[at + 5]) * (value - data[at + 3])
    elif kind == SBA:
        # parameter: smoothing; states: size, interval, values since a demand, demands
        data[at + 4] += 1
        if value != 0:
            data[at + 5] += 1
            own = max(data[at], 1 / data[at + 5])
            data[at + 2] += own * (value - data[at + 2])
            data[at + 3] += own * (data[at + 4] - data[at + 3])
            data[at + 4] = 0
    elif kind == LONG_MEAN:
        # parameter: over how many values; states: mean, values
        y = seen(plan, data, lay, view, value, length)
        data[at + 2] += 1
        data[at + 1] += (y - data[at + 1]) / min(data[at + 2], data[at])
