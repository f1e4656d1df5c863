import numpy as np
import pytest

from stepcast.engine.accuracy import Sums
from stepcast.engine.errors import BadParameter, ForecastingError, ImpossibleTask, UnknownModel
from stepcast.engine.panel import Panel
from stepcast.engine.predictor import forecast, train
from stepcast.engine.task import Task
from tests.engine.given import a_panel, monthly

ALL = ("SeasonalNaive", "NPTS", "ETS", "ARIMA")
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


@pytest.fixture(scope="module")
def task() -> Task:
    return Task(horizon=6, outputs=(0.1, 0.5, 0.9, "mean"), windows=2)


def test_every_series_gets_a_finite_forecast_with_rising_quantiles(task: Task) -> None:
    result = forecast(ODD, task, train(ODD, task).chosen)

    assert result.values.shape == (8, 6, 4)
    assert np.isfinite(result.values).all()
    assert (np.diff(result.values[:, :, :3], axis=2) >= 0).all()


def test_any_part_of_a_panel_gives_the_same_as_the_whole(task: Task) -> None:
    """Shards are trained apart: how series are dealt out must not show."""
    whole = train(ODD, task)

    for cut in (slice(0, 3), slice(3, None)):
        some = train(part(ODD, cut), task)
        assert some.chosen == whole.chosen[cut]
        assert some.notes == whole.notes[cut]
        np.testing.assert_array_equal(some.scores, whole.scores[cut])
        np.testing.assert_array_equal(some.backtest.predicted, whole.backtest.predicted[cut])
        ours, theirs = forecast(part(ODD, cut), task, some.chosen), forecast(ODD, task, whole.chosen)
        np.testing.assert_array_equal(ours.values, theirs.values[cut])


def test_twice_the_same_input_gives_twice_the_same_output(task: Task) -> None:
    first, second = train(ODD, task), train(ODD, task)

    np.testing.assert_array_equal(first.backtest.predicted, second.backtest.predicted)
    assert first.chosen == second.chosen


def test_the_best_model_of_the_backtest_is_chosen_for_each_series() -> None:
    """A plain wave wants a seasonal model, and pure noise is best drawn from the past."""
    noise = np.random.default_rng(0).gamma(2, size=120)

    trained = train(a_panel(monthly(120), noise), Task(horizon=12, windows=2))

    assert trained.models == ALL
    for series, name in enumerate(trained.chosen):
        assert trained.scores[series, ALL.index(name)] == trained.scores[series].min()


def test_a_named_model_is_backtested_beside_the_yardstick() -> None:
    trained = train(a_panel(monthly(60)), Task(horizon=6, models=("NPTS",)))

    assert trained.models == ("NPTS", "SeasonalNaive")
    assert trained.chosen == ("NPTS",)
    assert np.isfinite(trained.scores).all()


def test_scores_are_the_metric_of_the_backtest() -> None:
    trained = train(a_panel(monthly(60)), Task(horizon=6, windows=2, metric="MASE"))

    tested = trained.backtest
    for column in range(len(trained.models)):
        sums = Sums.of(tested.actual, tested.predicted[:, :, column], (0.1, 0.5, 0.9), tested.scale)
        assert trained.scores[0, column] == pytest.approx(sums.mase)


def test_a_series_too_short_to_test_is_forecast_all_the_same() -> None:
    panel = a_panel([3.0, 4.0])
    task = Task(horizon=6)

    trained = train(panel, task)
    result = forecast(panel, task, trained.chosen)

    assert trained.chosen == ("SeasonalNaive",)
    assert "untested" in trained.notes[0]
    assert result.values[0, :, 1].tolist() == [4.0] * 6


def test_a_series_without_a_value_is_forecast_as_zero_and_says_so() -> None:
    result = forecast(a_panel([NAN, NAN]), Task(horizon=2), ["SeasonalNaive"])

    assert not result.values.any()
    assert result.notes == ("no value was observed: the forecast is zero",)


def test_the_next_simpler_model_takes_over_where_the_chosen_cannot_be_fitted() -> None:
    result = forecast(a_panel([7.0] * 30), Task(horizon=2), ["ARIMA"])

    assert result.models == ("NPTS",)
    assert result.notes[0].startswith("ARIMA could not be fitted (all values are alike")
    assert result.notes[0].endswith("NPTS took over")
    assert result.values.tolist() == [[[7.0] * 3] * 2]


def test_a_named_model_gives_way_to_seasonal_naive_only() -> None:
    result = forecast(a_panel([7.0] * 30), Task(horizon=2, models=("ARIMA",)), ["ARIMA"])

    assert result.models == ("SeasonalNaive",)


def test_parameters_reach_their_model() -> None:
    """Drawn from the last two values only, the forecast knows nothing older."""
    task = Task(
        horizon=1,
        models=("NPTS",),
        parameters={"context_length": "2", "use_seasonal_model": "False", "kernel_type": "uniform"},
    )

    result = forecast(a_panel([100.0, 100.0, 1.0, 2.0]), task, ["NPTS"])

    assert result.values.tolist() == [[[1.0, 1.0, 2.0]]]


def test_an_empty_panel_has_an_empty_result() -> None:
    panel, task = a_panel(), Task(horizon=2)

    assert train(panel, task).scores.shape == (0, 4)
    assert forecast(panel, task, []).values.shape == (0, 2, 3)


@pytest.mark.parametrize(
    ("task", "error", "message"),
    [
        (Task(horizon=0), ImpossibleTask, "horizon is 0"),
        (Task(horizon=3, windows=0), ImpossibleTask, "windows is 0"),
        (Task(horizon=3, offset=2), ImpossibleTask, "offset is 2, less than the horizon 3"),
        (Task(horizon=3, outputs=()), ImpossibleTask, "write quantiles"),
        (Task(horizon=3, outputs=(0.9, 0.1)), ImpossibleTask, "that rise"),
        (Task(horizon=3, outputs=(0.0, 0.5)), ImpossibleTask, "between 0 and 1"),
        (Task(horizon=3, outputs=("mean", 0.5)), ImpossibleTask, "mean comes last"),
        (Task(horizon=3, models=()), ImpossibleTask, "name one or more"),
        (Task(horizon=3, models=("ETS", "ETS")), ImpossibleTask, "each once"),
        (Task(horizon=3, models=("Theta",)), UnknownModel, "no model 'Theta'"),
        (
            Task(horizon=3, models=("ETS",), parameters={"alpha": "1"}),
            BadParameter,
            "ETS takes no parameters",
        ),
        (
            Task(horizon=3, models=("NPTS",), parameters={"alpha": "1"}),
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


def test_chosen_models_belong_to_the_panel() -> None:
    with pytest.raises(ImpossibleTask, match="1 series and 2 chosen models"):
        forecast(a_panel([1.0]), Task(horizon=1), ["ETS", "ETS"])
    with pytest.raises(UnknownModel):
        forecast(a_panel([1.0]), Task(horizon=1), ["Theta"])


def test_no_warning_of_a_model_reaches_the_caller(task: Task, recwarn: pytest.WarningsRecorder) -> None:
    """In production they would fill the log, one a series."""
    train(ODD, task)

    assert not recwarn.list
