"""The compiled loops agree with statsmodels at equal parameters."""

import numpy as np
import pytest
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel, ThetaModelResults
from statsmodels.tsa.holtwinters import SimpleExpSmoothing

from stepcast.engine.auto import kernels
from stepcast.engine.auto.smoothing import Form, smoothed

MONTHS = 12
RANDOM = np.random.default_rng(5)
SEASON = np.sin(np.arange(MONTHS) * 2 * np.pi / MONTHS)
HISTORY = 3 + 0.01 * np.arange(96) + np.tile(SEASON, 8) * 0.5 + RANDOM.normal(0, 0.1, 96)


@pytest.mark.parametrize("season", [None, "add", "mul"])
@pytest.mark.parametrize("trend", [None, "add"])
def test_forecasts_equal_those_of_statsmodels_ets(season: str | None, trend: str | None) -> None:
    level, slope, indices = 3.0, 0.02, 1 + SEASON / 10 if season == "mul" else SEASON / 2
    smoothing = {"smoothing_level": 0.3}
    if trend:
        smoothing |= {"smoothing_trend": 0.05, "damping_trend": 0.9}
    if season:
        smoothing |= {"smoothing_seasonal": 0.2}
    reference = ETSModel(
        HISTORY,
        error="mul" if season == "mul" else "add",
        trend=trend,
        damped_trend=bool(trend),
        seasonal=season,
        seasonal_periods=MONTHS if season else None,
        initialization_method="known",
        initial_level=level,
        initial_trend=slope if trend else None,
        initial_seasonal=indices if season else None,
    )
    expected = reference.smooth([smoothing[name] for name in reference.param_names if name in smoothing])
    parameters = np.zeros(kernels.PARAMETERS)
    parameters[kernels.LEVEL] = 0.3
    if trend:
        parameters[[kernels.TREND, kernels.DAMPING]] = 0.05, 0.9
    parameters[kernels.SEASON] = 0.2 if season else 0.0
    kind = {None: kernels.NONE, "add": kernels.ADDITIVE, "mul": kernels.MULTIPLICATIVE}[season]
    made = np.empty((2, 6))
    states = np.array([level, slope if trend else 0.0])
    start = indices if season else np.zeros(1)

    kernels._run(
        HISTORY, kind, len(start), 0, states, start, np.zeros(1), parameters, np.array([60, 96]), 6, made
    )

    assert made[1] == pytest.approx(expected.forecast(6), rel=1e-2 if season == "mul" else 1e-9)


def test_theta_equals_that_of_statsmodels_at_its_smoothing_parameter() -> None:
    history = HISTORY[:60] - np.tile(SEASON, 5) * 0.5
    known: dict[str, np.ndarray] = {}

    made = smoothed(history, 60, (Form("theta", kernels.THETA),), np.array([60]), 8, known)

    alpha = float(known["theta"][kernels.LEVEL])
    flat = SimpleExpSmoothing(history, initialization_method="known", initial_level=history[0])
    one_step = float(flat.fit(smoothing_level=alpha, optimized=False).forecast(1)[0])
    slope = float(np.polyfit(np.arange(60), history, 1)[0])
    model = ThetaModel(history, period=1, deseasonalize=False)
    expected = ThetaModelResults(slope, alpha, 1.0, one_step, np.zeros(1), False, model).forecast(8)
    assert made[0, 0] == pytest.approx(np.asarray(expected), rel=1e-3)


def test_a_search_finds_parameters_as_good_as_the_ones_that_made_the_series() -> None:
    draw = np.random.default_rng(1)
    level, values = 1.0, []
    for shock in draw.normal(0, 0.1, 400):
        values.append(level + shock)
        level += 0.4 * shock
    known: dict[str, np.ndarray] = {}

    smoothed(np.array(values), 400, (Form("level", 0),), np.array([400]), 1, known)

    assert known["level"][kernels.LEVEL] == pytest.approx(0.4, abs=0.12)


def test_quantiles_by_step_pool_the_neighbours_and_skip_the_unknown() -> None:
    errors = np.array([[1.0, np.nan], [3.0, 5.0]])
    alone, pooled = np.zeros((2, 1)), np.zeros((2, 1))

    kernels.quantiles_by_step(errors, 0, np.array([0.5]), alone)
    kernels.quantiles_by_step(errors, 1, np.array([0.5]), pooled)

    assert alone[:, 0].tolist() == [2.0, 5.0]
    assert pooled[:, 0].tolist() == [3.0, 3.0]
