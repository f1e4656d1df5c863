from typing import Any

import numpy as np
import pytest

from stepcast.engine import forecast, train
from stepcast.engine.errors import BadParameter, ForecastingError, ImpossibleTask, UnknownModel
from stepcast.engine.panel import Panel
from stepcast.engine.results import Forecast
from stepcast.engine.task import Task
from tests.engine.given import a_panel, monthly

NAN = float("nan")


def part(panel: Panel, series: slice) -> Panel:
    return Panel(panel.ids[series], panel.values[series], panel.observed[series], panel.end, panel.frequency)


ODD = a_panel(
    monthly(60),
    monthly(40, seed=1) - 100,
    [7.0] * 40,
    [0.0] * 40,
    [3.0],
    [NAN] * 30,
    np.where(np.random.default_rng(2).random(50) < 0.4, NAN, monthly(50, seed=2)),
    [],
)


ALGORITHMS = ("NPTS", "ETS", "ARIMA")


def task_of(algorithm: str, **changes: Any) -> Task:
    wanted = {"horizon": 6, "outputs": (0.1, 0.5, 0.9, "mean"), "windows": 2}
    return Task(algorithm=algorithm, **(wanted | changes))


def forecasts(panel: Panel, task: Task) -> Forecast:
    return forecast(panel, task, train(panel, task))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_series_gets_a_finite_forecast_with_rising_quantiles(algorithm: str) -> None:
    result = forecasts(ODD, task_of(algorithm))

    assert result.values.shape == (8, 6, 4)
    assert np.isfinite(result.values).all()
    assert (np.diff(result.values[:, :, :3], axis=2) >= 0).all()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_any_part_of_a_panel_gives_the_same_as_the_whole(algorithm: str) -> None:
    """Shards are trained apart: how series are dealt out must not show."""
    task = task_of(algorithm)
    whole = train(ODD, task)

    for cut in (slice(0, 3), slice(3, None)):
        some = train(part(ODD, cut), task)
        assert some.explanations == whole.explanations[cut]
        np.testing.assert_array_equal(some.backtest.predicted, whole.backtest.predicted[cut])
        ours, theirs = forecast(part(ODD, cut), task, some), forecast(ODD, task, whole)
        np.testing.assert_array_equal(ours.values, theirs.values[cut])


def test_an_algorithm_is_backtested_beside_the_yardstick() -> None:
    trained = train(a_panel(monthly(60)), task_of("NPTS"))

    assert trained.models == ("NPTS", "SeasonalNaive")
    assert np.isfinite(trained.backtest.predicted).all()


def test_coverage_is_the_share_of_outcomes_between_the_outer_quantiles() -> None:
    """Repeating the last value, without width, is right in the earlier window only."""
    panel = a_panel([5, 5, 5, 5, 9, 9], [])

    trained = train(panel, task_of("SeasonalNaive", horizon=2))

    assert trained.coverage.tolist() == pytest.approx([0.5, NAN], nan_ok=True)


def test_a_series_too_short_to_test_is_forecast_all_the_same() -> None:
    panel, task = a_panel([3.0, 4.0]), task_of("NPTS")

    trained = train(panel, task)
    result = forecast(panel, task, trained)

    assert np.isnan(trained.backtest.actual).all()
    assert result.models == ("NPTS",)
    assert np.isin(result.values[0, :, 1], [3.0, 4.0]).all()


def test_a_series_without_a_value_is_forecast_as_zero_and_says_so() -> None:
    result = forecasts(a_panel([NAN, NAN]), task_of("ETS"))

    assert not result.values.any()
    assert result.notes == ("no value was observed, so the forecast is zero",)


def test_seasonal_naive_takes_over_where_the_algorithm_cannot_be_fitted_and_says_so() -> None:
    result = forecasts(a_panel([7.0] * 30), task_of("ARIMA", windows=1))

    refusal = "ARIMA could not be fitted (all values are equal"
    now, then = result.notes[0].split("; ")
    assert result.models == ("SeasonalNaive",)
    assert now.startswith(refusal)
    assert now.endswith("SeasonalNaive was used")
    assert then.startswith(refusal)
    assert then.endswith("SeasonalNaive was used in backtest window 1")
    assert (result.values == 7).all()


def test_a_forecast_names_its_model_and_its_season() -> None:
    (word,) = forecasts(a_panel(monthly(60)), task_of("ETS")).explanations

    assert (word.weights, word.seasons, word.note) == ((("ETS", 1.0),), (12,), "")


def test_parameters_reach_their_model() -> None:
    """Drawn from the last two values only, the forecast knows nothing older."""
    parameters = {"context_length": "2", "use_seasonal_model": "False", "kernel_type": "uniform"}
    task = Task(horizon=1, algorithm="NPTS", parameters=parameters)

    result = forecasts(a_panel([100.0, 100.0, 1.0, 2.0]), task)

    assert result.values.tolist() == [[[1.0, 1.0, 2.0]]]


def test_an_empty_panel_has_an_empty_result() -> None:
    panel, task = a_panel(), task_of("ETS", horizon=2)

    assert train(panel, task).coverage.shape == (0,)
    assert forecasts(panel, task).values.shape == (0, 2, 4)


@pytest.mark.parametrize(
    ("task", "error", "message"),
    [
        (Task(horizon=0), ImpossibleTask, "horizon is 0"),
        (Task(horizon=3, windows=0), ImpossibleTask, "windows is 0"),
        (Task(horizon=3, offset=2), ImpossibleTask, "offset is 2, less than the horizon 3"),
        (Task(horizon=3, outputs=()), ImpossibleTask, "write quantiles"),
        (Task(horizon=3, outputs=(0.9, 0.1)), ImpossibleTask, "ascending order"),
        (Task(horizon=3, outputs=(0.0, 0.5)), ImpossibleTask, "between 0 and 1"),
        (Task(horizon=3, outputs=("mean", 0.5)), ImpossibleTask, "mean must come last"),
        (Task(horizon=3, algorithm="Theta"), UnknownModel, "no model 'Theta'"),
        (
            Task(horizon=3, algorithm="ETS", parameters={"alpha": "1"}),
            BadParameter,
            "ETS takes context_length, error, seasonal, trend",
        ),
        (
            Task(horizon=3, algorithm="NPTS", parameters={"alpha": "1"}),
            BadParameter,
            "NPTS takes context_length",
        ),
    ],
)
def test_an_impossible_task_says_what_to_change(
    task: Task, error: type[ForecastingError], message: str
) -> None:
    with pytest.raises(error, match=message):
        train(a_panel([1.0, 2.0, 3.0]), task)


def test_what_was_trained_belongs_to_the_panel() -> None:
    task = Task(horizon=1, algorithm="ETS")
    trained = train(a_panel([1.0], [2.0]), task)

    with pytest.raises(ImpossibleTask, match="1 series are to be forecast but 2 were trained"):
        forecast(a_panel([1.0]), task, trained)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_warning_of_a_model_reaches_the_caller(algorithm: str, recwarn: pytest.WarningsRecorder) -> None:
    """In production they would fill the log, one a series."""
    train(ODD, task_of(algorithm))

    assert not recwarn.list
