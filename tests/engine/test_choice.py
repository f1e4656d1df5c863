import numpy as np
import pytest

from stepcast.engine.backtest import Backtest
from stepcast.engine.choice import choose
from stepcast.engine.errors import HistoryTooShort
from stepcast.engine.task import Task

ALL = ("SeasonalNaive", "NPTS", "ETS", "ARIMA")
NAN = float("nan")


def a_backtest(medians: list[list[float]], actual: list[float], scale: float = 1.0) -> Backtest:
    """One series, horizon 1, a median by window and model; nan where a model did not run."""
    return Backtest(
        starts=np.arange(len(actual)),
        actual=np.array(actual)[None, :, None],
        predicted=np.array(medians)[None, :, :, None, None],
        scale=np.full((1, len(actual)), scale),
        season=np.ones(1, dtype=np.int64),
    )


def task(models: tuple[str, ...] = ALL, **changes: object) -> Task:
    return Task(horizon=1, outputs=(0.5,), models=models, **changes)


def test_the_lowest_loss_over_all_windows_together_wins() -> None:
    """NPTS is off by 1 and 4, ETS by 3 and 1: over actuals of 20, 5/20 and 4/20."""
    choice = choose(0, a_backtest([[99, 11, 13, 99], [99, 14, 11, 99]], [10.0, 10.0]), {}, task(), ALL, 9)

    assert choice.model == "ETS"
    assert choice.scores[1:3] == pytest.approx((0.25, 0.2))
    assert choice.note == ""


def test_the_metric_decides() -> None:
    """NPTS is right once and off by 5 once, ETS is off by 3 twice: that is less in sum, more in squares."""
    backtest = a_backtest([[99, 10, 13, 99], [99, 15, 13, 99]], [10.0, 10.0])

    winners = [choose(0, backtest, {}, task(metric=name), ALL, 9).model for name in ("WAPE", "RMSE")]

    assert winners == ["NPTS", "ETS"]


def test_a_tie_goes_to_the_simpler_model_whatever_the_order_asked_for() -> None:
    backtest = a_backtest([[8, 8, 8, 8]], [10.0])
    asked = ("ARIMA", "ETS", "NPTS")

    assert choose(0, backtest, {}, task(), ALL, 9).model == "SeasonalNaive"
    assert choose(0, backtest, {}, task(asked), (*asked, "SeasonalNaive"), 9).model == "NPTS"


def test_the_yardstick_is_scored_but_never_chosen_uninvited() -> None:
    choice = choose(0, a_backtest([[5, 10]], [10.0]), {}, task(("ARIMA",)), ("ARIMA", "SeasonalNaive"), 9)

    assert choice.model == "ARIMA"
    assert choice.scores == pytest.approx((0.5, 0.0))


def test_a_model_that_never_ran_is_left_out_and_says_why() -> None:
    refusals = {(0, 3): HistoryTooShort("ARIMA", 3, 8)}

    choice = choose(0, a_backtest([[8, 8, 9, NAN]], [10.0]), refusals, task(), ALL, 9)

    assert choice.model == "ETS"
    assert np.isnan(choice.scores[3])
    assert choice.note == "ARIMA could not be fitted (it needs 8 observations, there are 3): left out"


def test_models_are_compared_over_windows_that_all_of_them_could_forecast() -> None:
    """ARIMA has no forecast for the harder, earlier window: that must not make it look better."""
    refusals = {(1, 3): HistoryTooShort("ARIMA", 3, 8)}
    backtest = a_backtest([[9, 9, 10, 11], [0, 0, 0, NAN]], [10.0, 10.0])

    choice = choose(0, backtest, refusals, task(), ALL, 9)

    assert choice.model == "ETS"
    assert choice.scores == pytest.approx((0.1, 0.1, 0.0, 0.1))
    assert choice.note.endswith("ARIMA and the others are not compared in backtest window 2")


def test_without_a_common_window_the_models_that_ran_least_leave() -> None:
    backtest = a_backtest([[9, 9, NAN, 10], [8, 9, 10, NAN], [8, 9, 10, NAN]], [10.0, 10.0, 10.0])

    choice = choose(0, backtest, {}, task(), ALL, 9)

    assert choice.model == "ETS"
    assert np.isnan(choice.scores).tolist() == [False, False, False, True]


def test_where_the_metric_is_not_defined_the_quantile_loss_decides() -> None:
    choice = choose(0, a_backtest([[4, 3, 1, 2]], [0.0]), {}, task(metric="MAPE"), ALL, 9)

    assert choice.model == "ETS"
    assert np.isnan(choice.scores).all()
    assert choice.note == "MAPE is not defined here: chosen by weighted quantile loss"


@pytest.mark.parametrize(
    ("models", "known", "chosen"),
    [
        (ALL, 9, "ETS"),
        (ALL, 4, "SeasonalNaive"),
        (("ARIMA",), 9, "ARIMA"),
        (("NPTS", "ARIMA"), 9, "NPTS"),
    ],
)
def test_what_cannot_be_tested_is_chosen_by_rule_and_says_so(
    models: tuple[str, ...], known: int, chosen: str
) -> None:
    columns = models if "SeasonalNaive" in models else (*models, "SeasonalNaive")

    choice = choose(0, a_backtest([[NAN] * len(columns)], [NAN]), {}, task(models), columns, known)

    assert choice.model == chosen
    assert choice.note.startswith(f"{chosen} was chosen untested: no backtest window has observed values")


def test_a_series_without_a_value_needs_no_reason_here() -> None:
    """The forecast says that it is zero."""
    assert choose(0, a_backtest([[NAN] * 4], [NAN]), {}, task(), ALL, 0).note == ""
