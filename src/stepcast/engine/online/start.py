"""Begin: every item of a panel is examined once by the AutoPredictor, and goes on from there."""

import hashlib

import numpy as np

from stepcast.engine import archive
from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.members.ridge import Ridge
from stepcast.engine.auto.series.history import History, histories_of, history_of
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.shared import Shared
from stepcast.engine.frequency import Frequency
from stepcast.engine.online.examine import VIEW, empty, examine
from stepcast.engine.online.layout import (
    ADAPTED,
    FIELDS,
    HINKLEY,
    MEMBERS,
    MOST_MEMBERS,
    PLAN,
    RATES,
    Layout,
    layout_of,
    leads_of,
)
from stepcast.engine.online.state import Common, State, latest, widened
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task

__all__ = ["common_of", "examine_again", "record_of", "start"]

DEFAULT_RATES = np.array([0.05, 0.02, 0.02, 0.02])
CARRIED = (slice(ADAPTED, ADAPTED + 6), slice(HINKLEY, HINKLEY + 2), slice(RATES, RATES + 4))
CARRIED_PLAN = tuple(PLAN.index(name) for name in ("last", "known", "drift", "risen", "fallen", "watched"))


def start(panel: Panel, task: Task, shared: Shared | bytes) -> State:
    """A state at the end of ``panel``, from what ``fit_shared`` gave for ``task``.

    Every item is looked at as the AutoPredictor does to forecast it, once; its members, their parameters and
    weights and the distribution of its errors go on from there. Related series and holidays are not followed.
    """
    common = common_of(task, panel.frequency, shared)
    plain = Panel(panel.ids, panel.values, panel.observed, panel.end, panel.frequency, None, panel.metadata)
    with np.errstate(over="ignore"):
        records = [
            record_of(history, common) for history in histories_of(plain, common.shared.encoder, task.horizon)
        ]
    wide = max((len(row) for _, row in records), default=common.layout.members)
    rows = np.stack([widened(row[None], wide)[0] for _, row in records]) if records else np.zeros((0, wide))
    plans = (
        np.stack([plan for plan, _ in records])
        if records
        else np.zeros((0, MEMBERS + MOST_MEMBERS * FIELDS), np.int64)
    )
    ids = list(panel.ids)
    places = {one: place for place, one in enumerate(ids)}
    return State(common, ids, plans, rows, _typical(panel), places)


def common_of(task: Task, frequency: Frequency, shared: Shared | bytes) -> Common:
    """What all items share."""
    packed = shared if isinstance(shared, bytes) else archive.to_bytes(shared)
    known = archive.from_bytes(Shared, shared) if isinstance(shared, bytes) else shared
    task.check()
    ridges = {name: ridge for name, ridge in known.final.after.items() if name in VIEW}
    layout = layout_of(frequency, task.horizon, ridges)
    told = hashlib.sha256(packed)
    told.update(repr((task, frequency, layout)).encode())
    return Common(
        task=task,
        frequency=frequency,
        shared=known,
        layout=layout,
        leads=leads_of(task.horizon),
        ridges=_ridges(ridges, layout),
        factors=known.final.calibration.factors.copy(),
        fingerprint=told.digest()[:8],
    )


def examine_again(state: State, item: int) -> None:
    """Look at an item anew, from the values that its record holds; what it learned of its errors stays."""
    plan, row = state.plans[item], state.rows[item]
    values, last = latest(state, item)
    with np.errstate(over="ignore"):
        history = history_of(values, last, state.frequency)
        found = examine(history, state.common)
    for part in CARRIED:
        found.row[part] = row[part]
    for name in CARRIED_PLAN:
        found.plan[name] = plan[name]
    state.put(item, found.plan, found.row)


def record_of(history: History, common: Common) -> tuple[Integers, Floats]:
    if not len(history):
        plan, row = empty(common.layout)
        plan[PLAN.index("last")] = history.end
    else:
        found = examine(history, common)
        plan, row = found.plan, found.row
    row[RATES : RATES + 4] = DEFAULT_RATES
    return plan, row


def _ridges(ridges: dict[str, Ridge], layout: Layout) -> Floats:
    """Coefficients by view and step (views, horizon, lags + 1); the last column says how many lags there are.

    A ridge sees lags less their middle over their scale, and is scaled back: the scale cancels out.
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
    """Quantiles of the latest level of items (PROBABILITIES,), zeros without any."""
    levels = [
        float(np.mean(known[-8:])) for values in panel.values if len(known := values[np.isfinite(values)])
    ]
    return np.quantile(levels, PROBABILITIES) if levels else np.zeros(len(PROBABILITIES))
