"""A budget leaves out what matters least first, says so, and gives the same on every machine."""

import numpy as np
import pytest

from stepcast.engine.auto import fit_shared, forecast, train
from stepcast.engine.auto.budget import Budget, budget_of
from stepcast.engine.task import Task
from tests.engine.auto.panels import shop

SERIES, POINTS = 1_000, 100_000


def budgets() -> list[Budget]:
    budgets = (1_000.0, 12.0, 7.0, 1.0)
    return [budget_of(Task(horizon=12, budget_seconds=budget), SERIES, POINTS) for budget in budgets]


def test_less_is_tried_the_smaller_the_budget() -> None:
    tried = [(budget.trees, budget.origins, budget.quick) for budget in budgets()]

    assert tried == [(True, 0, False), (False, 0, False), (False, 12, False), (False, 12, True)]


def test_what_is_left_out_is_said_with_the_budget() -> None:
    said = [budget.omitted for budget in budgets()]

    assert said[0] == ""
    assert said[1] == "omitted for the budget of 12 s: trees"
    assert said[2].endswith("trees, most past origins")
    assert "most members; the estimated time is still about" in said[3]


def test_without_a_budget_everything_is_tried() -> None:
    assert budget_of(Task(horizon=12), 10**7, 10**9) == Budget()


def test_a_tight_budget_still_forecasts_and_every_item_says_what_is_missing() -> None:
    panel, task = shop(12), Task(horizon=6, budget_seconds=0.01)

    trained = train(panel, task, fit_shared(panel, task))

    made = forecast(panel, task, trained).values
    assert np.isfinite(made).all()
    assert all("most members" in note for note in forecast(panel, task, trained).notes)


def test_a_budget_is_of_the_whole_input_not_of_the_sample() -> None:
    panel, task = shop(12), Task(horizon=6, budget_seconds=60.0)

    alone, large = fit_shared(panel, task), fit_shared(panel, task, series=10**6, points=10**8)

    assert alone.final.omitted == ""
    assert large.final.omitted.startswith("omitted for the budget of 60 s")


@pytest.mark.parametrize("metric", ["RMSE", "MAPE", "WAPE", "MASE"])
def test_the_metric_decides_how_members_are_weighed(metric: str) -> None:
    panel = shop(12)
    usual = Task(horizon=6)
    asked = Task(horizon=6, metric=metric)  # type: ignore[arg-type]

    expected = train(panel, usual, fit_shared(panel, usual)).tables
    made = train(panel, asked, fit_shared(panel, asked)).tables

    assert made is not None
    assert expected is not None
    same = np.array_equal(made, expected)
    assert same == (metric in ("WAPE", "MASE"))
