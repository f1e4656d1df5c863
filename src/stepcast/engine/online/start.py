"""The first state: every item of a panel is examined once, as the AutoPredictor does."""

import hashlib
from dataclasses import replace

import numpy as np

from stepcast.engine import archive
from stepcast.engine.arrays import Floats
from stepcast.engine.auto.ensemble.calibration import TREES
from stepcast.engine.auto.members.ridge import Ridge
from stepcast.engine.auto.series.history import History, histories_of
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.shared import Shared
from stepcast.engine.errors import ImpossibleTask
from stepcast.engine.frequency import Frequency
from stepcast.engine.losses import pinball_loss
from stepcast.engine.online.examine import VIEW
from stepcast.engine.online.forecast import tables
from stepcast.engine.online.forest import forest_of
from stepcast.engine.online.layout import (
    FIELDS,
    MEMBERS,
    MOST_MEMBERS,
    Layout,
    layout_of,
    leads_of,
)
from stepcast.engine.online.members import Model
from stepcast.engine.online.rates import JUDGED, NOT_KNOWN, best_rates, put_rates
from stepcast.engine.online.reexamine import record_of
from stepcast.engine.online.state import Common, State, widened
from stepcast.engine.online.thirds import by_third
from stepcast.engine.online.update import update
from stepcast.engine.panel import Panel
from stepcast.engine.task import AUTO, Task

__all__ = ["common_of", "start"]

# Trees whose share is less than this hardly change the width: of them only the median is asked.
OUTER_TREES = 0.5
# Learning rates are chosen on at most this many items, and the last this many values, or a third of them.
MOST_TRIED, FEWEST_TRIED, LONGEST_TRIED = 24, 8, 400


def start(panel: Panel, task: Task, shared: Shared | bytes, *, trees: bool = True) -> State:
    """A state at the end of ``panel``; ``shared`` is the result of ``fit_shared`` for ``task``.

    Raises ImpossibleTask if the task names another algorithm than the AutoPredictor.

    Every item is examined once, as the AutoPredictor does to forecast it: this gives its members, their
    parameters and weights, and the distribution of its errors. Related series and holidays are not followed.
    Without ``trees``, updates and forecasts take less time; trees that use related series, holidays or
    categories, which records do not have, are always left out.
    """
    common = common_of(task, panel.frequency, shared, trees)
    plain = Panel(panel.ids, panel.values, panel.observed, panel.end, panel.frequency, None, panel.metadata)
    with np.errstate(over="ignore"):
        histories = histories_of(plain, common.shared.encoder, task.horizon)
        # without trees: they were trained on the held-back part, where their errors would be too small
        rates = _rates(histories, common_of(task, panel.frequency, shared, trees=False))
        state = state_of(list(panel.ids), histories, common)
    state.typical = _typical(panel)
    put_rates(state.rows, rates)
    return state


def state_of(ids: list[str], histories: list[History], common: Common) -> State:
    """A state at the end of each of ``histories``."""
    layout = common.layout
    plans = np.zeros((0, MEMBERS + MOST_MEMBERS * FIELDS), np.int64)
    state = State(common, [], plans, np.zeros((0, layout.members)), np.zeros(len(PROBABILITIES)))
    records = [record_of(history, common) for history in histories]
    if records:
        wide = max(len(row) for _, row in records)
        rows = np.stack([widened(row[None], wide)[0] for _, row in records])
        state.grow(ids, np.stack([plan for plan, _ in records]), rows)
    return state


def _rates(histories: list[History], common: Common) -> Floats:
    """The learning rates that would have been best recently, for a sample of the items."""
    layout, horizon = common.layout, common.task.horizon
    lengths = np.array([len(history) for history in histories])
    back = int(min(LONGEST_TRIED, np.median(lengths) // 3)) if len(lengths) else 0
    able = [history for history in histories if len(history) >= 3 * back]
    if back < FEWEST_TRIED or not able:
        return NOT_KNOWN
    chosen = able[:: max(1, -(-len(able) // MOST_TRIED))]
    cut = [history.before(len(history) - back) for history in chosen]
    there = [place for place, history in enumerate(cut) if len(history)]
    if not there:  # a gap longer than the longest history, and values only in the held-back part
        return NOT_KNOWN
    trial = state_of([str(place) for place in there], [cut[place] for place in there], common)
    plans, rows = trial.plans, trial.rows
    came = np.stack([_came(chosen[place], back) for place in there])
    periods = chosen[0].end - back + 1 + np.arange(back)
    step = max(1, horizon // 2)

    def losses_with(rates: Floats) -> Floats:
        trial.plans, trial.rows = plans.copy(), rows.copy()
        put_rates(trial.rows, rates)
        losses, items = np.zeros(len(there)), np.arange(len(there))
        for begin in range(0, back - 1, step):
            ahead = tables(trial, items)[..., JUDGED]
            actual = came[:, begin : begin + horizon]
            error = actual[..., None] - ahead[:, : actual.shape[1]]
            losses += np.nansum(pinball_loss(error, PROBABILITIES[JUDGED]), axis=(1, 2))
            inside = slice(begin, begin + step)
            told = periods[inside]
            update(trial, np.repeat(items, len(told)), np.tile(told, len(items)), came[:, inside].ravel())
        return losses

    return best_rates(losses_with, float(max(horizon, layout.short)))


def _came(history: History, back: int) -> Floats:
    """The last ``back`` values in the item's units, nan if not observed."""
    values = np.ldexp(history.values[-back:], history.exponent)
    return np.where(history.known[-back:], values, np.nan)


def common_of(task: Task, frequency: Frequency, shared: Shared | bytes, trees: bool) -> Common:
    """The part of a state that all items share."""
    if task.algorithm != AUTO:
        raise ImpossibleTask(f"{task.algorithm} cannot be updated value by value: use {AUTO}")
    if task.network:
        raise ImpossibleTask(f"{task.network} cannot be updated value by value: use {AUTO} without a network")
    for bound in (task.bounds.minimum, task.bounds.maximum):
        if isinstance(bound, str):
            raise ImpossibleTask(
                f"the bound {bound!r} is each item's own, which is not known where they are updated value by "
                "value: write a number, or leave it out"
            )
    packed = shared if isinstance(shared, bytes) else archive.to_bytes(shared)
    known = archive.from_bytes(Shared, shared) if isinstance(shared, bytes) else shared
    known = replace(known, sums=None)  # which a stream has no use for
    task.check()
    ridges = {name: ridge for name, ridge in known.final.after.items() if name in VIEW}
    final, encoder = known.final, known.encoder
    # the features of the trees must be in the records
    share = final.calibration.share(TREES)
    usable = trees and not (encoder.features or encoder.countries) and share > 0
    forest = forest_of(final.trees if usable else None, outer=share >= OUTER_TREES)
    layout = layout_of(frequency, task.horizon, ridges, forest.columns, forest.facts)
    coefficients = _ridges(ridges, layout)
    told = hashlib.sha256(packed)
    told.update(repr((task, frequency, layout, len(forest.roots))).encode())
    return Common(
        task=task,
        frequency=frequency,
        shared=known,
        layout=layout,
        leads=leads_of(task.horizon),
        model=Model(
            coefficients,
            coefficients.transpose(0, 2, 1).copy(),
            by_third(final.calibration.factors, task.horizon),
            forest,
        ),
        trees=trees,
        fingerprint=told.digest()[:8],
    )


def _ridges(ridges: dict[str, Ridge], layout: Layout) -> Floats:
    """Coefficients by view and step (views, horizon, lags + 1); the last column is the number of lags.

    A ridge is fitted to standardized lags. Its output is scaled back, so the scale cancels out, and the mean
    is included in the coefficients here.
    """
    result = np.zeros((len(VIEW), layout.horizon, layout.lags + 1))
    for name, ridge in ridges.items():
        coefficients = ridge.coefficients.T
        lags = coefficients.shape[1]
        middle = (1 - coefficients.sum(axis=1, keepdims=True)) / lags
        result[VIEW[name], :, :lags] = coefficients + middle
        result[VIEW[name], :, -1] = lags
    return result


def _typical(panel: Panel) -> Floats:
    """Quantiles of the items' latest levels (PROBABILITIES,); zeros without items."""
    levels = [
        float(np.mean(known[-8:])) for values in panel.values if len(known := values[np.isfinite(values)])
    ]
    return np.quantile(levels, PROBABILITIES) if levels else np.zeros(len(PROBABILITIES))
