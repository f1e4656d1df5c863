import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.exponential_smoothing.ets import ETSModel

from stepcast.engine.errors import BadParameter, CannotFit
from stepcast.engine.models.ets import ets
from stepcast.engine.models.ets_states import Form, States, ahead
from tests.engine.given import a_past, monthly


def states_of(result: object, form: Form) -> States:
    season = form.season if form.season > 1 else 0
    return States(
        form=form,
        level=result.level.iloc[-1],
        slope=result.slope.iloc[-1] if form.damped_trend else 0.0,
        seasonal=result.season.to_numpy()[-season:] if season else np.zeros(1),
        alpha=result.smoothing_level,
        beta=result.smoothing_trend if form.damped_trend else 0.0,
        gamma=result.smoothing_seasonal if season else 0.0,
        phi=result.damping_trend if form.damped_trend else 1.0,
        sigma=np.sqrt(result.scale),
    )


@pytest.mark.parametrize("multiplicative", [False, True], ids=["additive", "multiplicative"])
@pytest.mark.parametrize("damped_trend", [False, True], ids=["level", "damped"])
@pytest.mark.parametrize("season", [1, 12], ids=["plain", "seasonal"])
def test_what_lies_ahead_is_what_statsmodels_says_at_the_same_states(
    multiplicative: bool, damped_trend: bool, season: int
) -> None:
    """Its intervals are exact for additive forms; for multiplicative ones both simulate, within 3 %."""
    kind = "mul" if multiplicative else "add"
    model = ETSModel(
        pd.Series(monthly(120)),
        error=kind,
        trend="add" if damped_trend else None,
        damped_trend=damped_trend,
        seasonal=kind if season > 1 else None,
        seasonal_periods=season if season > 1 else None,
    )
    names = {"smoothing_level": 0.4, "smoothing_trend": 0.1, "smoothing_seasonal": 0.2, "damping_trend": 0.9}
    start = dict(zip(model.param_names, model.start_params, strict=True))
    result = model.smooth([names.get(name, start[name]) for name in model.param_names])
    errors = np.random.default_rng(5).standard_normal((24, 20_000)) * np.sqrt(result.scale)
    paths = result.simulate(24, anchor="end", repetitions=20_000, random_errors=errors)

    ours = ahead(states_of(result, Form(multiplicative, damped_trend, season)), 24, (0.1, 0.5, 0.9))

    assert ours.mean == pytest.approx(result.forecast(24).to_numpy())
    width = np.quantile(paths, 0.9, axis=1) - np.quantile(paths, 0.1, axis=1)
    assert (ours.quantiles[:, 2] - ours.quantiles[:, 0]) / width == pytest.approx(np.ones(24), abs=0.06)
    if not multiplicative:
        exact = result.get_prediction(start=120, end=143).pred_int(alpha=0.2)
        assert ours.quantiles[:, [0, 2]] == pytest.approx(exact.to_numpy())


def test_a_wandering_level_stays_where_it_is_and_grows_uncertain() -> None:
    """With alpha 1 the level is a random walk: the deviation after h steps is sigma * sqrt(h)."""
    walk = States(Form(False, False, 1), 10.0, 0.0, np.zeros(1), 1.0, 0.0, 0.0, 1.0, sigma=2.0)

    prediction = ahead(walk, 4, (0.8413447,))

    assert prediction.mean.tolist() == [10, 10, 10, 10]
    assert prediction.quantiles[:, 0] - 10 == pytest.approx(2 * np.sqrt([1, 2, 3, 4]))


def test_a_season_is_found() -> None:
    prediction = ets(a_past(monthly(120)), 12, (0.1, 0.5, 0.9), {})

    truth = 100 + 20 * np.sin(2 * np.pi * np.arange(120, 132) / 12)
    assert prediction.mean == pytest.approx(truth, abs=4)
    assert ((prediction.quantiles[:, 0] < truth) & (truth < prediction.quantiles[:, 2])).all()


def test_hours_know_the_week() -> None:
    """Half the load at weekends: a day's season alone would see the working week end without warning."""
    hours = np.arange(24 * 7 * 6)
    load = np.where(hours // 24 % 7 >= 5, 50.0, 100.0) + np.random.default_rng(0).normal(size=len(hours))

    prediction = ets(a_past(load[: -24 * 2], frequency="H"), 48, (0.5,), {})

    assert prediction.mean == pytest.approx(np.full(48, 50.0), abs=5)


def test_a_growing_season_is_multiplied() -> None:
    time = np.arange(96)
    noise = np.exp(np.random.default_rng(0).normal(scale=0.02, size=96 + 12))
    growing = (100 + 3 * np.arange(108)) * (1 + 0.4 * np.sin(2 * np.pi * np.arange(108) / 12)) * noise

    prediction = ets(a_past(growing[: len(time)]), 12, (0.1, 0.5, 0.9), {})

    assert prediction.mean == pytest.approx(growing[96:], rel=0.12)


def test_mostly_missing_values_are_refused() -> None:
    """Filling them in would make the series look far smoother than anyone knows it to be."""
    values = np.where(np.arange(40) % 3 == 0, monthly(40), np.nan)

    with pytest.raises(CannotFit, match="most of the recent values are missing"):
        ets(a_past(values), 2, (0.5,), {})


def test_alike_values_leave_nothing_to_estimate() -> None:
    with pytest.raises(CannotFit, match="all values are equal"):
        ets(a_past([3.0] * 30), 2, (0.5,), {})


def test_forms_can_be_asked_for() -> None:
    past = a_past(monthly(60))
    season = ets(past, 12, (0.5,), {"error": "additive", "trend": "none", "seasonal": "always"}).mean
    flat = ets(past, 12, (0.5,), {"trend": "none", "seasonal": "none"}).mean
    short = ets(past, 12, (0.5,), {"context_length": "13"}).mean  # no season fits in it

    assert np.ptp(season) > 20
    assert np.ptp(flat) < 1e-9
    assert np.ptp(short) < np.ptp(season)
    with pytest.raises(BadParameter, match="write one of automatic, none, damped"):
        ets(past, 12, (0.5,), {"trend": "linear"})
