"""Updating an item's record with an observation, compiled: score forecasts, learn, store the value.

Only the item's own two rows change, so observations of different items may come in any order and batches.
"""

import numpy as np

from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.ensemble.weights import BUCKETS, OWN_BUCKET
from stepcast.engine.auto.series.history import LARGEST_STEP
from stepcast.engine.auto.series.quantile_grid import MEDIAN, OUTERMOST, PROBABILITIES
from stepcast.engine.online.layout import ADAPTED, ERRORS, HINKLEY, LATELY, NOTHING, PLAN, RATES
from stepcast.engine.online.members import HIGHEST, LATEST, LOWEST, ahead, move_on, remember
from stepcast.engine.online.quantiles import ALARMING, COUNTS, spread

__all__ = ["DONE", "LATE", "WAITING", "forecast_items", "observe", "weigh_all"]

DONE, LATE, WAITING = 0, 1, 2  # status of an observation; WAITING until its item has been examined
LENGTH, LAST, GAP = PLAN.index("length"), PLAN.index("last"), PLAN.index("gap")
EXPONENT, COUNT, DUE = PLAN.index("exponent"), PLAN.index("count"), PLAN.index("due")
KNOWN, KIND, SINCE = PLAN.index("known"), PLAN.index("kind"), PLAN.index("since")
DRIFT, RISEN, FALLEN, WATCHED = (PLAN.index(name) for name in ("drift", "risen", "fallen", "watched"))

MOST_FILLED = 10_000  # periods of a gap to fill one by one; of a longer gap, only the last ones
FURTHEST = 4.0  # one error counts at most this many standard deviations, as in drift.outcomes
UNIT = 1.2815515655446004  # standard deviations from the median to the quantile .9
# An item is examined again if a value is this many times as large as those it was examined with.
LARGE, LARGE_COUNT = 64.0, 4.0
FASTER = 4.0  # factor of the coverage correction while errors are ALARMING
IN_DRIFT = 4.0  # the least exponent of losses in weights once an item drifts
TINY = 1e-9  # the least weight
OUTLIER = 5.0  # an error counts at most this many times the typical error
# Page-Hinkley: the tolerated error, and the sum that signals a drift; by Siegmund's formula, a false alarm
# every four million outcomes.
ALLOWED, ALARM = 0.25, 25.0
TEMPER, MEMORY, ERROR_MEMORY, ADAPTING = 0, 1, 2, 3  # of the rates
NARROWEST, WIDEST = -1.5, 2.0  # logarithms of the least and largest coverage correction of the width


@compiled
def _centre(plan, data, lay, model, step, lags, mine):  # type: ignore[no-untyped-def]
    """The weighted forecast at ``step`` (0: the next); those of members go into ``mine`` (members, 1)."""
    bucket = min(step, lay.horizon - 1) * BUCKETS // lay.horizon
    ahead(plan, data, lay, model, step + 1, lags, mine)
    total = 0.0
    for k in range(plan[COUNT]):
        total += data[lay.weights + bucket * lay.most + k] * mine[k, 0]
    return total


@compiled
def _pit(table, value):  # type: ignore[no-untyped-def]
    """The probability of less than ``value`` by the quantiles ``table``; the middle if several are equal."""
    below = upto = 0
    for quantile in table:
        below += quantile < value
        upto += quantile <= value
    if upto == 0:
        return PROBABILITIES[0] / 2
    if below == len(table):
        return (1 + PROBABILITIES[-1]) / 2
    if upto > below:
        return (PROBABILITIES[below] + PROBABILITIES[upto - 1]) / 2
    share = (value - table[below - 1]) / (table[below] - table[below - 1])
    return PROBABILITIES[below - 1] + share * (PROBABILITIES[below] - PROBABILITIES[below - 1])


@compiled
def _standardized(table, value):  # type: ignore[no-untyped-def]
    """The distance of ``value`` from the median, in standard deviations of its side, as in drift.outcomes."""
    middle = table[MEDIAN]
    reach = table[-1 - OUTERMOST] - middle if value > middle else middle - table[OUTERMOST]
    if value == middle:
        return 0.0
    if reach <= 0:
        return FURTHEST if value > middle else -FURTHEST
    return min(max((value - middle) / reach * UNIT, -FURTHEST), FURTHEST)


@compiled
def _watch(plan, data, error, period):  # type: ignore[no-untyped-def]
    """Page-Hinkley with one more error: how far the sum of errors is above its minimum, below its maximum."""
    if data[HINKLEY] <= 0:
        plan[RISEN] = period
    if data[HINKLEY + 1] <= 0:
        plan[FALLEN] = period
    data[HINKLEY] = max(data[HINKLEY] + error - ALLOWED, 0.0)
    data[HINKLEY + 1] = max(data[HINKLEY + 1] - error - ALLOWED, 0.0)
    plan[WATCHED] += 1
    if plan[DRIFT] < 0:
        if data[HINKLEY] > ALARM:
            plan[DRIFT] = plan[RISEN]
        elif data[HINKLEY + 1] > ALARM:
            plan[DRIFT] = plan[FALLEN]


@compiled
def _learn(plan, data, lay, bucket, stride, slot, value):  # type: ignore[no-untyped-def]
    """Learn from a forecast with the outcome ``value``: the size of errors, weights, the width of quantiles.

    Sources:  multiplicative weights with exponential forgetting, Littlestone and Warmuth (1994), here of a
              power of the loss; adaptive conformal inference, Gibbs and Candès (2021).
    """
    count = plan[COUNT]
    centre, low, high = data[slot + lay.most : slot + lay.most + 3]
    error = value - centre
    typical = data[ERRORS + bucket]
    size = min(abs(error), OUTLIER * typical) if typical > 0 else abs(error)
    data[ERRORS + bucket] += (1 - np.exp(-stride / data[RATES + ERROR_MEMORY])) * (size - typical)
    late = data[LATELY + bucket]
    size = min(abs(error), OUTLIER * late) if late > 0 else abs(error)
    data[LATELY + bucket] += (1 - np.exp(-stride / max(lay.horizon, lay.short))) * (size - late)
    if plan[KIND] != COUNTS:
        step = data[RATES + ADAPTING] * (FASTER if late > ALARMING * typical else 1.0)
        for side, missed in enumerate((value < low, value > high)):
            at = ADAPTED + 2 * bucket + side
            moved = data[at] + step * ((1.0 if missed else 0.0) - PROBABILITIES[OUTERMOST])
            data[at] = min(max(moved, NARROWEST), WIDEST)
    share = 1 - np.exp(-stride / data[RATES + MEMORY])
    losses = lay.losses + bucket * lay.most
    for k in range(count):
        size = (
            min(abs(value - data[slot + k]), OUTLIER * typical)
            if typical > 0
            else abs(value - data[slot + k])
        )
        data[losses + k] += share * (size - data[losses + k])
    weigh(plan, data, lay, bucket)


@compiled
def weigh(plan, data, lay, bucket):  # type: ignore[no-untyped-def]
    """Weights of a bucket: those at the start, times a power of the change of the members' losses."""
    weights, starts, count = lay.weights + bucket * lay.most, lay.starts + bucket * lay.most, plan[COUNT]
    temper = data[RATES + TEMPER] if plan[DRIFT] < 0 else max(data[RATES + TEMPER], IN_DRIFT)
    floor, most = 1e-12 + 1e-3 * data[ERRORS + bucket], -np.inf
    for k in range(count):
        logs = 0.0
        for other in range(BUCKETS):
            share = OWN_BUCKET * (other == bucket) + (1 - OWN_BUCKET) / BUCKETS
            logs += share * np.log(max(data[lay.losses + other * lay.most + k], floor))
        data[weights + k] = data[starts + k] - temper * logs
        most = max(most, data[weights + k])
    total = 0.0
    for k in range(count):
        data[weights + k] = np.exp(data[weights + k] - most)
        total += data[weights + k]
    for k in range(count):
        data[weights + k] /= total


@compiled
def weigh_all(plan, data, lay):  # type: ignore[no-untyped-def]
    """Set the start values so that the present losses give the present weights."""
    count, before = plan[COUNT], np.empty(plan[COUNT])
    for bucket in range(BUCKETS):
        weights, starts = lay.weights + bucket * lay.most, lay.starts + bucket * lay.most
        before[:] = data[weights : weights + count]
        data[starts : starts + count] = 0.0
        weigh(plan, data, lay, bucket)
        for k in range(count):
            data[starts + k] = np.log(before[k] + TINY) - np.log(data[weights + k] + 1e-300)
        weigh(plan, data, lay, bucket)


@compiled
def _pass(  # type: ignore[no-untyped-def]
    plan, data, lay, leads, model, value, known, learn, lags, mine, table
):
    """Store ``value`` as the next one, learn from the forecasts made for it, and keep new forecasts."""
    move_on(plan, data, lay, value)
    remember(plan, data, lay, value)
    data[LOWEST], data[HIGHEST] = min(data[LOWEST], value), max(data[HIGHEST], value)
    plan[LENGTH] += 1
    if not plan[COUNT]:
        return
    length, first = plan[LENGTH], lay.pending
    for bucket in range(BUCKETS):
        lead, stride, slots = leads[bucket]
        if length % stride == 0:
            slot = first + (length // stride) % slots * (lay.most + 3)
            if known and learn and not np.isnan(data[slot + lay.most]):
                _learn(plan, data, lay, bucket, stride, slot, value)
            data[slot + lay.most] = np.nan
            if known:
                centre = _centre(plan, data, lay, model, lead - 1, lags, mine)
                spread(plan, data, lay, model, lead - 1, centre, table)
                for k in range(plan[COUNT]):
                    data[slot + k] = mine[k, 0]
                data[slot + lay.most] = centre
                data[slot + lay.most + 1] = table[OUTERMOST]
                data[slot + lay.most + 2] = table[-1 - OUTERMOST]
        first += slots * (lay.most + 3)


@compiled
def observe(  # type: ignore[no-untyped-def]
    plans,
    rows,
    lay,
    leads,
    model,
    learn,
    items,
    periods,
    values,
    status,
    errors,
    pits,
    forecasts,
    drift,
    due,
):
    """Process WAITING observations (observations,) in order; those of an item that is ``due`` stay WAITING.

    Writes ``status``, ``errors``, ``pits``, ``drift`` (observations,) and ``forecasts`` (observations, 3);
    unchanged for observations that are late, missing or the first of an item.
    """
    lags, mine, table = np.empty(lay.lags + 1), np.empty((lay.most, 1)), np.empty(len(PROBABILITIES))
    for place in range(len(items)):
        item = items[place]
        if status[place] != WAITING or due[item]:
            continue
        plan, data, period = plans[item], rows[item], periods[place]
        if plan[LAST] != NOTHING:
            if period <= plan[LAST]:
                status[place] = LATE
                continue
            plan[GAP] += period - plan[LAST] - 1
        status[place], plan[LAST] = DONE, period
        drift[place] = plan[DRIFT]
        value = values[place]
        if not np.isfinite(value):
            plan[GAP] += plan[LENGTH] > 0
            continue
        value = np.ldexp(value, -plan[EXPONENT])
        if plan[COUNT]:
            value = min(max(value, -LARGEST_STEP), LARGEST_STEP)
        if plan[LENGTH] == 0:
            plan[GAP] = 0
            data[LOWEST] = data[HIGHEST] = value
        gap = plan[GAP]
        if plan[COUNT]:
            centre = _centre(plan, data, lay, model, gap, lags, mine)
            spread(plan, data, lay, model, gap, centre, table)
            errors[place], pits[place] = _standardized(table, value), _pit(table, value)
            for column, p in enumerate((OUTERMOST, MEDIAN, len(PROBABILITIES) - 1 - OUTERMOST)):
                forecasts[place, column] = np.ldexp(table[p], plan[EXPONENT])
            _watch(plan, data, errors[place], period)
            drift[place] = plan[DRIFT]
        if gap > 0:
            if gap > MOST_FILLED:
                plan[LENGTH] += gap - MOST_FILLED
            for filled in range(max(gap - MOST_FILLED, 0), gap):
                share = (plan[SINCE] + filled + 1) / (plan[SINCE] + gap + 1)
                between = data[LATEST] + (value - data[LATEST]) * share
                _pass(
                    plan,
                    data,
                    lay,
                    leads,
                    model,
                    between,
                    False,
                    learn,
                    lags,
                    mine,
                    table,
                )
        plan[GAP] = plan[SINCE] = 0
        plan[KNOWN] += 1
        data[LATEST] = value
        _pass(plan, data, lay, leads, model, value, True, learn, lags, mine, table)
        grown = abs(value) > (LARGE_COUNT if plan[KIND] == COUNTS else LARGE)
        due[item] = learn and (grown or 0 < plan[DUE] <= plan[LENGTH])


@compiled
def forecast_items(plans, rows, lay, model, items, out):  # type: ignore[no-untyped-def]
    """Quantiles of every step (items, horizon, PROBABILITIES) into ``out``, in the record's units."""
    lags, made = np.empty(lay.lags + 1), np.empty((lay.most, lay.horizon))
    centre = np.empty(lay.horizon)
    for place in range(len(items)):
        plan, data = plans[items[place]], rows[items[place]]
        ahead(plan, data, lay, model, plan[GAP] + 1, lags, made)
        centre[:] = 0.0
        for k in range(plan[COUNT]):
            for step in range(lay.horizon):
                bucket = min(plan[GAP] + step, lay.horizon - 1) * BUCKETS // lay.horizon
                centre[step] += data[lay.weights + bucket * lay.most + k] * made[k, step]
        for step in range(lay.horizon):
            spread(plan, data, lay, model, plan[GAP] + step, centre[step], out[place, step])
