"""What holds for every forecast of the AutoPredictor, whatever the series."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepcast.engine import archive
from stepcast.engine.auto import Shared, fit_shared, forecast, train
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task
from tests.engine.auto.panels import panel_of, part, shop

OUTPUTS = (0.01, 0.1, 0.5, 0.9, 0.99, "mean")
TASK = Task(horizon=6, outputs=OUTPUTS)
NAN = float("nan")


def forecasts(panel: Panel, task: Task = TASK) -> np.ndarray:
    shared = fit_shared(panel, task)
    return forecast(panel, task, train(panel, task, shared)).values


numbers = st.floats(-1e6, 1e6, width=32) | st.sampled_from([0.0, 1.0, NAN])
counts = st.integers(0, 5).map(float)
series = st.lists(numbers, max_size=50) | st.lists(counts, min_size=1, max_size=50)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(values=series, frequency=st.sampled_from(["M", "H", "D", "W", "Y", "15min"]))
def test_any_series_gets_finite_rising_quantiles_near_its_values(values: list[float], frequency: str) -> None:
    """Nothing crashes, nothing explodes, and what was never negative stays so."""
    made = forecasts(panel_of(np.array(values), frequency=frequency))[0]

    assert np.isfinite(made).all()
    assert (made[:, :4] <= made[:, 1:5]).all()
    seen = np.array([value for value in values if np.isfinite(value)])
    if len(seen):
        width = float(seen.max() - seen.min()) or abs(float(seen.max()))
        reach = width * (3 + TASK.horizon) + 1e-9
        assert made.min() >= seen.min() - reach
        assert made.max() <= seen.max() + reach
        assert seen.min() < 0 or made.min() >= 0


ODD = {
    "nothing": [],
    "nothing observed": [NAN] * 30,
    "one value": [5.0],
    "constant": [7.0] * 40,
    "all zero": [0.0] * 40,
    "zero but for the last": [0.0] * 39 + [1.0],
    "cumulative after a long silence": [0.0] * 60 + list(np.cumsum(np.arange(20.0))),
    "ends in silence": [5.0] * 30 + [0.0] * 30,
    "an outlier": [3.0] * 30 + [1e6] + [3.0] * 9,
    "a break": [1.0, 1.1] * 20 + [100.0, 101.0] * 10,
    "exponential": list(np.exp(np.arange(60.0) / 2)),
    "tiny": list(1e-300 * (2 + np.sin(np.arange(50.0)))),
    "huge": list(1e300 * (2 + np.sin(np.arange(50.0)))),
    "the largest there is": [1.7e308, -1.7e308] * 20,
    "the largest there is, now and then": [1.7e308, 0.0] * 20,
    "a gap": [1.0, 2.0] * 10 + [NAN] * 20 + [1.0, 2.0] * 5,
    "ended long ago": [3.0, 4.0] + [NAN] * 50,
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("company", [0, 12], ids=["alone", "in a panel"])
@pytest.mark.parametrize("frequency", ["M", "D", "H"])
def test_odd_series_are_forecast_like_any_other(name: str, company: int, frequency: str) -> None:
    odd = np.array(ODD[name])
    panel = panel_of(odd, *shop(company).values, frequency=frequency)

    made = forecasts(panel)[0]

    assert np.isfinite(made).all()
    assert (made[:, :4] <= made[:, 1:5]).all()


def test_a_constant_stays_what_it_is() -> None:
    made = forecasts(panel_of(np.full(40, 7.0), *shop(12).values))[0]

    assert made == pytest.approx(np.full_like(made, 7.0), rel=0.02)


def test_a_series_is_forecast_alike_in_every_shard() -> None:
    panel = shop(14)
    shared = fit_shared(panel, TASK)
    whole = forecast(panel, TASK, train(panel, TASK, shared)).values

    shards = [part(panel, 0, 1), part(panel, 1, 9), part(panel, 9, 14)]
    apart = [forecast(shard, TASK, train(shard, TASK, shared)).values for shard in shards]

    assert np.array_equal(np.concatenate(apart), whole)


def test_the_backtest_is_alike_in_every_shard() -> None:
    panel = shop(14)
    shared = fit_shared(panel, TASK)

    whole = train(panel, TASK, shared).backtest.predicted
    alone = train(part(panel, 5, 6), TASK, shared).backtest.predicted

    assert np.array_equal(alone[0], whole[5])


def test_two_runs_give_the_same() -> None:
    assert np.array_equal(forecasts(shop(12)), forecasts(shop(12)))


def test_the_future_never_reaches_the_backtest() -> None:
    """Windows are forecast alike whatever happens in them, in this series and in all others."""
    panel = shop(12)
    changed = panel_of(*(np.append(values[:-12], 9e3 - values[-12:]) for values in panel.values))
    task = Task(horizon=6, outputs=OUTPUTS, windows=2)

    before = train(panel, task, fit_shared(panel, task)).backtest
    after = train(changed, task, fit_shared(changed, task)).backtest

    assert np.array_equal(before.predicted[:, 1, 0], after.predicted[:, 1, 0])
    assert not np.array_equal(before.actual, after.actual)


def test_doubling_the_history_doubles_the_forecast() -> None:
    panel = shop(12)
    doubled = panel_of(*(1024 * values for values in panel.values))

    assert np.array_equal(forecasts(doubled), 1024 * forecasts(panel))


def test_shared_lessons_survive_as_bytes() -> None:
    panel = shop(12)
    shared = fit_shared(panel, TASK)

    again = archive.from_bytes(Shared, archive.to_bytes(shared))

    expected, made = train(panel, TASK, shared), train(panel, TASK, again)
    assert np.array_equal(made.tables, expected.tables)
    assert np.array_equal(made.backtest.predicted, expected.backtest.predicted, equal_nan=True)


def test_a_plain_season_is_found_and_explained() -> None:
    panel = shop(12)
    trained = train(panel, TASK, fit_shared(panel, TASK))

    assert trained.explanations[0].seasons == (12,)
    assert sum(weight for _, weight in trained.explanations[0].weights) == pytest.approx(1, abs=0.3)


def test_counts_of_a_timetable_are_not_taken_for_chance() -> None:
    """Departures an hour, the same every week, one in 33 cancelled: chance would scatter them far more."""
    draw = np.random.default_rng(4)
    weeks = [draw.integers(1, 12, (7, 24)) * (np.arange(24) >= 6) for _ in range(3)]
    plans = [np.tile(week.ravel(), 10).astype(float) for week in weeks]
    panel = panel_of(*(np.maximum(p - (draw.random(len(p)) < 0.03), 0) for p in plans), frequency="H")
    task = Task(horizon=48, outputs=(0.1, 0.5, 0.9))

    shared = fit_shared(panel, task)
    low, middle, high = np.moveaxis(forecast(panel, task, train(panel, task, shared)).values, -1, 0)

    assert shared.final.count_share < 0.5
    assert np.abs(middle - np.stack(plans)[:, :48]).mean() < 0.1
    assert (high - low).mean() < 0.5


def test_it_beats_seasonal_naive_on_plain_series() -> None:
    panel = shop(20)
    task = Task(horizon=6, outputs=(0.1, 0.5, 0.9))

    tested = train(panel, task, fit_shared(panel, task)).backtest

    errors = np.abs(tested.predicted[..., 1] - tested.actual[:, :, None]).sum(axis=(0, 1, 3))
    assert errors[0] < 0.9 * errors[1]


def test_filled_values_are_never_scored() -> None:
    panel = shop(3)
    filled = panel.observed[0].copy()
    filled[-2] = False
    panel = Panel(panel.ids, panel.values, (filled, *panel.observed[1:]), panel.end, panel.frequency)

    tested = train(panel, TASK, fit_shared(panel, TASK)).backtest

    assert np.isnan(tested.actual[0]).tolist() == [[False, False, False, False, True, False]]
    assert tested.whole[:, 0].tolist() == [False, True, True]
    assert np.isfinite(tested.actual[1]).all()


def test_training_changes_nothing_of_what_shards_share() -> None:
    """A process keeps it for the shards that follow."""
    panel = shop(3)
    shared = fit_shared(panel, TASK)
    before = archive.to_bytes(shared)

    first, again = (archive.to_bytes(train(panel, TASK, shared)) for _ in range(2))

    assert archive.to_bytes(shared) == before
    assert first == again
