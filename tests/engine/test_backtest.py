import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepcast.engine import backtest as backtests
from stepcast.engine.models.local import LocalForecaster
from stepcast.engine.panel import Panel
from stepcast.engine.results import Backtest
from stepcast.engine.task import Task
from tests.engine.given import INSTALLED, a_panel, monthly

NAIVE = ("SeasonalNaive",)
NAN = float("nan")


def backtest(panel: Panel, task: Task, names: tuple[str, ...]) -> tuple[Backtest, tuple[str, ...]]:
    """The models ``names`` in the task's windows, and the notes of the first."""
    forecasters = {name: LocalForecaster(name, panel, task) for name in names}
    return backtests.backtest(panel, task, forecasters), forecasters[names[0]].notes


def test_windows_lie_one_after_the_other_before_the_end() -> None:
    """Three windows of two months: 598 to 599 (the latest begins three before the end), 596 and 594."""
    panel = a_panel(range(1, 11), end=600)

    tested, _ = backtest(panel, Task(horizon=2, windows=3, offset=3), NAIVE)

    assert tested.starts.tolist() == [598, 596, 594]
    assert tested.actual[0].tolist() == [[8, 9], [6, 7], [4, 5]]


def test_a_window_is_forecast_from_what_lies_before_it() -> None:
    panel = a_panel(range(1, 11))

    tested, _ = backtest(panel, Task(horizon=2, windows=2, outputs=(0.5,)), NAIVE)

    assert tested.predicted[0, :, 0, :, 0].tolist() == [[8, 8], [6, 6]]
    assert tested.predicted.shape == (1, 2, 1, 2, 1)


def test_mase_is_scaled_by_the_changes_before_the_window() -> None:
    panel = a_panel([1, 3, 5, 7, 100, 200])

    tested, _ = backtest(panel, Task(horizon=2), NAIVE)

    assert tested.scale.tolist() == [[2.0]]
    assert tested.season.tolist() == [1]


def test_the_season_is_used_where_two_of_them_lie_before_the_window() -> None:
    panel = a_panel(monthly(26), monthly(25), frequency="M")

    tested, _ = backtest(panel, Task(horizon=2), NAIVE)

    assert tested.season.tolist() == [12, 1]


def test_a_filled_value_is_not_scored_and_what_was_observed_beside_it_is() -> None:
    panel = a_panel([5, 6, 7, 8, 0, 9], filled=0)

    tested, _ = backtest(panel, Task(horizon=2, windows=2), NAIVE)

    np.testing.assert_array_equal(tested.actual[0], [[NAN, 9], [7, 8]])
    assert np.isfinite(tested.predicted).all()
    assert tested.whole[0].tolist() == [False, True]


def test_a_missing_value_leaves_out_that_point_only() -> None:
    panel = a_panel([5, 6, 7, 8, NAN, 9])

    tested, _ = backtest(panel, Task(horizon=2), NAIVE)

    assert np.isnan(tested.actual[0, 0]).tolist() == [True, False]
    assert np.isfinite(tested.predicted).all()


@pytest.mark.parametrize("values", [[1, 2], [NAN, 1, 2], [NAN] * 6, [1, 2, 3, 4, NAN, NAN], []])
def test_a_window_without_a_past_or_an_outcome_is_left_out(values: list[float]) -> None:
    tested, notes = backtest(a_panel(values), Task(horizon=2), NAIVE)

    assert np.isnan(tested.actual).all()
    assert np.isnan(tested.predicted).all()
    assert notes == ("",)


def test_seasonal_naive_stands_in_for_a_model_that_refuses_and_the_note_says_where() -> None:
    models = ("ARIMA", "SeasonalNaive")

    tested, notes = backtest(a_panel(range(1, 12)), Task(horizon=1, windows=4), models)

    ours, naive = tested.predicted[0, :, 0], tested.predicted[0, :, 1]
    assert (ours == naive).all(axis=(1, 2)).tolist() == [False, False, False, True]
    assert notes == (
        "ARIMA could not be fitted (it needs 8 observations but there are only 7), so "
        "SeasonalNaive was used in backtest window 4",
    )


@settings(deadline=None, derandomize=True, max_examples=12)
@given(seed=st.integers(0, 2**32 - 1), frequency=st.sampled_from(["H", "D", "M", "Y"]))
def test_what_comes_later_never_changes_a_forecast(seed: int, frequency: str) -> None:
    """Whatever happens from a window's start on: signs, sizes, holes."""
    random = np.random.default_rng(seed)
    values = 50 + random.normal(size=70).cumsum()
    task = Task(horizon=5, windows=2)
    other = values.copy()
    other[-5:] = random.choice([NAN, -1e6, 0.0, 1e6, 3.0], size=5)

    ours, _ = backtest(a_panel(values, frequency=frequency), task, INSTALLED)
    theirs, _ = backtest(a_panel(other, frequency=frequency), task, INSTALLED)

    assert ours.scale.tolist() == theirs.scale.tolist()
    scored = [0, 1] if np.isfinite(theirs.actual[0, 0]).any() else [1]
    for window in scored:
        np.testing.assert_array_equal(ours.predicted[0, window], theirs.predicted[0, window])
