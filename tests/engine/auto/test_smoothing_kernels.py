"""The compiled loops agree with statsmodels at equal parameters."""

import numpy as np
import pytest
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel, ThetaModelResults
from statsmodels.tsa.holtwinters import SimpleExpSmoothing

from stepcast.engine.auto.members import smoothing_kernels as kernels
from stepcast.engine.auto.members.smoothing import Form, smoothed

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

    # statsmodels moves a ratio by the new level, the textbook (and the kernel) by the one before
    assert made[1] == pytest.approx(expected.forecast(6), rel=2e-3 if season == "mul" else 1e-9)


def plain_python(
    values: np.ndarray,
    level: float,
    slope: float,
    seasons: tuple[np.ndarray, np.ndarray],
    parameters: dict[str, float],
    horizon: int,
) -> np.ndarray:
    """Additive smoothing with two seasons, a damped slope and errors that ar1, as the textbook has it."""
    p = {"trend": 0.0, "season": 0.0, "second": 0.0, "damping": 1.0, "ar1": 0.0, **parameters}
    first, second = (list(season) for season in seasons)
    left = 0.0
    for time, value in enumerate(values):
        i, k = time % len(first), time % len(second)
        expected = level + p["damping"] * slope + first[i] + second[k]
        surprise = value - expected - p["ar1"] * left
        left = value - expected
        level += p["damping"] * slope + p["level"] * surprise
        slope = p["damping"] * slope + p["trend"] * surprise
        first[i] += p["season"] * surprise
        second[k] += p["second"] * surprise
    ahead = []
    for step in range(1, horizon + 1):
        time = len(values) + step - 1
        reach = sum(p["damping"] ** power for power in range(1, step + 1))
        ar1 = p["ar1"] ** step * left
        ahead.append(level + reach * slope + first[time % len(first)] + second[time % len(second)] + ar1)
    return np.array(ahead)


@pytest.mark.parametrize(
    "parameters",
    [
        {"level": 0.3},
        {"level": 0.3, "trend": 0.1, "damping": 0.8},
        {"level": 0.3, "trend": 0.1, "damping": 0.98, "season": 0.2},
        {"level": 0.1, "season": 0.2, "second": 0.3},
        {"level": 0.1, "ar1": 0.6},
        {"level": 0.1, "season": 0.1, "ar1": -0.4},
        {"level": 0.2, "trend": 0.05, "season": 0.1, "second": 0.2, "damping": 0.9, "ar1": 0.7},
    ],
    ids=lambda parameters: "-".join(parameters),
)
@pytest.mark.parametrize("origin", [5, 60, 96])
def test_seasons_damping_and_autocorrelation_are_the_textbooks(
    parameters: dict[str, float], origin: int
) -> None:
    given = np.zeros(kernels.PARAMETERS)
    given[kernels.DAMPING] = 1.0
    for name, value in parameters.items():
        given[getattr(kernels, name.upper())] = value
    long = 0.2 * np.cos(np.arange(36))
    second = long if "second" in parameters else np.zeros(1)
    made = np.empty((1, 40))

    kernels._run(
        HISTORY,
        kernels.ADDITIVE,
        MONTHS,
        len(second) if "second" in parameters else 0,
        np.array([3.0, 0.02]),
        SEASON / 2,
        second,
        given,
        np.array([origin]),
        40,
        made,
    )

    expected = plain_python(HISTORY[:origin], 3.0, 0.02, (SEASON / 2, second), parameters, 40)
    assert made[0] == pytest.approx(expected, rel=1e-9)


def test_ratios_are_the_textbooks() -> None:
    """ETS(M,Ad,M), Hyndman et al. (2008), table 2.3: relative errors move every state."""
    level, slope, ratios = 3.0, 0.02, list(1 + SEASON / 10)
    for time, value in enumerate(HISTORY):
        base, i = level + 0.9 * slope, time % MONTHS
        error = value / (base * ratios[i]) - 1
        level, slope = base * (1 + 0.3 * error), 0.9 * slope + 0.05 * base * error
        ratios[i] *= 1 + 0.2 * error
    expected = [
        (level + sum(0.9**power for power in range(1, step + 1)) * slope) * ratios[(95 + step) % MONTHS]
        for step in range(1, 31)
    ]
    given = np.zeros(kernels.PARAMETERS)
    given[[kernels.LEVEL, kernels.TREND, kernels.SEASON, kernels.DAMPING]] = 0.3, 0.05, 0.2, 0.9
    made, states = np.empty((1, 30)), np.array([3.0, 0.02])

    kernels._run(
        *(HISTORY, kernels.MULTIPLICATIVE, MONTHS, 0, states, 1 + SEASON / 10, np.zeros(1)),
        *(given, np.array([96]), 30, made),
    )

    assert made[0] == pytest.approx(np.array(expected), rel=1e-9)


@pytest.mark.parametrize("season", [None, "add", "mul"])
def test_the_loss_of_a_candidate_is_that_of_a_pass_with_it(season: str | None) -> None:
    """The search sees single precision: squared one-step errors agree to a thousandth."""
    kind = {None: kernels.NONE, "add": kernels.ADDITIVE, "mul": kernels.MULTIPLICATIVE}[season]
    start = {None: np.zeros(1), "add": SEASON / 2, "mul": 1 + SEASON / 10}[season]
    states, given, n = np.array([3.0, 0.02]), np.zeros(kernels.PARAMETERS), len(HISTORY)
    given[[kernels.LEVEL, kernels.TREND, kernels.DAMPING]] = 0.3, 0.05, 0.9
    given[kernels.SEASON] = 0.2 if season else 0.0
    origins = np.arange(n + 1)
    one_step = np.empty((n + 1, 1))
    losses = np.empty(kernels.CANDIDATES, np.float32)
    candidates = np.repeat(given[:, None], kernels.CANDIDATES, axis=1).astype(np.float32)

    kernels._run(HISTORY, kind, len(start), 0, states, start, np.zeros(1), given, origins, 1, one_step)
    single = HISTORY.astype(np.float32)
    kernels._losses(single, n, kind, len(start), 0, 0, states, start, np.zeros(1), candidates, losses)

    skipped = max(len(start), 2)
    expected = ((HISTORY - one_step[:-1, 0])[skipped:] ** 2).sum()
    assert losses == pytest.approx(np.full(kernels.CANDIDATES, expected), rel=1e-3)


@pytest.mark.parametrize("kind", [kernels.ADDITIVE, kernels.MULTIPLICATIVE])
def test_the_season_of_theta_is_taken_off_and_put_back(kind: int) -> None:
    """Around a seasonless history the seasonal theta is the plain one, with the season on top."""
    line = 5 + 0.01 * np.arange(120)
    season = np.tile(1 + SEASON / 10, 10) if kind == kernels.MULTIPLICATIVE else np.tile(SEASON, 10)
    history = line * season if kind == kernels.MULTIPLICATIVE else line + season
    origins = np.array([120])

    plain = smoothed(line, 120, (Form("theta", kernels.THETA),), origins, 12, {})[0, 0]
    made = smoothed(history, 120, (Form("theta", kernels.THETA, kind, MONTHS),), origins, 12, {})[0, 0]

    expected = plain * season[:12] if kind == kernels.MULTIPLICATIVE else plain + season[:12]
    assert made == pytest.approx(expected, rel=5e-3)


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
