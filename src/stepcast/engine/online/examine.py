"""An item's record from its history: the AutoPredictor fits its members once; later, they are updated."""

from dataclasses import dataclass, replace

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.ensemble.calibration import TREES
from stepcast.engine.auto.ensemble.cross_validation import CrossValidation
from stepcast.engine.auto.ensemble.distribution import Distribution, distribution_at, scores_at, weights_at
from stepcast.engine.auto.members.baselines import CYCLES
from stepcast.engine.auto.members.intermittent import GAINS, PAIRS
from stepcast.engine.auto.members.intermittent_kernels import croston, tsb
from stepcast.engine.auto.members.smoothing import LONGEST_FIT, Form, forms_of
from stepcast.engine.auto.members.smoothing_kernels import (
    CANDIDATES,
    LEVEL,
    MULTIPLICATIVE,
    NONE,
    PARAMETERS,
    seasonal_indices,
    starting_states,
)
from stepcast.engine.auto.members.smoothing_kernels import THETA as THETA_FORM
from stepcast.engine.auto.panel_fit import PanelFit
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.series_forecast import examine as cross_validated
from stepcast.engine.auto.sources.count_forecast import CountForecast, count_forecast_at
from stepcast.engine.auto.transforms.calendar_effects import calendar_effects, year_length
from stepcast.engine.online import members
from stepcast.engine.online.layout import (
    ERRORS,
    EXPECTED,
    FIELDS,
    LATELY,
    MEMBERS,
    MOST_MEMBERS,
    NOTHING,
    PLAN,
    RATES,
    STATES,
    Layout,
)
from stepcast.engine.online.members import (
    AS_IS,
    CALENDAR,
    DRIFT,
    FOREST,
    HIGHEST,
    LAST_SEASON,
    LATEST,
    LOG_FLOOR,
    LOGS,
    LONG_MEAN,
    LOWEST,
    MEAN,
    MEAN_SEASON,
    NAIVE,
    RIDGE,
    SBA,
    SMOOTHING,
    THETA,
    TSB,
)
from stepcast.engine.online.observing import begin_weights
from stepcast.engine.online.quantiles import COUNTS, LOGS_SHARE
from stepcast.engine.online.state import Common
from stepcast.engine.online.thirds import THIRDS, by_third, thirds_of

__all__ = ["Examined", "empty", "examine", "long_mean"]

VIEW = {"": AS_IS, "log_": LOGS, "calendar_": CALENDAR}
KIND = {
    "naive": NAIVE,
    "mean": MEAN,
    "drift": DRIFT,
    "last_season": LAST_SEASON,
    "mean_season": MEAN_SEASON,
    "last_long_season": LAST_SEASON,
    "mean_long_season": MEAN_SEASON,
    "tsb": TSB,
    "sba": SBA,
    "ridge": RIDGE,
}
MOST_FLOATS = 2000  # of all members of an item
LEAST = 0.002  # the least weight of a member that is kept
FIRST_ALPHA, LAST_ALPHA = 0.02, 1.0  # of theta, as in its kernel


@dataclass(frozen=True)
class Examined:
    """``plan`` and ``row`` of an item, and the ``validation`` of the kept members, their source."""

    plan: Integers
    row: Floats
    validation: CrossValidation


def empty(layout: Layout) -> tuple[Integers, Floats]:
    """The record of an item without values."""
    plan = np.zeros(MEMBERS + MOST_MEMBERS * FIELDS, np.int64)
    plan[PLAN.index("last")] = NOTHING
    plan[PLAN.index("drift")] = -1
    plan[PLAN.index("due")] = 1
    plan[PLAN.index("grown")] = plan[PLAN.index("former")] = -1
    row = np.zeros(layout.members)
    row[layout.pending + layout.most : layout.path : layout.slot] = np.nan  # no forecast is pending
    return plan, row


def examine(history: History, common: Common, rates: Floats) -> Examined:
    """The record of an item whose ``history`` is not empty; ``rates`` (4,) are its learning rates."""
    layout, horizon, final = common.layout, common.task.horizon, common.shared.final
    length = len(history)
    found = _reduced(cross_validated(history, horizon, final), final, layout)
    last = len(found.origins) - 1
    made = distribution_at(found, scores_at(found, last, final.metric), final.prior, history.positive)
    plan, row = empty(layout)
    _describe(plan, row, layout, history, found)
    effects = None
    if any(name.startswith("calendar_") for name in found.names):
        ahead = horizon + layout.effects - layout.ring
        values = history.logs if history.positive else history.values
        effects = calendar_effects(values, history.end, history.frequency, length, ahead)
        assert effects is not None  # noqa: S101  # a member uses them
        begin = max(length - layout.ring, 0)
        kept_effects = effects[begin : begin + layout.effects]
        row[layout.effect : layout.effect + len(kept_effects)] = kept_effects
        plan[PLAN.index("effects_from")], plan[PLAN.index("effects")] = begin, len(kept_effects)
    grown = bool(len(common.model.forest.roots))
    share = by_third(final.calibration.shares_of(TREES) * grown, horizon)
    states = [_member(history, found, name, layout, effects) for name in found.names]
    if share.any():
        states.append(((FOREST, AS_IS, NONE, 1, 1), np.empty(0)))
    at = layout.members
    for number, (fields, floats) in enumerate(states):
        here = MEMBERS + number * FIELDS
        plan[here : here + FIELDS] = (*fields, at)
        at += len(floats)
    row = np.concatenate([row, *(floats for _, floats in states)])
    plan[PLAN.index("count")] = len(states)
    counts = count_forecast_at(history, length, horizon)
    if counts is not None and (counts.sparse or final.count_share >= 0.5):
        _count_spread(plan, row, layout, counts)
    else:
        _spread(row, layout, made, final.prior.logs)
    _expected(row, history, made, final.prior.growth, horizon)
    _weights(plan, row, layout, found, made, share, rates)
    return Examined(plan, row, found)


def _describe(plan: Integers, row: Floats, layout: Layout, history: History, found: CrossValidation) -> None:
    """Facts of the history, and its latest values."""
    length = len(history)
    for name, value in (
        ("length", length),
        ("last", history.end),
        ("exponent", history.exponent),
        ("positive", history.positive),
        ("known", history.known.sum()),
        ("since", history.known[::-1].argmax()),
        ("short", found.seasons.short),
        ("long", found.seasons.long),
    ):
        plan[PLAN.index(name)] = value
    plan[PLAN.index("due")] = _due(length, layout)
    row[LOWEST], row[HIGHEST] = history.values.min(), history.values.max()
    row[LATEST] = history.values[history.known][-1]
    row[LOG_FLOOR] = history.values.min(initial=1.0) / 2 if history.positive else 0.0
    latest = np.arange(max(0, length - layout.ring), length)
    row[layout.rings + latest % layout.ring] = history.values[latest]
    members.remember_logs(plan, row, layout)


def _due(length: int, layout: Layout) -> int:
    """The length at which a short history is examined again: 1.5 times this one; 0 once the ring is full."""
    following = max(length + 1, length * 3 // 2)
    return following if following <= layout.ring else 0


def _reduced(found: CrossValidation, final: PanelFit, layout: Layout) -> CrossValidation:
    """The cross-validation of the members that are kept: those of the largest weights, at least one."""
    able = [
        place
        for place, name in enumerate(found.names)
        if not name.startswith("related_")
        and not name.endswith("median_cycle")
        and not (name.endswith("mean_long_season") and CYCLES * found.seasons.long > layout.ring)
    ]
    last = len(found.origins) - 1
    mean = weights_at(found, scores_at(found, last, final.metric), final.prior).mean(axis=1)
    order = sorted(able, key=lambda place: -float(mean[place]))
    kept: list[int] = []
    room = MOST_FLOATS
    for place in order:
        size = _size(found.names[place], found.seasons)
        if mean[place] >= LEAST and len(kept) < layout.most - 1 and size <= room:
            kept.append(place)
            room -= size
    kept = kept or order[:1]
    names = tuple(found.names[place] for place in kept)
    return replace(found, names=names, forecasts=found.forecasts[kept])


def _size(name: str, seasons: Seasons) -> int:
    """The most floats that a member of this name needs."""
    label = name.removeprefix("log_").removeprefix("calendar_")
    if label in KIND:
        return 6
    long, short = label.startswith(("long_", "double_")), "season" in label or "multiplicative" in label
    double = label.startswith("double_")
    return STATES + (seasons.long if long else 0) + (seasons.short if double or (short and not long) else 1)


def _weights(
    plan: Integers,
    row: Floats,
    layout: Layout,
    found: CrossValidation,
    made: Distribution,
    share: Floats,
    rates: Floats,
) -> None:
    """Weights, losses at past origins, and both as values at the start."""
    row[RATES : RATES + len(rates)] = rates
    count, horizon = made.weights.shape[0], layout.horizon
    actual = found.actual[:-1]
    errors = np.abs(found.forecasts[:, :-1] - actual)
    weights = by_third(made.weights.T, horizon)
    for bucket in range(THIRDS):
        inside = thirds_of(horizon) == bucket
        known = np.isfinite(actual) & (inside if inside.any() else True)
        begin = layout.losses + bucket * layout.most
        losses = errors[:, known].mean(axis=1) if known.any() else np.full(count, made.scale)
        row[begin : begin + count] = losses
        begin = layout.weights + bucket * layout.most
        row[begin : begin + count] = weights[bucket] * (1 - share[bucket])
        if share.any():
            row[begin + count] = share[bucket]
            # the trees' errors are in-sample and say nothing: use the expected error of the ensemble
            row[layout.losses + bucket * layout.most + count] = row[EXPECTED + bucket]
    begin_weights(plan, row, layout)


def _member(
    history: History,
    found: CrossValidation,
    name: str,
    layout: Layout,
    effects: Floats | None,
) -> tuple[tuple[int, int, int, int, int], Floats]:
    """Fields and floats of one member at the end of the history."""
    prefix = next((prefix for prefix in ("log_", "calendar_") if name.startswith(prefix)), "")
    label, view = name.removeprefix(prefix), VIEW[prefix]
    values = history.values
    if prefix == "log_" or (prefix == "calendar_" and history.positive):
        values = history.logs
    if effects is not None and prefix == "calendar_":
        values = values - effects[: len(values)]
    if prefix == "calendar_" and label in ("mean", "mean_of_years"):
        window = year_length(history.frequency) * (1 if label == "mean" else 10)
        floats = np.array([window, 0.0, 0.0])
        long_mean(values, floats)
        return (LONG_MEAN, view, NONE, 1, 1), floats
    if label in KIND:
        seasons = found.seasons
        m = seasons.long if "_long_" in label else max(seasons.short, 1)
        return (KIND[label], view, NONE, m, 1), _simple(KIND[label], history, layout)
    form = next(
        form
        for form in forms_of(values[: history.fit_until], found.seasons, prefix != "")
        if form.name == label
    )
    return _smoothed(form, view, values, found.parameters[prefix][label].astype(np.float64), layout)


def _simple(kind: int, history: History, layout: Layout) -> Floats:
    """Floats of a member without parameters, or for intermittent demand."""
    values, length = history.values, len(history)
    end, mean = np.array([length]), np.empty(1)
    floats = np.zeros(6)
    # cross-validation chose the smoothing on its training part: choose it on the whole history
    if kind == TSB:
        best = tsb(values, length, end, PAIRS[:, 0].copy(), PAIRS[:, 1].copy(), mean)
        floats[:2] = PAIRS[best]
    elif kind == SBA:
        floats[0] = GAINS[croston(values, length, end, GAINS, mean)]
    else:
        return np.empty(0)
    plan = np.zeros(MEMBERS + FIELDS, np.int64)
    plan[PLAN.index("count")] = 1
    plan[MEMBERS : MEMBERS + FIELDS] = (kind, AS_IS, NONE, 1, 1, 0)
    _run(plan, floats, layout, values)
    return floats


def _smoothed(
    form: Form, view: int, values: Floats, parameters: Floats, layout: Layout
) -> tuple[tuple[int, int, int, int, int], Floats]:
    """A smoothing form or theta, run over the values with its fitted parameters."""
    begin = max(0, len(values) - LONGEST_FIT)
    inside = values[begin:]
    m, m2 = form.length, max(form.second, 1)
    floats = np.zeros(STATES + m + m2)
    kind = THETA if form.trend == THETA_FORM else SMOOTHING
    season = form.season
    if kind == THETA:
        index = np.zeros(m)
        if season != NONE and len(inside) >= 2 * m:
            seasonal_indices(inside, len(inside), m, season == MULTIPLICATIVE, index)
        else:
            season = NONE
        alphas = np.linspace(FIRST_ALPHA, LAST_ALPHA, 2 * CANDIDATES)
        floats[0] = alphas[np.abs(alphas - parameters[LEVEL]).argmin()]
        floats[1] = _drift(inside, index, season == MULTIPLICATIVE)
        floats[STATES : STATES + m] = index
    else:
        floats[:PARAMETERS] = parameters
        s, s2, level_slope = np.zeros(m), np.zeros(m2), np.zeros(2)
        starting_states(inside, len(inside), form.trend, season, m, form.second, level_slope, s, s2)
        floats[6:8] = level_slope
        floats[STATES : STATES + m], floats[STATES + m :] = s, s2
    plan = np.zeros(MEMBERS + FIELDS, np.int64)
    plan[PLAN.index("count")] = 1
    plan[MEMBERS : MEMBERS + FIELDS] = (kind, AS_IS, season, m, m2, 0)
    _run(plan, floats, layout, inside)
    # phases count from the first value of the history, not from the first smoothed one
    floats[STATES : STATES + m] = np.roll(floats[STATES : STATES + m], begin % m)
    floats[STATES + m :] = np.roll(floats[STATES + m :], begin % m2)
    return (kind, view, season, m, m2), floats


@compiled
def _run(plan, floats, layout, values):  # type: ignore[no-untyped-def]
    """Update the only member of ``plan`` with all values, untransformed."""
    for place in range(len(values)):
        plan[members.LENGTH] = place
        members.move_on(plan, floats, layout, values[place])


@compiled
def long_mean(values, floats):  # type: ignore[no-untyped-def]
    """Into ``floats`` (window, mean, count) a mean of ``values``, in which the latest window counts more."""
    for value in values:
        floats[2] += 1
        floats[1] += (value - floats[1]) / min(floats[2], floats[0])


@compiled
def _drift(values, index, multiplicative):  # type: ignore[no-untyped-def]
    """Half the slope of a line through the seasonally adjusted values, as in the theta method."""
    sx = sy = sxy = sxx = 0.0
    n, m = len(values), len(index)
    for t in range(n):
        y = values[t] / index[t % m] if multiplicative else values[t] - index[t % m]
        sx += t
        sy += y
        sxy += t * y
        sxx += float(t) * t
    d = n * sxx - sx * sx
    return 0.5 * (n * sxy - sx * sy) / d if d > 0 else 0.0


def _spread(row: Floats, layout: Layout, made: Distribution, logs: float) -> None:
    """The size of errors by step, and the shape of their distribution by bucket."""
    logarithmic = made.ways.logarithmic
    _shape(row, layout, 0, made.ways.plain - made.centre[:, None])
    if logarithmic is not None:
        centre = np.maximum(made.centre, 1e-12)[:, None]
        _shape(row, layout, 1, np.log(np.maximum(logarithmic, 1e-12) / centre))
        row[LOGS_SHARE] = logs


def _shape(row: Floats, layout: Layout, which: int, offsets: Floats) -> None:
    """Split ``offsets`` (horizon, PROBABILITIES) into a size by step and a shape by bucket."""
    horizon = layout.horizon
    size = np.abs(offsets).mean(axis=1)
    begin = layout.growth + which * horizon
    row[begin : begin + horizon] = size
    shapes = np.zeros((THIRDS, len(PROBABILITIES)))
    for bucket in range(THIRDS):
        inside = (thirds_of(horizon) == bucket) & (size > 0)
        if inside.any():
            shapes[bucket] = (offsets[inside] / size[inside, None]).mean(axis=0)
    begin = layout.shapes + which * shapes.size
    row[begin : begin + shapes.size] = shapes.ravel()


def _count_spread(plan: Integers, row: Floats, layout: Layout, counts: CountForecast) -> None:
    """Quantiles of counts, divided by the mean."""
    plan[PLAN.index("kind")] = COUNTS
    mean = counts.table[:, -1:]
    ratios = np.divide(counts.table[:, :-1], mean, out=np.zeros_like(counts.table[:, :-1]), where=mean > 0)
    horizon = layout.horizon
    row[layout.growth + horizon : layout.growth + 2 * horizon] = 1.0
    shapes = np.zeros((THIRDS, len(PROBABILITIES)))
    for bucket in range(THIRDS):
        inside = thirds_of(horizon) == bucket
        if inside.any():
            shapes[bucket] = ratios[inside].mean(axis=0)
    begin = layout.shapes + shapes.size
    row[begin : begin + shapes.size] = shapes.ravel()


def _expected(row: Floats, history: History, made: Distribution, growth: Floats | None, horizon: int) -> None:
    """The expected size of errors in each bucket."""
    floor = 1e-9 + 1e-6 * float(np.abs(history.values).max())
    for bucket in range(THIRDS):
        inside = thirds_of(horizon) == bucket
        errors = np.abs(made.errors[:, inside])
        known = errors[np.isfinite(errors)]
        usual = 1.0 if growth is None or not inside.any() else float(growth[inside].mean())
        size = float(known.mean()) if len(known) >= 5 else made.scale * usual
        row[EXPECTED + bucket] = row[ERRORS + bucket] = row[LATELY + bucket] = max(size, floor)
