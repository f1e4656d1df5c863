"""Whatever comes, forecasts are finite and quantiles rise."""

from dataclasses import replace

import numpy as np
import pytest

from stepcast.engine import online
from stepcast.engine.errors import ImpossibleTask
from stepcast.engine.known_bounds import Bounds
from stepcast.engine.task import Task
from tests.engine.given import a_panel, monthly
from tests.engine.online.streams import END, Stream, same, seasonal

QUANTILES = (0.01, 0.1, 0.5, 0.9, 0.99, "mean")


@pytest.fixture(scope="module")
def mixed() -> online.State:
    """Constant, zero, sparse counts, negative, tiny and huge items, and ones of which little is known."""
    draw = np.random.default_rng(2)
    wave = 10 + np.sin(np.arange(120) * 2 * np.pi / 7)
    noise = draw.normal(size=120)
    rows = [
        np.full(120, 5.0),
        np.zeros(120),
        draw.poisson(0.3, 120).astype(float),
        draw.poisson(4.0, 120).astype(float),
        -wave + noise,
        (wave + noise / 4) * 1e-200,
        (wave + noise / 4) * 1e200,
        np.where(np.arange(120) < 119, np.nan, 3.0),
        np.where(np.arange(120) < 117, np.nan, wave),
        np.full(120, np.nan),
        np.where(np.arange(120) > 100, np.nan, wave),
    ]
    stream = Stream(np.stack(rows), 120, "D", Task(horizon=9, outputs=QUANTILES))
    return stream.start()


def copied(state: online.State) -> online.State:
    return online.State(
        state.common,
        list(state.ids),
        state.plans.copy(),
        state.rows.copy(),
        state.typical,
        dict(state.places),
    )


def assert_sane(state: online.State, note: str) -> None:
    forecast = online.forecast(state)
    assert forecast.shape == (len(state), 9, len(QUANTILES))
    assert np.isfinite(forecast).all(), note
    assert (forecast[..., 1:-1] >= forecast[..., :-2]).all(), note  # their differences may overflow


def test_forecasts_are_sane_from_the_start(mixed: online.State) -> None:
    assert_sane(mixed, "start")


ODD = {
    "nothing": np.full(40, np.nan),
    "zeros": np.zeros(40),
    "a constant": np.full(40, 7.0),
    "huge": np.where(np.arange(40) == 20, 1e300, 1.0),
    "huge of both signs": np.where(np.arange(40) % 2 == 0, 1e308, -1e308),
    "infinite": np.where(np.arange(40) % 5 == 0, np.inf, 2.0),
    "negative": -np.arange(40.0),
    "tiny": np.full(40, 5e-324),
    "growing without end": np.exp(np.arange(40.0)),
    "counts": np.arange(40.0) % 3,
    "now and then": np.where(np.arange(40) % 9 == 8, 11.0, np.nan),
}


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("learn", [True, False])
def test_forecasts_stay_sane_whatever_comes(mixed: online.State, what: str, learn: bool) -> None:
    state = copied(mixed)
    items = np.arange(len(state))
    for step, value in enumerate(ODD[what].tolist()):
        outcome = online.update(
            state, items, np.full(len(items), END + 1 + step), np.full(len(items), value), learn=learn
        )
        if step % 8 == 7:
            assert_sane(state, f"{what}, {step}")
        scored = np.isfinite(outcome.error)
        assert ((outcome.pit[scored] > 0) & (outcome.pit[scored] < 1)).all()
        assert (outcome.forecast[scored, 1:] >= outcome.forecast[scored, :-1]).all()


def test_a_gap_far_into_the_future_is_bounded(mixed: online.State) -> None:
    state, items = copied(mixed), np.arange(len(mixed))

    online.update(state, items, np.full(len(items), END + 10**12), np.full(len(items), 4.0))
    assert_sane(state, "after a gap")
    online.update(state, items, np.full(len(items), END + 10**12 + 1), np.full(len(items), np.nan))
    assert_sane(state, "in a gap")


def test_forecasts_reach_further_ahead_while_values_are_missing() -> None:
    stream = seasonal(items=2, known=240, after=4)
    state = stream.start()
    before = online.forecast(state)[:, :, 1]

    online.update(state, np.array([0, 1]), np.array([END + 3, END + 3]), np.array([np.nan, np.nan]))
    after = online.forecast(state)[:, :, 1]

    np.testing.assert_allclose(after[:, :-3], before[:, 3:])


def test_a_count_stays_a_count(mixed: online.State) -> None:
    quantiles = online.forecast(mixed, np.array([2]))[..., :-1]

    assert (quantiles == np.rint(quantiles)).all()
    assert (quantiles >= 0).all()


def test_what_a_period_brought_may_be_left_out_or_be_missing() -> None:
    stream = seasonal(items=1, known=240, after=30)
    told, skipped = stream.start(), stream.start()
    _, periods, values = stream.observations()
    values[10:13] = np.nan
    there = np.isfinite(values)

    online.update(told, np.zeros(30, int), periods, values)
    online.update(skipped, np.zeros(int(there.sum()), int), periods[there], values[there])

    assert same(told, skipped)


def test_an_algorithm_that_is_not_updated_is_refused() -> None:
    panel = a_panel(monthly(60))

    with pytest.raises(ImpossibleTask, match="CNN-QR cannot be updated value by value: use AutoPredictor"):
        online.start(panel, Task(horizon=3, algorithm="CNN-QR"), b"")


def test_bounds_cut_what_is_forecast_and_each_items_own_are_refused(mixed: online.State) -> None:
    bounded = copied(mixed)
    bounded.common = replace(mixed.common, task=replace(mixed.common.task, bounds=Bounds(0, 12)))

    made = online.forecast(bounded)

    assert online.forecast(mixed).max() > 12
    assert (made.min(), made.max()) == (0, 12)
    own = Task(horizon=2, bounds=Bounds(0, "capacity"))
    with pytest.raises(ImpossibleTask, match="each item's own, which is not known"):
        online.start(a_panel(monthly(24)), own, b"")
