"""Sums of series are forecast by what all series teach, and by what sums teach."""

from dataclasses import replace

import numpy as np
import pytest

from stepcast import engine
from stepcast.engine.auto.sums import LIKE_ANY
from stepcast.engine.panel import Panel
from stepcast.engine.results import Trained
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task
from tests.engine.auto.panels import panel_of

TASK = Task(horizon=4, outputs=(0.1, 0.5, 0.9, "mean"), windows=2)
SUMS = replace(TASK, sums=True)


def trained(panel: Panel, draw: Draw, task: Task) -> Trained:
    return engine.train(panel, task, engine.fit_shared(draw, task))


@pytest.fixture(scope="module")
def panels() -> tuple[Panel, Panel]:
    """Two sums, and their items."""
    chance = np.random.default_rng(0)
    items = chance.gamma(2, 5, (4, 60)) + np.cumsum(chance.normal(0, 0.3, 60))
    whole = panel_of(items[:2].sum(axis=0), items[2:].sum(axis=0), *items)
    return whole.take([0, 1]), whole.take([2, 3, 4, 5])


def test_what_sums_teach_has_a_share_in_their_forecasts(panels: tuple[Panel, Panel]) -> None:
    sums, items = panels
    draw = Draw.of(items) + Draw.of(sums, sums=True)

    found = trained(sums, draw, SUMS)

    by_all = trained(sums, Draw.of(items) + Draw.of(sums), TASK)
    by_sums = trained(sums, Draw.of(sums), TASK)
    assert found.models == (by_all.models[0], LIKE_ANY, *by_all.models[1:])
    assert by_all.tables is not None
    assert by_sums.tables is not None
    share = (found.tables - by_all.tables) / (by_sums.tables - by_all.tables)
    np.testing.assert_allclose(share, share[:, :1, :1] * np.ones_like(share))
    assert ((share > 0) & (share < 1) & (abs(share - 0.5) > 0.01)).all()
    parts = by_all.backtest.predicted[:, :, 0], by_sums.backtest.predicted[:, :, 0]
    np.testing.assert_allclose(found.backtest.predicted[:, 1, 0], (parts[0] + parts[1])[:, 1] / 2)
    np.testing.assert_array_equal(found.backtest.predicted[:, :, 1:], by_all.backtest.predicted)
    for explanation in found.explanations:
        weights = [weight for _, weight in explanation.weights]
        assert weights == sorted(weights, reverse=True)
        assert sum(weights) == pytest.approx(1, abs=0.2)  # those that hardly weigh are left out
        assert sum(share for _, share in explanation.sources) == pytest.approx(1, abs=1e-3)


def test_no_window_is_mixed_by_what_it_or_a_later_one_shows(panels: tuple[Panel, Panel]) -> None:
    sums, items = panels
    draw = Draw.of(items) + Draw.of(sums, sums=True)
    shared = engine.fit_shared(draw, SUMS)
    other = replace(sums, values=tuple(np.append(one[:-4], one[-4:] * 3) for one in sums.values))

    first, second = (engine.train(panel, SUMS, shared) for panel in (sums, other))

    np.testing.assert_array_equal(first.backtest.predicted, second.backtest.predicted)
    assert first.tables is not None
    assert second.tables is not None
    assert (first.tables != second.tables).all()


def test_other_series_learn_nothing_from_what_is_a_sum(panels: tuple[Panel, Panel]) -> None:
    sums, items = panels

    told = trained(items, Draw.of(items) + Draw.of(sums, sums=True), TASK)

    plain = trained(items, Draw.of(items) + Draw.of(sums), TASK)
    np.testing.assert_array_equal(told.tables, plain.tables)
    assert told.models == plain.models


def test_a_budget_is_kept_by_learning_from_all_alone(panels: tuple[Panel, Panel]) -> None:
    sums, items = panels
    draw = Draw.of(items) + Draw.of(sums, sums=True)

    found = trained(sums, draw, replace(SUMS, budget_seconds=1000))

    np.testing.assert_array_equal(found.tables, trained(sums, draw, TASK).tables)
    assert LIKE_ANY not in found.models
