"""The members of an item, compiled: forecast from their states, and update the states with one value.

The recursions are those of engine.auto.members with fixed parameters, so updating a state value by value
gives the state at the end of a pass over the whole history.
"""

from typing import NamedTuple

import numpy as np

from stepcast.engine.arrays import Floats
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
from stepcast.engine.auto.sources.trees import value_features
from stepcast.engine.bounds import MEMBER_RANGES
from stepcast.engine.online.forest import Forest, predict
from stepcast.engine.online.layout import FIELDS, MEMBERS, PLAN, STATES

__all__ = [
    "CALENDAR",
    "HIGHEST",
    "KINDS",
    "LATEST",
    "LOGS",
    "LOG_FLOOR",
    "LOWEST",
    "VIEWS",
    "ahead",
    "bounds",
    "floats_of",
    "grow",
    "move_on",
    "seen",
]

# Kinds of members; KIND in examine maps the AutoPredictor's names to them.
SMOOTHING, THETA, NAIVE, MEAN, DRIFT, LAST_SEASON, MEAN_SEASON, TSB, SBA, LONG_MEAN, RIDGE, FOREST = KINDS = (
    tuple(range(12))
)
# The transform of the series that a member uses: none, logarithms, calendar effects removed.
AS_IS, LOGS, CALENDAR = VIEWS = (0, 1, 2)

LOWEST, HIGHEST, LOG_FLOOR, LATEST = 0, 1, 2, 4  # of an item's floats; LATEST is the latest observed value
LENGTH, SHORT = PLAN.index("length"), PLAN.index("short")
POSITIVE, COUNT = PLAN.index("positive"), PLAN.index("count")
EFFECTS_FROM, EFFECTS = PLAN.index("effects_from"), PLAN.index("effects")
# Floats of theta: smoothing of the level, drift, level, and the sums of a linear regression.
TH_ALPHA, TH_DRIFT, TH_HERE, TH_COUNT, TH_X, TH_Y, TH_XY, TH_XX = 0, 1, 2, 3, 4, 5, 6, 7
LARGEST_LOG = 50.0


class Model(NamedTuple):
    """What the members of all items share.

    ``ridges``   (views, horizon, lags + 1) coefficients and, last, the number of lags; ``turned`` has the
                 steps as its last axis.
    ``factors``  (THIRDS, PROBABILITIES) of the calibration.
    """

    ridges: Floats
    turned: Floats
    factors: Floats
    forest: Forest


def floats_of(kind: int, m: int, m2: int) -> int:
    """The number of floats of a member of this kind and these season lengths."""
    if kind in (SMOOTHING, THETA):
        return STATES + m + m2
    return {TSB: 6, SBA: 6, LONG_MEAN: 3}.get(kind, 0)


@compiled
def bounds(low, high, length, horizon, ranges):  # type: ignore[no-untyped-def]
    """``sane_bounds`` after ``length`` values from ``low`` to ``high``: not below zero if no value was."""
    width = high - low if high > low else abs(high)
    reach = width * (ranges + horizon / max(length, 1))
    return (max(low - reach, 0.0) if low >= 0 else low - reach), high + reach


@compiled
def seen(plan, data, lay, view, value, index):  # type: ignore[no-untyped-def]
    """Value number ``index``, transformed for a member with this view."""
    if view == LOGS or (view == CALENDAR and plan[POSITIVE]):
        value = np.log(max(value, data[LOG_FLOOR]))
    if view == CALENDAR:
        value -= _effect(plan, data, lay, index)
    return value


@compiled
def _effect(plan, data, lay, index):  # type: ignore[no-untyped-def]
    """The calendar effect of value number ``index``; beyond those kept, the effect some years earlier."""
    count = plan[EFFECTS]
    place = index - plan[EFFECTS_FROM]
    if place >= count:
        place -= lay.turn * ((place - count) // lay.turn + 1)
    return data[lay.effect + max(place, 0)]


@compiled
def _ring(data, lay, index):  # type: ignore[no-untyped-def]
    return data[lay.rings + index % lay.ring]


@compiled
def remember(plan, data, lay, value):  # type: ignore[no-untyped-def]
    """Store ``value`` as the next one; for positive series also its logarithm, which a ridge reads often."""
    place = plan[LENGTH] % lay.ring
    data[lay.rings + place] = value
    if plan[POSITIVE] and lay.logs < lay.members:
        data[lay.logs + place] = np.log(max(value, data[LOG_FLOOR]))


@compiled
def remember_logs(plan, data, lay):  # type: ignore[no-untyped-def]
    """Recompute the logarithms of the stored values, which packed records leave out."""
    if plan[POSITIVE] and lay.logs < lay.members:
        for place in range(min(plan[LENGTH], lay.ring)):
            data[lay.logs + place] = np.log(max(data[lay.rings + place], data[LOG_FLOOR]))


@compiled
def ahead(plan, data, lay, model, first, lags, trees, out):  # type: ignore[no-untyped-def]
    """Forecasts of all members into ``out`` (members or more, steps), starting ``first`` periods ahead.

    ``trees`` (steps, columns) are those of the trees; ``lags`` (lags + 1,) is a buffer. Forecasts far outside
    the range of the values are replaced by the last value. One call serves all members: a call copies more
    than most members compute.
    """
    low, high = bounds(data[LOWEST], data[HIGHEST], plan[LENGTH], lay.horizon, MEMBER_RANGES)
    for k in range(plan[COUNT]):
        row = MEMBERS + k * FIELDS
        kind, view, season = plan[row], plan[row + 1], plan[row + 2]
        m, m2, at = plan[row + 3], plan[row + 4], plan[row + 5]
        length, steps = plan[LENGTH], out.shape[1]
        place = length + first - 1
        if kind == SMOOTHING:
            phi, ar = data[at + DAMPING], data[at + AR1]
            level, slope = data[at + 6], data[at + 7]
            # A power takes longer than the rest.
            damp = (phi if first == 1 else phi**first) if phi > 0 else 0.0
            reach = phi * (1 - damp) / (1 - phi)
            error = (ar if first == 1 else ar**first) * data[at + 8] if ar != 0 else 0.0
            phase, phase2 = place % m, place % m2
            s, s2 = at + STATES, at + STATES + m
            for j in range(steps):
                f = level + reach * slope
                if season == MULTIPLICATIVE:
                    f *= data[s + phase]
                else:
                    f += data[s + phase] + data[s2 + phase2] + error
                out[k, j] = f
                damp *= phi
                reach += damp
                error *= ar
                phase = phase + 1 if phase + 1 < m else 0
                phase2 = phase2 + 1 if phase2 + 1 < m2 else 0
        elif kind == THETA:
            n = data[at + TH_COUNT]
            d = n * data[at + TH_XX] - data[at + TH_X] * data[at + TH_X]
            slope = 0.0
            if d > 0 and n > 3:
                slope = 0.5 * (n * data[at + TH_XY] - data[at + TH_X] * data[at + TH_Y]) / d
            phase = place % m
            for j in range(steps):
                f = data[at + TH_HERE] + slope * (first + j)
                index = data[at + STATES + phase]
                out[k, j] = f * index if season == MULTIPLICATIVE else f + index
                phase = phase + 1 if phase + 1 < m else 0
        elif kind in (NAIVE, DRIFT):
            last, slope = _ring(data, lay, length - 1), 0.0
            if kind == DRIFT:
                back = min(length - 1, max(lay.horizon // 2, plan[SHORT], 4))
                slope = (last - _ring(data, lay, length - 1 - back)) / max(back, 1)
            for j in range(steps):
                out[k, j] = last + slope * (first + j)
        elif kind == MEAN:
            window, total = min(length, max(2 * lay.horizon, 4 * plan[SHORT], 8)), 0.0
            where = (length - window) % lay.ring
            for _ in range(window):
                total += data[lay.rings + where]
                where = where + 1 if where + 1 < lay.ring else 0
            for j in range(steps):
                out[k, j] = total / window
        elif kind in (LAST_SEASON, MEAN_SEASON):
            cycles = min(CYCLES, max(length // m, 1)) if kind == MEAN_SEASON else 1
            phase = (first - 1) % m
            for j in range(steps):
                total = 0.0
                for cycle in range(cycles):
                    total += _ring(data, lay, max(length - m + phase - cycle * m, 0))
                out[k, j] = total / cycles
                phase = phase + 1 if phase + 1 < m else 0
        elif kind == TSB:
            for j in range(steps):
                out[k, j] = data[at + 2] * data[at + 3]
        elif kind == SBA:
            for j in range(steps):
                out[k, j] = (1 - data[at] / 2) * data[at + 2] / data[at + 3] if data[at + 5] > 0 else 0.0
        elif kind == LONG_MEAN:
            for j in range(steps):
                out[k, j] = data[at + 1]
        elif kind == RIDGE:
            _ridge(plan, data, lay, model.ridges[view], model.turned[view], view, m, first, lags, out[k])
        else:
            for j in range(steps):
                out[k, j] = trees[j, trees.shape[1] // 2]
        if view == CALENDAR:
            for j in range(steps):
                out[k, j] += _effect(plan, data, lay, place + j)
        if view == LOGS or (view == CALENDAR and plan[POSITIVE]):
            for j in range(steps):
                out[k, j] = np.exp(min(out[k, j], LARGEST_LOG))
        sane = True
        for j in range(out.shape[1]):
            if low >= 0 and out[k, j] < 0:
                out[k, j] = 0.0
            sane &= low <= out[k, j] <= high  # false for nan
        for j in range(0 if sane else out.shape[1]):
            out[k, j] = _ring(data, lay, plan[LENGTH] - 1)


@compiled
def _ridge(plan, data, lay, ridge, turned, view, season, first, lags, out):  # type: ignore[no-untyped-def]
    """A ridge on the last lags; beyond its horizon it repeats the last step of the same phase."""
    length, steps, count = plan[LENGTH], len(out), int(ridge[0, -1])
    begin = max(length - count, 0)
    fewer = count - (length - begin)
    where = begin % lay.ring
    source = lay.rings if view == AS_IS or (view == CALENDAR and not plan[POSITIVE]) else lay.logs
    before = min(length - begin, lay.ring - where)  # up to the ring's end; the rest is at its beginning
    lags[fewer : fewer + before] = data[source + where : source + where + before]
    lags[fewer + before : count] = data[source : source + count - fewer - before]
    if view == CALENDAR:
        for lag in range(fewer, count):
            lags[lag] -= _effect(plan, data, lay, begin + lag - fewer)
    lags[:fewer] = lags[fewer]  # with fewer values than lags, the first is repeated
    if first == 1 and steps == lay.horizon:
        out[:] = 0.0
        for lag in range(count):
            here, coefficients = lags[lag], turned[lag]
            for j in range(steps):
                out[j] += here * coefficients[j]
        return
    for j in range(steps):
        step = first - 1 + j
        if step >= lay.horizon:
            step -= (step - lay.horizon) // season * season + season
        out[j] = _dot(lags, ridge[max(step, 0)], count)


@compiled
def grow(plan, data, lay, forest, first, out, facts):  # type: ignore[no-untyped-def]
    """Rising quantiles by the trees into ``out`` (steps, columns), starting ``first`` periods ahead, on
    features of the values in the record; those that all steps share, and the scale, into ``facts``."""
    length = plan[LENGTH]
    count = min(length, lay.ring)
    where = (length - count) % lay.ring
    values = np.empty(count)
    values[: min(count, lay.ring - where)] = data[
        lay.rings + where : lay.rings + min(where + count, lay.ring)
    ]
    values[min(count, lay.ring - where) :] = data[lay.rings : lay.rings + max(where + count - lay.ring, 0)]
    steps = np.arange(first - 1, first - 1 + len(out)).reshape(1, len(out))
    table, middle, scale = value_features(values, np.array([count]), steps, forest.short, forest.long)
    # the length of the whole history: the record has only its end
    table[0, :, forest.age] = np.log1p(float(length))
    predict(forest, table[0], out)
    facts[:-1] = table[0, 0, forest.by_step :]
    facts[-1] = scale[0]
    for j in range(len(out)):
        out[j] = np.sort(out[j]) * scale[0] + middle[0]


@compiled
def _dot(lags, coefficients, count):  # type: ignore[no-untyped-def]
    """A dot product with four sums, so that additions do not wait for each other."""
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
def move_on(plan, data, lay, value):  # type: ignore[no-untyped-def]
    """Update all members with the next value."""
    for k in range(plan[COUNT]):
        row = MEMBERS + k * FIELDS
        kind, view, season = plan[row], plan[row + 1], plan[row + 2]
        m, m2, at = plan[row + 3], plan[row + 4], plan[row + 5]
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
            # parameters: smoothing of probability and size; states: probability, size, values, demands
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
            # parameter: window; states: mean, number of values
            y = seen(plan, data, lay, view, value, length)
            data[at + 2] += 1
            data[at + 1] += (y - data[at + 1]) / min(data[at + 2], data[at])
