"""The neural algorithms through the engine's door, trained for a few epochs.

Panels are of one size, so that each network is compiled twice: with covariates and without.
"""

from collections.abc import Sequence
from dataclasses import replace
from importlib import util
from typing import Any

import numpy as np
import pytest

from stepcast import engine
from stepcast.engine.arrays import Floats
from stepcast.engine.errors import BadParameter, ImpossibleTask, MissingPackage
from stepcast.engine.neural import progress
from stepcast.engine.panel import Metadata, Panel, Related
from stepcast.engine.results import Forecast, Trained
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task
from tests.engine.auto.kinds import KINDS
from tests.engine.given import a_panel, monthly

NAMES = ("CNN-QR", "Deep_AR_Plus", "LSTM")
FEW = {"epochs": "2"}
LENGTH = 90


def task_of(name: str, **changes: Any) -> Task:
    return replace(Task(horizon=4, algorithm=name, parameters=FEW), **changes)


def thirty() -> Panel:
    return a_panel(*(monthly(LENGTH, seed) for seed in range(30)))


def with_covariates(values: Sequence[Floats], feature: Sequence[Floats], sizes: Sequence[str]) -> Panel:
    """One related feature, over the horizon where it is finite there, and one attribute."""
    related = Related(("feature",), tuple(one[None] for one in feature), 4)
    return replace(
        a_panel(*values),
        related=related,
        metadata=Metadata(("size",), tuple((size,) for size in sizes)),
    )


def run(panel: Panel, task: Task, sample: Panel | None = None) -> tuple[Trained, Forecast]:
    shared = engine.fit_shared(Draw.of(sample or panel), task)
    trained = engine.train(panel, task, shared)
    return trained, engine.forecast(panel, task, trained)


@pytest.fixture(scope="module")
def odd() -> Panel:
    random = np.random.default_rng(5)
    kinds = (kind(random, LENGTH) for kind in KINDS.values() for _ in range(2))
    return a_panel(*kinds, [], [np.nan] * LENGTH, [3.0])


@pytest.mark.parametrize("name", NAMES)
def test_whatever_the_series_forecasts_are_finite_and_quantiles_rise(name: str, odd: Panel) -> None:
    task = task_of(name, outputs=(0.01, 0.1, 0.5, 0.9, 0.99, "mean"), windows=2)

    trained, made = run(odd, task)

    assert np.isfinite(made.values).all()
    assert (np.diff(made.values[..., :-1], axis=-1) >= 0).all()
    known = np.isfinite(trained.backtest.actual)
    assert np.isfinite(np.moveaxis(trained.backtest.predicted, 2, 3)[known]).all()
    for values, forecast in zip(odd.values, made.values, strict=True):
        if np.isfinite(values).any() and np.nanmin(values) >= 0:
            assert forecast.min() >= 0
    assert made.models == (name,) * len(odd)
    assert "similar items" in made.notes[-2]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_and_another_one_does_not(name: str) -> None:
    panel = thirty()
    first, again, other = (
        run(panel, task_of(name, parameters={**FEW, "seed": seed}))[1].values for seed in ("3", "3", "4")
    )

    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


@pytest.mark.parametrize("name", NAMES)
def test_a_part_of_a_panel_gives_what_the_whole_gives(name: str) -> None:
    panel, task = thirty(), task_of(name)
    shared = engine.fit_shared(Draw.of(panel), task)
    whole = engine.forecast(panel, task, engine.train(panel, task, shared)).values

    part = panel.take([4, 1])
    alone = engine.forecast(part, task, engine.train(part, task, shared)).values

    np.testing.assert_allclose(alone, whole[[4, 1]], rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_no_window_sees_what_it_or_a_later_one_holds(name: str) -> None:
    task = task_of(name, windows=2)
    series = thirty().values
    visits = [np.random.default_rng(seed).uniform(1, 2, LENGTH) for seed in range(30)]

    def predicted(late: float) -> np.ndarray:
        values, past = (
            [np.concatenate([one[:-8], one[-8:] * late]) for one in either] for either in (series, visits)
        )
        past = [np.append(one, [np.nan] * 4) for one in past]
        panel = with_covariates(values, past, ["small", "large"] * 15)
        return run(panel, task)[0].backtest.predicted[:, 1, 0]

    np.testing.assert_array_equal(predicted(1.0), predicted(7.0))


def test_a_forecast_is_what_its_backtest_would_have_been() -> None:
    """Trained in the same way, a forecast is that of a longer panel's backtest."""
    whole, task = thirty(), task_of("CNN-QR", parameters={"epochs": "1"})
    shorter = a_panel(*(values[:-4] for values in whole.values), end=whole.end - 4)

    tested = run(whole, task)[0].backtest.predicted[:, 0, 0]

    np.testing.assert_allclose(run(shorter, task)[1].values, tested, rtol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_multiples_are_forecast_as_multiples(name: str) -> None:
    series = thirty().values
    small, large = (
        run(a_panel(*(one * size for one in series)), task_of(name))[1].values for size in (1.0, 2.0**60)
    )

    np.testing.assert_allclose(large, small * 2.0**60, rtol=1e-4)


@pytest.mark.parametrize("name", [*NAMES[:2], pytest.param(NAMES[2], marks=pytest.mark.long)])
def test_a_season_is_learned(name: str) -> None:
    panel, task = thirty(), task_of(name, parameters={"epochs": "30"})

    tested = run(panel, task)[0].backtest

    own, naive = (
        np.abs(tested.actual[:, 0] - tested.predicted[:, 0, model, :, 1]).mean() for model in (0, 1)
    )
    assert own < naive


@pytest.mark.parametrize("name", ["CNN-QR", "Deep_AR_Plus"])
def test_a_related_feature_that_is_known_ahead_counts_and_can_be_left_out(name: str) -> None:
    random = np.random.default_rng(2)
    promotions = [(random.uniform(size=LENGTH + 4) < 0.3).astype(float) for _ in range(30)]
    sales = [100 + 80 * one[:LENGTH] + random.normal(0, 3, LENGTH) for one in promotions]
    panel = with_covariates(sales, promotions, ["small", "large"] * 15)

    def error(**parameters: str) -> float:
        faster = {"learning_rate": "0.02", "epochs": "14"} if name == "Deep_AR_Plus" else {}
        tested = run(panel, task_of(name, parameters={"epochs": "20", **faster, **parameters}))[0].backtest
        return float(np.abs(tested.actual[:, 0] - tested.predicted[:, 0, 0, :, 1]).mean())

    told = error()
    assert told < 20
    if name == "CNN-QR":
        for less in ("NONE", "HISTORICAL"):
            assert error(use_related_data=less, use_item_metadata="NONE") > 2 * told


@pytest.mark.parametrize("name", ["CNN-QR", "Deep_AR_Plus"])
def test_a_new_item_is_like_those_of_its_category(name: str) -> None:
    random = np.random.default_rng(4)
    series = [level * (1 + 0.1 * random.normal(size=LENGTH)) for level in [10.0, 1000.0] * 14]
    feature = [np.append(random.uniform(size=len(one)), [np.nan] * 4) for one in (*series, [], [])]
    panel = with_covariates([*series, [], []], feature, ["small", "large"] * 15)

    made = run(panel, task_of(name, parameters={"epochs": "5"}))[1].values[-2:, :, 1].mean(axis=1)

    assert 5 < made[0] < 20
    assert 500 < made[1] < 2000


def test_totals_are_forecast_by_what_is_added_to_them() -> None:
    random = np.random.default_rng(8)
    totals = [np.cumsum(1 + random.exponential(1, LENGTH)) for _ in range(29)]

    trained, made = run(a_panel(*totals, []), task_of("Deep_AR_Plus", parameters={"epochs": "10"}))

    middle = made.values[:, :, 1]
    grown = middle[:29] - np.array([one[-1] for one in totals])[:, None]
    assert np.median(grown, axis=0) == pytest.approx([2, 4, 6, 8], rel=0.35)
    actual = trained.backtest.actual[:29, 0]
    low, high = (trained.backtest.predicted[:29, 0, 0, :, place] for place in (0, 2))
    assert 0.6 < ((low < actual) & (actual < high)).mean() < 0.95
    assert middle[29] == pytest.approx(
        np.mean(totals, axis=0)[-12:].mean() + np.arange(4), rel=0.3
    )  # a new item


def test_cnn_qr_has_no_mean_but_the_median() -> None:
    made = run(thirty(), task_of("CNN-QR", outputs=(0.5, "mean")))[1]

    np.testing.assert_array_equal(made.values[..., 0], made.values[..., 1])


@pytest.mark.parametrize("likelihood", ["student-T", "negative-binomial", "deterministic-L1", "beta"])
def test_deep_ar_draws_from_each_likelihood(likelihood: str) -> None:
    random = np.random.default_rng(1)
    counts = [random.poisson(4, LENGTH).astype(float) for _ in range(30)]
    series = [random.beta(2, 5, LENGTH) for _ in range(30)] if likelihood == "beta" else counts
    parameters = {"epochs": "8", "likelihood": likelihood, "learning_rate": "0.02"}

    made = run(a_panel(*series), task_of("Deep_AR_Plus", parameters=parameters))[1].values

    middle = np.mean([one.mean() for one in series])
    assert made[..., 1].mean() == pytest.approx(middle, rel=0.35)
    if likelihood == "negative-binomial":
        assert (made[..., 1] % 0.5 == 0).mean() > 0.9  # counts, or between two paths
    if likelihood == "beta":
        assert 0 <= made.min() <= made.max() <= 1
    assert (made[..., 2] == made[..., 0]).all() == (likelihood == "deterministic-L1")


@pytest.mark.parametrize(
    ("likelihood", "value", "why"),
    [
        ("negative-binomial", 2.5, "s1 has 2.5, which is no count"),
        ("beta", 1.5, "s1 has 1.5, not from 0 to 1"),
    ],
)
def test_values_that_a_likelihood_does_not_know_are_refused(likelihood: str, value: float, why: str) -> None:
    panel = a_panel(np.zeros(60), np.full(60, value))

    with pytest.raises(BadParameter, match=why):
        run(panel, task_of("Deep_AR_Plus", parameters={**FEW, "likelihood": likelihood}))


def test_several_networks_are_averaged() -> None:
    panel = thirty()
    one, two, both = (
        run(panel, task_of("Deep_AR_Plus", parameters={**FEW, "likelihood": "deterministic-L1", **more}))[
            1
        ].values
        for more in ({"seed": "0"}, {"seed": "1"}, {"num_averaged_models": "2"})
    )
    # which windows are held back depends on the first seed, so the second network may stop elsewhere
    assert np.abs(both - (one + two) / 2).mean() < 0.5 * np.abs(one - two).mean()


def test_too_little_is_refused_with_what_to_change() -> None:
    with pytest.raises(
        ImpossibleTask, match=r"CNN-QR needs 32 windows to learn from .* and has 2: give more"
    ):
        run(a_panel(monthly(14)), task_of("CNN-QR"))


def test_each_epoch_is_reported_and_a_budget_limits_them() -> None:
    panel = thirty()
    heard: list[progress.Epoch] = []

    with progress.listening(heard.append):
        run(panel, task_of("CNN-QR", parameters={"epochs": "6"}))
        all_of_them = len(heard)
        run(panel, task_of("CNN-QR", parameters={"epochs": "6"}, budget_seconds=1e-6))

    phases = [one.phase for one in heard[:all_of_them]]
    assert phases[:6] == ["learning"] * 6
    assert phases[6:] == sorted(phases[6:])
    assert phases[6:].count("backtest") == 2
    assert phases[6:].count("forecast") == 6 + 2
    assert [one.number for one in heard[:6]] == [1, 2, 3, 4, 5, 6]
    assert all(np.isfinite([one.loss, one.held or 0.0]).all() for one in heard)
    assert len(heard) - all_of_them == 4


def test_without_jax_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "stepcast.engine.neural.algorithm.find_spec",
        lambda name: None if name == "jax" else util.find_spec(name),
    )

    with pytest.raises(
        MissingPackage, match=r"CNN-QR needs the package jax.*pip install 'stepcast\[neural\]'"
    ):
        run(a_panel(monthly(60)), task_of("CNN-QR"))
