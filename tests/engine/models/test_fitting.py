"""What holds for every model, whatever the history."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from stepcast.engine.errors import CannotFit, HistoryTooShort
from stepcast.engine.frequency import Frequency
from stepcast.engine.models import MODELS
from stepcast.engine.models.fitting import fit
from stepcast.engine.models.model import Model, Past, Prediction
from tests.engine.given import INSTALLED

Floats = NDArray[np.float64]

OUTPUTS = (0.01, 0.1, 0.5, 0.9, 0.99, "mean")
NAN = float("nan")
FREQUENCIES = ["15min", "H", "5H", "D", "2D", "W", "M", "3M", "Y"]

SHAPES = (
    *("noise", "walk", "counts", "constant", "zero", "line", "growth", "jump", "season", "spike"),
    *("cumulative", "heavy", "offset", "negative"),
)
HOLES = ("none", "some", "most", "end", "begin")


def shaped(shape: str, time: Floats, random: np.random.Generator) -> Floats:
    """What data looks like: noise, counts, constants, trends, jumps, seasons, spikes, growth."""
    count = len(time)
    shapes = {
        "noise": random.normal(size=count),
        "walk": random.normal(size=count).cumsum(),
        "counts": random.poisson(0.3, count),
        "constant": np.full(count, 7.0),
        "zero": np.zeros(count),
        "line": 3 * time,
        "growth": np.exp(time / 5),
        "jump": np.where(time > count / 2, 1000.0, 1.0),
        "season": np.sin(2 * np.pi * time / 7) + 2,
        "spike": np.where(time == count - 1, 1e6, 1.0),
        "cumulative": random.poisson(3, count).cumsum(),
        "heavy": random.standard_cauchy(count),
        "offset": 1e9 + random.random(count),
        "negative": -np.exp(random.normal(size=count)),
    }
    return shapes[shape].astype(float)


@st.composite
def histories(draw: st.DrawFn) -> Floats:
    count = draw(st.sampled_from([1, 2, 3, 5, 8, 13, 30, 60, 120]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = shaped(draw(st.sampled_from(SHAPES)), np.arange(count, dtype=float), random)
    values = values * draw(st.sampled_from([1.0, 1e-12, 1e12, 1e-300, 1e290]))
    holes = draw(st.sampled_from(HOLES))
    if holes == "end":
        values[(count + 1) // 2 :] = NAN
    elif holes == "begin":
        values[: count // 2] = NAN
    elif holes != "none":
        values[random.random(count) < {"some": 0.2, "most": 0.9}[holes]] = NAN
    return values


def fitted(model: Model, history: Floats, frequency: str = "M", horizon: int = 12) -> Floats:
    return fit(model, history, np.isfinite(history), 600, Frequency.parse(frequency), horizon, OUTPUTS, {})


SLOW = ("Prophet",)  # a third of a second a fit


@pytest.mark.parametrize("name", INSTALLED)
def test_a_forecast_is_finite_ordered_and_keeps_its_sign(name: str) -> None:
    @settings(deadline=None, derandomize=True, max_examples=20 if name in SLOW else 80)
    @given(history=histories(), frequency=st.sampled_from(FREQUENCIES), horizon=st.sampled_from([1, 3, 14]))
    @example(history=np.array([1.7e308, -1.7e308, 1.7e308]), frequency="Y", horizon=3)
    @example(history=np.array([5e-324, 0.0, 5e-324, 1e-323, 0.0, 5e-324, 0.0, 0.0]), frequency="Y", horizon=3)
    def check(history: Floats, frequency: str, horizon: int) -> None:
        try:
            forecast = fitted(MODELS[name], history, frequency, horizon)
        except CannotFit:
            return  # no forecast is better than a bad one: another model takes over

        quantiles = forecast[:, :-1]
        assert forecast.shape == (horizon, len(OUTPUTS))
        assert np.isfinite(forecast).all()
        assert (quantiles[:, 1:] >= quantiles[:, :-1]).all()
        assert np.nanmin(history) < 0 or (forecast >= 0).all()

    check()


@settings(deadline=None, derandomize=True, max_examples=80)
@given(history=histories(), frequency=st.sampled_from(FREQUENCIES), horizon=st.sampled_from([1, 14]))
def test_seasonal_naive_refuses_nothing_that_has_a_value(
    history: Floats, frequency: str, horizon: int
) -> None:
    history = np.append(history, 1.0)

    assert np.isfinite(fitted(MODELS["SeasonalNaive"], history, frequency, horizon)).all()


@pytest.mark.parametrize("name", INSTALLED)
@settings(deadline=None, derandomize=True, max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), exponent=st.integers(-600, 600))
def test_a_history_twice_as_large_has_a_forecast_twice_as_large(name: str, seed: int, exponent: int) -> None:
    """Bit for bit, for any power of two: currencies and units do not matter."""
    history = np.random.default_rng(seed).normal(size=40).cumsum()

    scaled = fitted(MODELS[name], np.ldexp(history, exponent))

    assert scaled.tolist() == np.ldexp(fitted(MODELS[name], history), exponent).tolist()


@pytest.mark.parametrize("name", INSTALLED)
def test_the_same_history_has_the_same_forecast(name: str) -> None:
    history = np.random.default_rng(0).gamma(3, size=90)

    assert fitted(MODELS[name], history).tolist() == fitted(MODELS[name], history.copy()).tolist()


@pytest.mark.parametrize("name", INSTALLED)
def test_what_was_missing_before_the_first_value_does_not_count(name: str) -> None:
    history = np.random.default_rng(0).gamma(3, size=40)

    padded = np.concatenate([np.full(50, NAN), history])

    assert fitted(MODELS[name], padded).tolist() == fitted(MODELS[name], history).tolist()


def test_infinite_values_count_as_missing() -> None:
    forecast = fitted(MODELS["SeasonalNaive"], np.array([1.0, 2.0, np.inf]), horizon=1)

    assert forecast[0, 2] == 2.0


def test_a_history_with_negative_values_may_have_a_negative_forecast() -> None:
    history = np.random.default_rng(0).normal(size=40)

    assert fitted(MODELS["SeasonalNaive"], history)[:, 0].min() < 0
    assert fitted(MODELS["SeasonalNaive"], np.abs(history))[:, 0].min() == 0


def test_a_filled_negative_value_does_not_make_a_series_negative() -> None:
    """Somebody filled the gap with -1; what was observed is positive all the same."""
    history, observed = np.array([5.0, -1.0, 5.0, -1.0]), np.array([True, False, True, False])

    forecast = fit(MODELS["NPTS"], history, observed, 600, Frequency.parse("Y"), 2, (0.1, 0.5), {})

    assert forecast.min() == 0


def test_a_model_is_not_asked_below_its_needs() -> None:
    with pytest.raises(HistoryTooShort, match="it needs 8 observations but there are only 3"):
        fitted(MODELS["ARIMA"], np.array([1.0, NAN, 2.0, 3.0]))


def test_a_series_without_a_value_is_refused() -> None:
    with pytest.raises(CannotFit, match="no value was observed"):
        fitted(MODELS["SeasonalNaive"], np.array([NAN, NAN]))


def a_model(mean: Floats) -> Model:
    """A model that forecasts ``mean`` whatever the past (which it sees scaled to at most 1)."""

    def forecast(
        _past: Past, _horizon: int, quantiles: tuple[float, ...], _parameters: object, /
    ) -> Prediction:
        return Prediction(np.repeat(mean[:, None], len(quantiles), axis=1), mean)

    return Model("Wild", forecast, needs=1)


@pytest.mark.parametrize(
    ("mean", "why"), [(1e6, "diverges"), (-1e6, "diverges"), (NAN, "not finite"), (np.inf, "not finite")]
)
def test_a_forecast_that_explodes_is_refused(mean: float, why: str) -> None:
    with pytest.raises(CannotFit, match=why):
        fitted(a_model(np.full(12, mean)), np.array([1.0, 2.0, 3.0]))


def test_a_trend_that_goes_on_is_no_explosion() -> None:
    """Ten years up by one a year, then forty more."""
    forecast = fitted(a_model((11.0 + np.arange(40)) / 16), np.arange(1.0, 11.0), "Y", horizon=40)

    assert forecast[-1, -1] == 50.0
