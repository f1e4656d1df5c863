"""A series that ends before its panel is forecast from its own end, across the silence."""

from dataclasses import replace

import numpy as np
import pytest

from stepcast import engine
from stepcast.engine.arrays import Floats
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel, Related
from stepcast.engine.results import Forecast, Trained
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

HORIZON = 14
TASK = Task(HORIZON)
GAPS = (7, 30, 60)
EACH = 20  # series of each gap
LENGTH = 300


def panel_of(values: list[Floats], related: Related | None = None, end: int = 20_000) -> Panel:
    return Panel(
        ids=tuple(f"item {number}" for number in range(len(values))),
        values=tuple(values),
        observed=tuple(np.isfinite(one) for one in values),
        end=end,
        frequency=Frequency.parse("D"),
        related=related,
    )


def forecast(panel: Panel, task: Task = TASK) -> tuple[Forecast, Trained]:
    trained = engine.train(panel, task, engine.fit_shared(Draw.of(panel), task))
    return engine.forecast(panel, task, trained), trained


def silenced(values: Floats, gap: int) -> Floats:
    return np.concatenate([values[: len(values) - gap], np.full(gap, np.nan)])


def week(length: int) -> Floats:
    return np.sin(2 * np.pi * np.arange(length) / 7)


@pytest.mark.parametrize("kind", ["random walk", "around a level"])
def test_intervals_hold_what_they_promise_and_grow_as_the_series_does(kind: str) -> None:
    random = np.random.default_rng(5)
    pasts, truths = [], []
    for number in range(len(GAPS) * EACH):
        noise = random.standard_normal(LENGTH + HORIZON)
        whole = 100 + (np.cumsum(noise) if kind == "random walk" else 5 * noise) + 4 * week(len(noise))
        pasts.append(silenced(whole[:LENGTH], GAPS[number // EACH]))
        truths.append(whole[LENGTH:])

    made, _ = forecast(panel_of(pasts))
    by_gap = made.values.reshape(len(GAPS), EACH, HORIZON, 3)
    truth = np.reshape(truths, (len(GAPS), EACH, HORIZON))

    covered = ((truth >= by_gap[..., 0]) & (truth <= by_gap[..., 2])).mean(axis=(1, 2))
    width = (by_gap[..., 2] - by_gap[..., 0]).mean(axis=(1, 2))
    ideal = 2.56 * (
        np.sqrt(np.array(GAPS) + HORIZON / 2) if kind == "random walk" else np.full(len(GAPS), 5.0)
    )
    assert (covered > 0.65).all(), covered
    assert (covered < 0.92).all(), covered
    assert (width / ideal > 0.75).all(), width
    assert (width / ideal < 1.3).all(), width
    assert "the last 30 periods have no value" in made.notes[EACH]


def test_a_season_goes_on_across_the_silence() -> None:
    random = np.random.default_rng(1)
    whole = 20 + 5 * week(90 + HORIZON) + random.normal(0, 0.3, 90 + HORIZON)

    made, _ = forecast(panel_of([silenced(whole[:90], 30)]))

    np.testing.assert_allclose(made.values[0, :, 1], whole[90:], atol=1.5)
    assert (made.values[0, :, 2] - made.values[0, :, 0]).max() < 5


def test_steps_within_a_horizon_of_its_end_are_those_of_the_series_alone() -> None:
    """All that the panel teaches counts for them: trees, the ridge, how wide others turned out to be."""
    random = np.random.default_rng(2)
    values = [50 + 10 * week(120) + random.normal(0, 2, 120) for _ in range(12)]
    gap = 3
    shared = engine.fit_shared(Draw.of(panel_of(values)), TASK)

    ended = panel_of([values[0][:-gap]], end=20_000 - gap)
    silent = panel_of([silenced(values[0], gap)])
    alone = engine.forecast(ended, TASK, engine.train(ended, TASK, shared)).values[0]
    across = engine.forecast(silent, TASK, engine.train(silent, TASK, shared)).values[0]

    np.testing.assert_array_equal(across[: HORIZON - gap], alone[gap:])
    assert np.isfinite(across).all()


def test_what_is_known_of_related_series_in_the_silence_is_used() -> None:
    random = np.random.default_rng(3)
    values, prices, truths = [], [], []
    for number in range(12):
        price = random.choice([1.0, 2.0], 160 + HORIZON)
        whole = 100 - 30 * price + random.normal(0, 1, len(price))
        values.append(silenced(whole[:160], 20 if number == 0 else 0))
        prices.append(price[None])
        truths.append(whole[160:])

    made, _ = forecast(panel_of(values, Related(("price",), tuple(prices), HORIZON)))

    np.testing.assert_allclose(made.values[0, :, 1], truths[0], atol=5)


def test_the_backtest_scores_what_was_observed_and_forecasts_across_an_earlier_silence() -> None:
    """In the second window nothing had been observed for 20 periods; the outcome of the first is unknown."""
    random = np.random.default_rng(4)
    whole = 100 + np.cumsum(random.standard_normal(200))
    values = whole.copy()
    values[200 - HORIZON :] = np.nan
    values[200 - 2 * HORIZON - 20 : 200 - 2 * HORIZON] = np.nan

    _, trained = forecast(panel_of([values]), replace(TASK, windows=2))

    tested = trained.backtest
    assert np.isnan(tested.actual[0, 0]).all()
    assert np.isfinite(tested.actual[0, 1]).all()
    width = tested.predicted[0, 1, 0, :, 2] - tested.predicted[0, 1, 0, :, 0]
    assert width[0] > 2.56 * np.sqrt(21) / 2


def test_a_silence_before_the_latest_window_is_forecast_across_too() -> None:
    """What came after the silence tells how it may have been filled, which nobody knew before."""
    random = np.random.default_rng(6)
    values = 100 + np.cumsum(random.standard_normal(200))
    values[200 - HORIZON - 40 : 200 - HORIZON] = np.nan
    other = values.copy()
    other[-HORIZON:] += 50

    _, trained = forecast(panel_of([values]))
    _, changed = forecast(panel_of([other]))

    width = trained.backtest.predicted[0, 0, 0, :, 2] - trained.backtest.predicted[0, 0, 0, :, 0]
    assert width[0] > 2.56 * np.sqrt(41) / 2
    np.testing.assert_array_equal(trained.backtest.predicted[0, 0, 0], changed.backtest.predicted[0, 0, 0])


@pytest.mark.parametrize("gap", [1, 40, 5_000])
@pytest.mark.parametrize("known", [1, 2, 3, 30])
def test_whatever_is_left_is_forecast(gap: int, known: int) -> None:
    values = np.concatenate([np.arange(known) % 5.0, np.full(gap, np.nan)])

    made, _ = forecast(panel_of([values]))

    assert np.isfinite(made.values).all()
    assert (np.diff(made.values, axis=2) >= 0).all()
    assert made.values.min() >= 0
    assert made.values.max() < 1e3
