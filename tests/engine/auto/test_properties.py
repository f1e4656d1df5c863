"""What holds for every kind of series, every share of a panel and every number of processes.

One panel is cheap and one fit is not: each example forecasts a few series of drawn kinds together.
"""

import multiprocessing

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepcast.engine import archive
from stepcast.engine.auto import Shared, fit_shared, forecast, train
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task
from tests.engine.auto.kinds import COUNTED, KINDS, series
from tests.engine.auto.panels import panel_of, part, shop

ALL = tuple(percent / 100 for percent in range(1, 100))
TASK = Task(horizon=5, outputs=(*ALL, "mean"))
FEW = Task(horizon=5, outputs=(0.1, 0.5, 0.9, "mean"))
FREQUENCIES = ("M", "W", "D", "H", "15min", "3M", "Y")

lengths = st.integers(1, 10) | st.integers(11, 90)
drawn = st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 2**16), lengths)
panels = st.lists(drawn, min_size=1, max_size=4)


def examples(count: int) -> settings:
    return settings(
        max_examples=count, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
    )


Drawn = list[tuple[str, int, int]]


def panel_drawn(kinds: Drawn, frequency: str = "M") -> Panel:
    return panel_of(*(series(*one) for one in kinds), frequency=frequency)


def forecasts(panel: Panel, task: Task = FEW, shared: Shared | None = None) -> np.ndarray:
    shared = shared or fit_shared(panel, task)
    return forecast(panel, task, train(panel, task, shared)).values


def mixed() -> Panel:
    """Twenty-eight series of all kinds, each twice."""
    return panel_of(*(series(kind, seed, 40 + seed) for kind in KINDS for seed in (3, 11)))


@pytest.fixture(scope="module")
def shared_bytes() -> bytes:
    """What the mixed panel teaches."""
    return archive.to_bytes(fit_shared(mixed(), FEW))


def assert_sane(made: np.ndarray, values: np.ndarray, horizon: int) -> None:
    """Finite, rising, the mean among them, near what was observed; not negative where nothing was."""
    quantiles, mean = made[:, :-1], made[:, -1]
    assert np.isfinite(made).all()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    seen = values[np.isfinite(values)]
    width = float(np.ptp(seen)) or abs(float(seen[0])) if len(seen) else 0.0
    slack = 1e-9 * width
    assert (mean >= quantiles[:, 0] - slack).all()
    assert (mean <= quantiles[:, -1] + slack).all()
    if len(seen):
        reach = width * (3 + horizon) + slack
        assert made.min() >= seen.min() - reach
        assert made.max() <= seen.max() + reach
        assert seen.min() < 0 or made.min() >= 0


@examples(25)
@given(kinds=panels, frequency=st.sampled_from(FREQUENCIES))
def test_all_quantiles_of_any_panel_are_ordered_and_near_what_was_seen(kinds: Drawn, frequency: str) -> None:
    panel = panel_drawn(kinds, frequency)

    for made, values in zip(forecasts(panel, TASK), panel.values, strict=True):
        assert_sane(made, values, TASK.horizon)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_alone(kind: str) -> None:
    panel = panel_of(series(kind, 1, 60))

    assert_sane(forecasts(panel, TASK)[0], panel.values[0], TASK.horizon)


def test_every_kind_can_be_among_all_others(shared_bytes: bytes) -> None:
    panel = mixed()

    for made, values in zip(
        forecasts(panel, TASK, archive.from_bytes(Shared, shared_bytes)), panel.values, strict=True
    ):
        assert_sane(made, values, TASK.horizon)


@pytest.mark.parametrize("length", range(1, 11))
def test_one_to_ten_values_are_enough(length: int) -> None:
    panel = panel_of(*(series(kind, 2, length) for kind in KINDS))

    for made, values in zip(forecasts(panel, TASK), panel.values, strict=True):
        assert_sane(made, values, TASK.horizon)


def test_a_hundred_thousand_hours_are_forecast() -> None:
    hours = np.arange(100_000)
    values = 10 + 3 * np.sin(hours * np.pi / 12) + np.random.default_rng(0).normal(0, 0.5, len(hours))
    task = Task(horizon=24, outputs=(0.1, 0.5, 0.9, "mean"))

    made = forecasts(panel_of(values, frequency="H"), task)[0]

    assert_sane(made, values, 24)
    truth = 10 + 3 * np.sin(np.arange(100_000, 100_024) * np.pi / 12)
    assert made[:, 1] == pytest.approx(truth, abs=0.5)


@examples(12)
@given(
    kinds=st.lists(st.tuples(st.sampled_from(COUNTED), st.integers(0, 99), lengths), min_size=1, max_size=4)
)
def test_counts_are_never_negative(kinds: Drawn) -> None:
    assert forecasts(panel_drawn(kinds)).min() >= 0


REAL = ("seasonal", "wandering", "negative", "with_gaps", "broken", "with_outliers")
real = st.lists(
    st.tuples(st.sampled_from(REAL), st.integers(0, 99), st.integers(3, 90)), min_size=1, max_size=3
)


@examples(10)
@given(kinds=real, exponent=st.integers(-200, 200))
def test_a_power_of_two_times_the_history_is_exactly_that_times_the_forecast(
    kinds: Drawn, exponent: int
) -> None:
    """Of measured values: counts are whole numbers, and half of one is not."""
    panel = panel_drawn(kinds)
    scaled = panel_of(*(np.ldexp(values, exponent) for values in panel.values))

    assert np.array_equal(forecasts(scaled), np.ldexp(forecasts(panel), exponent))


@pytest.mark.parametrize("factor", [0.1, 3.0, 1234.5])
def test_any_factor_times_the_history_is_about_that_times_the_forecast(factor: float) -> None:
    panel = shop(12)
    expected = forecasts(panel)

    made = forecasts(panel_of(*(factor * values for values in panel.values))) / factor

    width = (expected[..., 2] - expected[..., 0]).mean(axis=1)
    assert (np.abs(made - expected).mean(axis=(1, 2)) < 0.15 * width).all()


def test_a_level_added_to_what_is_negative_is_about_that_added_to_the_forecast() -> None:
    """Below zero there are no ratios and no logarithms: only the shape counts."""
    shapes = [series("seasonal", seed, 72) for seed in range(12)]
    near, far = (panel_of(*(shape - level for shape in shapes)) for level in (100.0, 164.0))

    expected, made = forecasts(near), forecasts(far) + 64.0

    width = (expected[..., 2] - expected[..., 0]).mean(axis=1)
    assert (np.abs(made - expected).mean(axis=(1, 2)) < 0.15 * width).all()


@examples(8)
@given(
    kinds=st.lists(
        st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 99), st.integers(25, 80)),
        min_size=2,
        max_size=4,
    ),
    windows=st.integers(1, 3),
    later=st.integers(0, 4),
    data=st.data(),
)
def test_the_future_never_changes_a_forecast_of_a_backtest(
    kinds: Drawn, windows: int, later: int, data: st.DataObject
) -> None:
    """Whatever happens from a window's start on, in any series: the window is forecast alike."""
    task = Task(horizon=4, outputs=(0.1, 0.5, 0.9), windows=windows, offset=4 + later)
    panel = panel_drawn(kinds)
    window = data.draw(st.integers(1, windows), label="the window from which on all is different")
    before = task.window_start(window)
    changed = panel_of(
        *(np.append(values[:-before], series("wandering", 7, 90)[:before] * 50) for values in panel.values)
    )

    expected = train(panel, task, fit_shared(panel, task)).backtest.predicted
    made = train(changed, task, fit_shared(changed, task)).backtest.predicted

    expected, made = expected[:, window - 1 :], made[:, window - 1 :]
    scored = np.isfinite(expected) & np.isfinite(made)  # a window without an outcome has no forecast
    assert np.array_equal(expected[scored], made[scored])


def work(start: int, stop: int, shared_bytes: bytes) -> tuple[np.ndarray, np.ndarray]:
    """What a worker does with a shard: forecasts and backtest."""
    shard, shared = part(mixed(), start, stop), archive.from_bytes(Shared, shared_bytes)
    trained = train(shard, FEW, shared)
    return forecast(shard, FEW, trained).values, trained.backtest.predicted


def test_any_sharding_and_any_number_of_processes_give_the_same_bits(shared_bytes: bytes) -> None:
    panel = mixed()
    whole, tested = work(0, len(panel), shared_bytes)
    cuts = [(0, 1), (1, 13), (13, 20), (20, len(panel))]

    with multiprocessing.get_context("spawn").Pool(2) as pool:
        apart = pool.starmap(work, [(start, stop, shared_bytes) for start, stop in cuts])

    assert np.array_equal(np.concatenate([made for made, _ in apart]), whole)
    assert np.array_equal(np.concatenate([made for _, made in apart]), tested, equal_nan=True)


def test_the_same_panel_teaches_the_same(shared_bytes: bytes) -> None:
    assert archive.to_bytes(fit_shared(mixed(), FEW)) == shared_bytes
