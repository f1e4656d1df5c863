"""Train a network for the AutoPredictor; origins that neither it nor the ensemble has seen weigh it."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from stepcast.engine import archive
from stepcast.engine.arrays import Floats
from stepcast.engine.auto.budget import budget_of, seconds_left
from stepcast.engine.auto.panel_fit import PanelFit
from stepcast.engine.auto.series.covariates import CovariateEncoder
from stepcast.engine.auto.series.history import histories_of
from stepcast.engine.auto.series.quantile_grid import OUTERMOST, PROBABILITIES
from stepcast.engine.auto.series_forecast import SeriesForecast, from_end, tables_of
from stepcast.engine.auto.shared import Shared, fit_before
from stepcast.engine.errors import ImpossibleTask
from stepcast.engine.losses import pinball_loss
from stepcast.engine.neural.algorithm import check_installed
from stepcast.engine.neural.fitting import USUAL_SECONDS, learn
from stepcast.engine.neural.joined import Joined
from stepcast.engine.neural.learned import Fitted, Learned
from stepcast.engine.panel import Panel
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

__all__ = ["join"]

LEAST_SECONDS = 20.0  # that a network is trained with, most of which the compiler may need
WINDOWS = 60  # held back of all series together, one of each where there are more series
HELD_BACK = 0.2  # of a typical series, at most
EXAMINED = 150  # series whose windows are looked at
SHARES = np.linspace(0.0, 1.0, 9)
HANDICAP = 0.02  # by which the network alone must be better than the ensemble


def join(shared: Shared, draw: Draw, task: Task) -> Shared:
    """``shared`` with the network that the task names, or with a note on why there is none.

    Windows before the backtest weigh it for the backtest, these and the backtest's for the forecast: each
    time as it was trained on what lies before them, like the ensemble.

    Raises MissingPackage.
    """
    check_installed(task.network)
    seconds = seconds_left(task, draw.series, draw.points)
    if seconds is not None and seconds < LEAST_SECONDS:
        return _without(shared, f"omitted for the budget of {task.budget_seconds:g} s: {task.network}")
    weighed = _held_back(draw.sample, task)
    alone = replace(
        task,
        algorithm=task.network,
        parameters={},
        budget_seconds=None if seconds is None else min(seconds, USUAL_SECONDS),
    )
    try:
        learned = learn(draw.sample, alone, weighed=weighed)
    except ImpossibleTask as error:
        return _without(shared, f"without a network: {error}")
    assert learned.earlier is not None  # noqa: S101  # asked for
    last = task.windows + weighed
    budget = budget_of(task, draw.series, draw.points)
    fit = fit_before(draw.sample, shared.encoder, task, budget, task.window_start(last))

    def losses(windows: range, fit: PanelFit, network: Fitted) -> list[Floats]:
        starts = map(task.window_start, windows)
        return [_losses(draw.sample, shared.encoder, fit, learned, network, start) for start in starts]

    before = losses(range(task.windows + 1, last + 1), fit, learned.earlier)
    later = losses(range(1, task.windows + 1), shared.backtest, learned.backtest)
    joined = Joined(replace(learned, earlier=None), _share([*before, *later]), _share(before))
    return replace(shared, network=np.frombuffer(archive.to_bytes(joined), np.uint8))


def _held_back(sample: Panel, task: Task) -> int:
    """How many windows before the backtest weigh the network."""
    typical = float(np.median([len(values) for values in sample.values])) if len(sample) else 0.0
    most = int(HELD_BACK * typical / task.horizon)
    return int(np.clip(WINDOWS // max(len(sample), 1), 1, max(most, 1)))


def _losses(
    sample: Panel, encoder: CovariateEncoder, fit: PanelFit, learned: Learned, fitted: Fitted, before: int
) -> Floats:
    """Pinball losses (series, SHARES) from ``before`` periods before the end, of series of size 1."""
    horizon = learned.shape.horizon
    chosen = sample.take(list(range(0, len(sample), -(-len(sample) // EXAMINED) or 1)))
    histories = histories_of(chosen, encoder, horizon, before)
    found = {
        place: from_end(history, horizon, fit) for place, history in enumerate(histories) if len(history)
    }
    places = [place for place, one in found.items() if isinstance(one, SeriesForecast)]
    if not places:
        return np.empty((0, len(SHARES)))
    ensemble = tables_of([found[place] for place in places], horizon, fit)[..., :-1]
    panel = chosen.take(places)
    network = learned.tables(panel, fitted, before)[..., :-1]
    actual = np.stack([_outcome(values, before, horizon) for values in panel.values])
    kept = np.isfinite(actual).any(axis=1)
    actual, ensemble, network = actual[kept], ensemble[kept], network[kept]
    # their levels, not the ensemble's errors: where it was right by luck, the network's outvoted all
    size = np.array([_level(values, before) for values in panel.values])[kept]
    told = slice(OUTERMOST, -OUTERMOST)
    rows = []
    for share in SHARES:
        error = actual[..., None] - ((1 - share) * ensemble + share * network)
        loss = np.nanmean(pinball_loss(error, PROBABILITIES)[..., told], axis=(1, 2))
        rows.append(np.divide(loss, size, out=np.zeros_like(loss), where=size > 0))
    return np.stack(rows, axis=1)


def _level(values: Floats, before: int) -> float:
    past = values[: len(values) - before]
    return float(np.abs(past[np.isfinite(past)]).mean())


def _outcome(values: Floats, before: int, horizon: int) -> Floats:
    stop = len(values) - before + horizon
    return values[max(stop - horizon, 0) : stop] if stop > horizon else np.full(horizon, np.nan)


def _share(losses: Iterable[Floats]) -> float:
    """The share with the least loss; none where nothing was held back."""
    rows = np.concatenate(list(losses))
    if not len(rows):
        return 0.0
    return float(SHARES[int(np.argmin(rows.mean(axis=0) * (1 + HANDICAP * SHARES)))])


def _without(shared: Shared, why: str) -> Shared:
    notes = "; ".join(filter(None, (shared.final.omitted, why)))
    return replace(shared, final=replace(shared.final, omitted=notes))
