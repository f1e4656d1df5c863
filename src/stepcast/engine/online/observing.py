"""Updating an item's record with an observation, compiled: score forecasts, learn, store the value.

Only the item's own two rows change, so observations of different items may come in any order and batches.
"""

import numpy as np

from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.ensemble.weights import OWN_BUCKET
from stepcast.engine.auto.series.history import LARGEST_STEP
from stepcast.engine.auto.series.quantile_grid import MEDIAN, OUTERMOST, PROBABILITIES
from stepcast.engine.online.correction import correct, corrected, has_trees
from stepcast.engine.online.layout import (
    ADAPTED,
    CHANGES,
    ERRORS,
    HINKLEY,
    LATELY,
    NOTHING,
    PLAN,
    RATES,
)
from stepcast.engine.online.members import (
    HIGHEST,
    LATEST,
    LOWEST,
    ahead,
    grow,
    move_on,
    remember,
)
from stepcast.engine.online.quantiles import ALARMING, COUNTS, LOGS_SHARE, spread
from stepcast.engine.online.thirds import THIRDS, third_of

__all__ = ["DONE", "LATE", "WAITING", "begin_weights", "forecast_items", "observe"]

DONE, LATE, WAITING = 0, 1, 2  # status of an observation; WAITING until its item has been examined
LENGTH, LAST, GAP = PLAN.index("length"), PLAN.index("last"), PLAN.index("gap")
EXPONENT, COUNT, DUE = PLAN.index("exponent"), PLAN.index("count"), PLAN.index("due")
KNOWN, KIND, SINCE = PLAN.index("known"), PLAN.index("kind"), PLAN.index("since")
GROWN, FORMER = PLAN.index("grown"), PLAN.index("former")
DRIFT, RISEN, FALLEN, WATCHED = (PLAN.index(name) for name in ("drift", "risen", "fallen", "watched"))

MOST_FILLED = 10_000  # periods of a gap to fill one by one; of a longer gap, only the last ones
LEAST_USUAL = 0.1  # part of the usual size of errors that a low level leaves
FURTHEST = 4.0  # one error counts at most this many standard deviations, as in drift.outcomes
UNIT = 1.2815515655446004  # standard deviations from the median to the quantile .9
# An item is examined again if a value is this many times as large as those it was examined with.
LARGE, LARGE_COUNT = 64.0, 4.0
FASTER = 4.0  # factor of the coverage correction while errors are ALARMING
IN_DRIFT = 12.0  # the least exponent of losses in weights, once an item drifts
# Of stretched forecast changes: how reluctantly the slope leaves one; the exponent of the losses in their
# share, how many outcomes without a gain these count with, and the odds against it while nothing is known.
RELUCTANCE, FOLLOWING, UNTRIED, AGAINST = 3.0, 24.0, 0.5, 3.0
TINY = 1e-9  # the least weight
OUTLIER = 5.0  # an error counts at most this many times the recent errors
# No memory is longer than this share of the history: how an item was when it was young says little.
LONGEST_MEMORY = 0.25
# Page-Hinkley: the tolerated error, and the sum that signals a drift; by Siegmund's formula, a false alarm
# every four million outcomes.
ALLOWED, ALARM = 0.25, 25.0
TEMPER, MEMORY, ERROR_MEMORY, ADAPTING = 0, 1, 2, 3  # of the rates
LEAST_STRETCH, MOST_STRETCH = 0.5, 2.0
# Of a kept forecast, after the members': their weighted mean, the outer quantiles, the median before it was
# stretched, the latest value and the stretch then.
CENTRE, LOW, HIGH, MEDIAN_THEN, LATEST_THEN, STRETCH_THEN = 0, 1, 2, 3, 4, 5
NARROWEST, WIDEST = -1.5, 2.0  # logarithms of the least and largest coverage correction of the width


@compiled
def _keep_path(plan, data, lay, model, path):  # type: ignore[no-untyped-def]
    """Ask the trees for a new path, into the record, if the kept one is over; ``path`` is a buffer."""
    age = plan[LENGTH] - plan[GROWN]
    columns = model.forest.columns
    if columns == 0 or not has_trees(plan) or (plan[GROWN] >= 0 and age < lay.lasts):
        return
    size, facts = lay.former - lay.path, np.empty(lay.facts + 1)
    for place in range(size):
        data[lay.former + place] = data[lay.path + place]
    grow(plan, data, lay, model.forest, 1, path, facts)
    for step in range(lay.horizon):
        for column in range(columns):
            data[lay.path + step * columns + column] = path[step, column]
    beside = lay.path + lay.horizon * columns
    data[beside : beside + lay.facts + 1] = facts
    correct(data, lay, facts, data[beside + lay.facts + 1 : beside + lay.facts + 3])
    plan[FORMER], plan[GROWN] = plan[GROWN], plan[LENGTH]


@compiled
def _on_path(plan, data, lay, columns, step, out):  # type: ignore[no-untyped-def]
    """The kept path at ``step`` (0: the next) into ``out`` (1, columns); beyond its end, seasons earlier."""
    place = max(plan[LENGTH] - plan[GROWN] + step, 0)
    if place >= lay.horizon:
        place = max(place - ((place - lay.horizon) // lay.short + 1) * lay.short, 0)
    if columns == 0:
        return
    beside = lay.path + lay.horizon * columns + lay.facts + 1
    shift = corrected(data[beside : beside + 2], place, lay.horizon)
    for column in range(columns):
        out[0, column] = data[lay.path + place * columns + column] + shift


@compiled
def _stretch(data, bucket):  # type: ignore[no-untyped-def]
    """By how much to multiply forecast changes, and the share of the changes multiplied so beside those that
    were forecast.

    The first is the slope of outcomes on forecast changes, shrunk to one: a ridge regression through the
    origin on discounted sums. The share is a quarter, and changes with a power of the ratio of the losses
    without and with it. The bucket's own outcomes count four times.
    """
    squares = products = errors = count = plain = stretched = 0.0
    for other in range(THIRDS):
        importance = 1.0 + THIRDS * (other == bucket)
        at = CHANGES + 6 * other
        squares += importance * data[at]
        products += importance * data[at + 1]
        errors += importance * data[at + 2]
        count += importance * data[at + 3]
        plain += importance * data[at + 4]
        stretched += importance * data[at + 5]
    if count <= 0:
        return 1.0, 0.0
    penalty = 2 * THIRDS * RELUCTANCE * errors / count
    slope = (products + penalty) / (squares + penalty)
    untried = 2 * THIRDS * UNTRIED * plain / count
    gain = ((plain + untried) / (stretched + untried)) ** FOLLOWING
    share = gain / (gain + AGAINST)
    if not (np.isfinite(slope) and np.isfinite(share)):
        return 1.0, 0.0
    return min(max(slope, LEAST_STRETCH), MOST_STRETCH), share


@compiled
def _combine(plan, data, lay, bucket, columns, members, trees):  # type: ignore[no-untyped-def]
    """From forecasts of one step, ``members`` (members,) and ``trees`` (columns,), which are stretched in
    place: the centre, the share of the trees' quantiles, and the median before it was stretched."""
    count, share, centre = plan[COUNT], 0.0, 0.0
    weights = lay.weights + bucket * lay.most
    if columns > 1 and plan[KIND] != COUNTS and has_trees(plan):
        count -= 1
        share = data[weights + count]
    for k in range(count):
        centre += data[weights + k] * members[k]
    middle = len(trees) // 2
    if share > 0:
        centre = centre / (1 - share) if share < 1 - TINY else trees[middle]
    median = centre + share * (trees[middle] - centre) if share > 0 else centre
    stretch, followed = _stretch(data, bucket)
    if stretch != 1:
        change = followed * (stretch - 1) * (median - _latest(plan, data, lay))
        centre += change
        for column in range(len(trees)):
            trees[column] += change
    return centre, share, median, stretch


@compiled
def _latest(plan, data, lay):  # type: ignore[no-untyped-def]
    return data[lay.rings + (plan[LENGTH] - 1) % lay.ring]


@compiled
def _at_step(plan, data, lay, model, step, lags, trees, mine, table):  # type: ignore[no-untyped-def]
    """Quantiles at ``step`` (0: the next) into ``table``, forecasts of the members into ``mine`` (members,
    1); returns the centre, and the median before it was stretched."""
    bucket = third_of(step, lay.horizon)
    columns = model.forest.columns
    _on_path(plan, data, lay, columns, step, trees)
    ahead(plan, data, lay, model, step + 1, lags, trees, mine)
    centre, share, median, stretch = _combine(plan, data, lay, bucket, columns, mine[:, 0], trees[0])
    spread(plan, data, lay, model.factors, step, centre, share, trees[0], table)
    return centre, median, stretch


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
def _pace(stride, memory, length):  # type: ignore[no-untyped-def]
    """The share of a new outcome in an exponential mean, with an outcome every ``stride`` values."""
    return 1 - np.exp(-stride / max(min(memory, LONGEST_MEMORY * length), 1.0))


@compiled
def _learn_stretch(data, lay, bucket, stride, kept, value, less):  # type: ignore[no-untyped-def]
    """Add an outcome to the sums that ``_stretch`` uses; overlapping horizons count as one outcome."""
    forecast = less * (data[kept + MEDIAN_THEN] - data[kept + LATEST_THEN])
    came = less * (value - data[kept + LATEST_THEN])
    remains = np.exp(-stride / max(lay.horizon, lay.short))
    at, new = CHANGES + 6 * bucket, (bucket + 0.5) / THIRDS * lay.horizon
    new = min(stride / new, 1.0)
    data[at] = remains * data[at] + new * forecast * forecast
    data[at + 1] = remains * data[at + 1] + new * forecast * came
    data[at + 2] = remains * data[at + 2] + new * (came - forecast) ** 2
    data[at + 3] = remains * data[at + 3] + new
    data[at + 4] = remains * data[at + 4] + new * abs(came - forecast)
    data[at + 5] = remains * data[at + 5] + new * abs(came - data[kept + STRETCH_THEN] * forecast)


@compiled
def _usual_at(data, lay, bucket, centre):  # type: ignore[no-untyped-def]
    """How much larger errors usually are at the level of ``centre`` than at the one they were measured at.

    To the share that is logarithmic they grow with the level: larger ones there say nothing new.
    """
    logs, horizon, size, ratio = data[LOGS_SHARE], lay.horizon, 0.0, 0.0
    if logs == 0:
        return 1.0
    for step in range(horizon):
        if third_of(step, horizon) == bucket:
            size += data[lay.growth + step]
            ratio += data[lay.growth + horizon + step]
    if size == 0 or ratio == 0:
        return 1.0
    return max(1 - logs + logs * centre * ratio / size, LEAST_USUAL)


@compiled
def _learn(plan, data, lay, bucket, stride, slot, value):  # type: ignore[no-untyped-def]
    """Learn from a forecast with the outcome ``value``: the size of errors, weights, the width of quantiles.

    Sources:  multiplicative weights with exponential forgetting, Littlestone and Warmuth (1994), here of a
              power of the loss; adaptive conformal inference, Gibbs and Candès (2021).
    """
    count, kept, length = plan[COUNT], slot + lay.most, plan[LENGTH]
    centre, typical, late = data[kept + CENTRE], data[ERRORS + bucket], data[LATELY + bucket]
    error = abs(value - centre) / _usual_at(data, lay, bucket, centre)
    # all errors of an outlier are reduced alike: which member erred more still shows
    less = min(OUTLIER * late / error, 1.0) if late > 0 and error > 0 else 1.0
    size = less * error
    data[ERRORS + bucket] += _pace(stride, data[RATES + ERROR_MEMORY], length) * (size - typical)
    data[LATELY + bucket] += _pace(stride, max(lay.horizon, lay.short), length) * (size - late)
    if plan[KIND] != COUNTS:
        step = data[RATES + ADAPTING] * (FASTER if late > ALARMING * typical else 1.0)
        for side, missed in enumerate((value < data[kept + LOW], value > data[kept + HIGH])):
            at = ADAPTED + 2 * bucket + side
            moved = data[at] + step * ((1.0 if missed else 0.0) - PROBABILITIES[OUTERMOST])
            data[at] = min(max(moved, NARROWEST), WIDEST)
    _learn_stretch(data, lay, bucket, stride, kept, value, less)
    losses, weights = lay.losses + bucket * lay.most, lay.weights + bucket * lay.most
    memory, before, after = data[RATES + MEMORY], 0.0, 0.0
    for k in range(count):
        forecast = data[slot + k]
        if np.isnan(forecast):  # of the trees, which were not asked: their loss changes like the others'
            data[losses + k] *= after / before if before > 0 else 1.0
            continue
        share = _pace(lay.lasts if k == count - 1 and has_trees(plan) else stride, memory, length)
        before += data[weights + k] * data[losses + k]
        data[losses + k] += share * (less * abs(value - forecast) - data[losses + k])
        after += data[weights + k] * data[losses + k]
    weigh(plan, data, lay, bucket)


@compiled
def weigh(plan, data, lay, bucket):  # type: ignore[no-untyped-def]
    """Weights of a bucket: those at the start, times a power of the change of the members' losses."""
    weights, starts, count = lay.weights + bucket * lay.most, lay.starts + bucket * lay.most, plan[COUNT]
    temper = data[RATES + TEMPER] if plan[DRIFT] < 0 else max(data[RATES + TEMPER], IN_DRIFT)
    usual, most = lay.usual + bucket * lay.most, -np.inf
    for k in range(count):
        change = _log_loss(data, lay, bucket, k) - data[usual + k]
        data[weights + k] = data[starts + k] - temper * change
        most = max(most, data[weights + k])
    total = 0.0
    for k in range(count):
        data[weights + k] = np.exp(data[weights + k] - most)
        total += data[weights + k]
    for k in range(count):
        data[weights + k] /= total


@compiled
def _log_loss(data, lay, bucket, k):  # type: ignore[no-untyped-def]
    """The logarithm of a member's loss in a bucket, of which the other buckets are a part."""
    floor, logs = 1e-12 + 1e-3 * data[ERRORS + bucket], 0.0
    for other in range(THIRDS):
        share = OWN_BUCKET * (other == bucket) + (1 - OWN_BUCKET) / THIRDS
        logs += share * np.log(max(data[lay.losses + other * lay.most + k], floor))
    return logs


@compiled
def begin_weights(plan, data, lay):  # type: ignore[no-untyped-def]
    """Keep the present weights and losses as those at the start."""
    for bucket in range(THIRDS):
        for k in range(plan[COUNT]):
            place = bucket * lay.most + k
            data[lay.starts + place] = np.log(data[lay.weights + place] + TINY)
            data[lay.usual + place] = _log_loss(data, lay, bucket, k)


@compiled
def _pass(  # type: ignore[no-untyped-def]
    plan, data, lay, leads, model, value, known, learn, lags, trees, mine, table, path
):
    """Store ``value`` as the next one, learn from the forecasts made for it, and keep new forecasts."""
    move_on(plan, data, lay, value)
    remember(plan, data, lay, value)
    data[LOWEST], data[HIGHEST] = min(data[LOWEST], value), max(data[HIGHEST], value)
    plan[LENGTH] += 1
    length, stride = plan[LENGTH], leads[0, 1]
    if not plan[COUNT] or length % stride != 0:
        return
    if known:
        _keep_path(plan, data, lay, model, path)
    first = lay.pending
    for bucket in range(THIRDS):
        lead, _, slots = leads[bucket]
        slot = first + (length // stride) % slots * lay.slot
        kept = slot + lay.most
        if known and learn and not np.isnan(data[kept + CENTRE]):
            _learn(plan, data, lay, bucket, stride, slot, value)
        data[kept + CENTRE] = np.nan
        if known:
            centre, median, stretch = _at_step(plan, data, lay, model, lead - 1, lags, trees, mine, table)
            for k in range(plan[COUNT]):
                data[slot + k] = mine[k, 0]
            if has_trees(plan) and plan[GROWN] != length:
                data[slot + plan[COUNT] - 1] = np.nan
            data[kept + CENTRE], data[kept + MEDIAN_THEN] = centre, median
            data[kept + LOW], data[kept + HIGH] = table[OUTERMOST], table[-1 - OUTERMOST]
            data[kept + LATEST_THEN], data[kept + STRETCH_THEN] = value, stretch
        first += slots * lay.slot


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
    columns = model.forest.columns
    trees, path = np.zeros((1, max(columns, 1))), np.empty((lay.horizon, columns))
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
            _keep_path(plan, data, lay, model, path)
            _at_step(plan, data, lay, model, gap, lags, trees, mine, table)
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
                    trees,
                    mine,
                    table,
                    path,
                )
        plan[GAP] = plan[SINCE] = 0
        plan[KNOWN] += 1
        data[LATEST] = value
        _pass(plan, data, lay, leads, model, value, True, learn, lags, trees, mine, table, path)
        grown = abs(value) > (LARGE_COUNT if plan[KIND] == COUNTS else LARGE)
        due[item] = learn and (grown or 0 < plan[DUE] <= plan[LENGTH])


@compiled
def forecast_items(plans, rows, lay, model, items, out):  # type: ignore[no-untyped-def]
    """Quantiles of every step (items, horizon, PROBABILITIES) into ``out``, in the record's units."""
    lags, made = np.empty(lay.lags + 1), np.empty((lay.most, lay.horizon))
    columns = model.forest.columns
    trees = np.zeros((lay.horizon, max(columns, 1)))
    facts, ends = np.empty(lay.facts + 1), np.empty(2)
    for place in range(len(items)):
        plan, data = plans[items[place]], rows[items[place]]
        first = plan[GAP]
        if columns > 0 and has_trees(plan):
            if first == 0 and plan[GROWN] == plan[LENGTH]:  # the kept path begins here
                for step in range(lay.horizon):
                    _on_path(plan, data, lay, columns, step, trees[step : step + 1])
            else:
                grow(plan, data, lay, model.forest, first + 1, trees, facts)
                correct(data, lay, facts, ends)
                for step in range(lay.horizon):
                    trees[step] += corrected(ends, first + step, lay.horizon)
        ahead(plan, data, lay, model, first + 1, lags, trees, made)
        for step in range(lay.horizon):
            bucket = third_of(first + step, lay.horizon)
            centre, share, _, _ = _combine(plan, data, lay, bucket, columns, made[:, step], trees[step])
            spread(plan, data, lay, model.factors, first + step, centre, share, trees[step], out[place, step])
