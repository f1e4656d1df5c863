"""What related series and holidays are good for, and that they do no harm."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stepcast.engine import archive
from stepcast.engine.auto import Shared, fit_shared, forecast, train
from stepcast.engine.auto.series.covariates import fit_encoder
from stepcast.engine.auto.series.history import History, histories_of
from stepcast.engine.auto.transforms.covariate_effects import pool_effects, related_effects
from stepcast.engine.calendar import moment_of
from stepcast.engine.frequency import Frequency
from stepcast.engine.holidays import holidays_in
from stepcast.engine.panel import Panel, Related
from stepcast.engine.task import Task

HORIZON = 7
TASK = Task(horizon=HORIZON)
END = 19_850  # 2024-05-07


def promoted(series: int, days: int, effect: float = 0.7, seed: int = 1) -> tuple[Panel, np.ndarray]:
    """Daily sales of which a promotion explains most, known ahead; and what comes after the end."""
    draw = np.random.default_rng(seed)
    time = np.arange(days + HORIZON)
    promotions = (draw.random((series, len(time))) < 0.15).astype(float)
    promotions[:, days + 2] = 1.0  # in the horizon, too
    logs = 0.3 * np.sin(time * 2 * np.pi / 7) + effect * promotions + draw.normal(0, 0.1, promotions.shape)
    values = np.exp(logs + draw.uniform(1, 5, (series, 1)))
    related = Related(("promotion",), tuple(promotions[:, None]), HORIZON)
    return panel_of(list(values[:, :days]), related), values[:, days:]


def panel_of(series: list[np.ndarray], related: Related | None) -> Panel:
    values = tuple(series)
    seen = tuple(np.isfinite(one) for one in values)
    ids = tuple(f"item-{place}" for place in range(len(values)))
    return Panel(ids, values, seen, END, Frequency.parse("D"), related)


def history(panel: Panel, place: int = 0, task: Task = TASK) -> History:
    return histories_of(panel, fit_encoder(panel, task), task.horizon)[place]


def errors(panel: Panel, actual: np.ndarray, task: Task = TASK) -> float:
    shared = fit_shared(panel, task)
    made = forecast(panel, task, train(panel, task, shared)).values
    middle = made[..., 1]
    return float(np.abs(middle - actual).sum() / np.abs(actual).sum())


def test_a_promotion_is_found_and_put_into_the_future() -> None:
    panel, _ = promoted(1, 200)

    found = related_effects(history(panel), 200, np.array([200]), HORIZON)

    assert found is not None
    assert found.overall[202] - found.overall[panel.related.values[0][0][:200].argmin()] == pytest.approx(  # type: ignore[union-attr]
        0.7, abs=0.1
    )


def test_effects_are_learned_from_what_was_fitted_only() -> None:
    panel, _ = promoted(1, 200)
    changed = panel.values[0].copy()
    changed[150:] *= 9

    before = related_effects(history(panel), 150, np.array([100, 200]), HORIZON)
    after = related_effects(history(panel_of([changed], panel.related)), 150, np.array([100, 200]), HORIZON)

    assert before is not None
    assert after is not None
    np.testing.assert_allclose(after.overall, before.overall)
    np.testing.assert_allclose(after.learned, before.learned)


def test_noise_explains_nothing() -> None:
    draw = np.random.default_rng(5)
    panel, _ = promoted(1, 200, effect=0.0)
    noise = Related(("noise",), (draw.normal(size=(1, 207)),), HORIZON)

    found = related_effects(history(panel_of(list(panel.values), noise)), 200, np.array([200]), HORIZON)

    assert found is None or np.ptp(found.overall) < 0.05


def test_a_series_forecast_with_what_it_knew_returns_what_was_removed() -> None:
    panel, _ = promoted(1, 120)
    one = history(panel)
    found = related_effects(one, 120, np.array([60, 113]), HORIZON)
    assert found is not None

    rest = found.removed(np.log(one.values))
    back = found.restore(rest[113:120][None], np.array([120 - HORIZON]))

    np.testing.assert_allclose(back[0], np.log(one.values[113:]), atol=0.15)


def test_short_series_profit_from_what_all_others_say() -> None:
    long, _ = promoted(20, 200)
    pooled_effects = pool_effects(histories_of(long, fit_encoder(long, TASK), HORIZON), HORIZON)
    assert pooled_effects is not None
    place = pooled_effects.names.index("shares promotion 0 before")
    assert pooled_effects.means[place] == pytest.approx(0.7, abs=0.05)

    short, _ = promoted(1, 9)
    found = related_effects(history(short).with_pooled(pooled_effects), 9, np.array([9]), HORIZON)

    assert found is not None
    assert np.ptp(found.overall) == pytest.approx(0.7, abs=0.1)


def test_what_promotions_do_to_counts_with_zeros_is_a_factor() -> None:
    draw = np.random.default_rng(3)
    promotion = (draw.random(407) < 0.2).astype(float)
    counts = draw.poisson(1 + 2 * promotion[:400]).astype(float)
    panel = panel_of([counts], Related(("promotion",), (promotion[None],), HORIZON))

    found = related_effects(history(panel), 400, np.array([400]), HORIZON)

    assert found is not None
    assert found.kind == "ratios"
    assert np.exp(np.ptp(found.overall)) == pytest.approx(3, rel=0.35)


@pytest.mark.parametrize("series", [1, 12])
def test_a_promotion_known_ahead_makes_forecasts_much_better(series: int) -> None:
    panel, actual = promoted(series, 120)

    assert errors(panel, actual) < 0.7 * errors(replace(panel, related=None), actual)


def test_a_price_makes_forecasts_of_a_few_short_series_much_better() -> None:
    """Past origins reach back to the first weeks: each is judged with the effects that were known there."""
    draw = np.random.default_rng(5)
    prices = np.repeat(draw.normal(0, 1, (3, 19)), 10, axis=1)[:, : 180 + HORIZON]
    week = 0.3 * np.sin(np.arange(180 + HORIZON) * 2 * np.pi / 7)
    values = np.exp(4 + week - 0.3 * prices + draw.normal(0, 0.1, prices.shape))
    known = Related(("price",), tuple(prices[:, None]), HORIZON)
    panel = panel_of(list(values[:, :180]), known)

    assert errors(panel, values[:, 180:]) < 0.5 * errors(replace(panel, related=None), values[:, 180:])


def test_an_explanation_says_how_far_features_move_the_forecast() -> None:
    """A price lowers what is sold, a third of the horizon is promoted, chance does nothing."""
    draw = np.random.default_rng(6)
    size = 200 + HORIZON
    price = np.repeat(draw.normal(0, 1, -(-size // 10)), 10)[:size]
    promotion = (np.arange(size) % 3 == 0).astype(float)
    promotion[:200] *= draw.random(200) < 0.6
    noise = draw.normal(size=size)
    values = np.exp(4 - 0.3 * price + 0.5 * promotion + draw.normal(0, 0.1, size))
    known = Related(("price", "promotion", "noise"), (np.stack([price, promotion, noise]),), HORIZON)
    panel = panel_of([values[:200]], known)

    (why,) = train(panel, TASK, fit_shared(panel, TASK)).explanations

    impacts = dict(why.impacts)
    usual_price, usual_promotion = price[:200].mean(), promotion[:200].mean()
    moved = np.abs(np.expm1(-0.3 * (price[200:] - usual_price))).mean()
    lifted = np.abs(np.expm1(0.5 * (promotion[200:] - usual_promotion))).mean()
    assert impacts["price"] == pytest.approx(-moved, rel=0.3)
    assert impacts["promotion"] == pytest.approx(lifted, rel=0.3)
    assert "noise" not in impacts
    assert train(replace(panel, related=None), TASK, fit_shared(panel, TASK)).explanations[0].impacts == ()


def test_random_features_hardly_cost_anything() -> None:
    ratios = []
    for seed in range(1, 5):
        draw = np.random.default_rng(seed)
        panel, actual = promoted(12, 120, effect=0.0, seed=seed)
        noise = Related(("a", "b"), tuple(draw.normal(size=(2, 127)) for _ in range(12)), HORIZON)
        with_noise = errors(replace(panel, related=noise), actual)
        ratios.append(with_noise / errors(replace(panel, related=None), actual))

    assert np.mean(ratios) < 1.03


def test_holidays_make_daily_forecasts_better() -> None:
    """Sales halve on holidays: the horizon holds Memorial Day."""
    draw = np.random.default_rng(4)
    end = 19_865  # 2024-05-22
    periods = end - 799 + np.arange(800 + HORIZON)
    days = moment_of(periods, Frequency.parse("D")).astype("datetime64[D]").astype(int)
    off = {day for year in range(2021, 2025) for day, _ in holidays_in("US", year)}
    quiet = np.array([day in off for day in days])
    values = np.exp(0.3 * np.sin(days * 2 * np.pi / 7) - 0.7 * quiet + draw.normal(0, 0.1, len(days)))
    panel = replace(panel_of([values[:800]], None), end=end)
    actual = values[None, 800:]

    with_holidays = errors(panel, actual, replace(TASK, holidays=("US",)))

    assert with_holidays < 0.9 * errors(panel, actual)


def test_a_feature_that_is_not_known_ahead_helps_from_before_the_horizon_only() -> None:
    draw = np.random.default_rng(6)
    leading = draw.normal(size=220)
    values = 10 + np.concatenate([np.zeros(HORIZON), leading[: 200 - HORIZON]]) + draw.normal(0, 0.2, 200)
    feature = np.append(leading[:200], np.full(HORIZON, np.nan))
    panel = panel_of([values], Related(("leading",), (feature[None],), HORIZON))
    one = history(panel)

    found = related_effects(one, 200, np.array([200]), HORIZON)

    assert one.covariates is not None
    assert one.covariates.forward == (False,)
    assert found is not None
    assert np.corrcoef(found.overall[200:], leading[200 - HORIZON : 200])[0, 1] > 0.95


numbers = st.floats(-100, 100, width=16) | st.just(float("nan"))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(st.data())
def test_nothing_that_comes_after_the_cut_reaches_a_forecast_from_it(data: st.DataObject) -> None:
    """Targets and historical features after a window's start never count; those known ahead may."""
    tail = data.draw(st.lists(numbers, min_size=2 * HORIZON, max_size=2 * HORIZON))
    panel, _ = promoted(3, 60)
    assert panel.related is not None
    draw = np.random.default_rng(1)
    past = [draw.normal(size=60) for _ in panel.values]

    def given_tail(values: list[float]) -> Panel:
        series, features = [], []
        for own, known, other in zip(panel.values, panel.related.values, past, strict=True):  # type: ignore[union-attr]
            series.append(np.append(own[:-HORIZON], np.array(values[:HORIZON])))
            historical = np.append(np.append(other[:-HORIZON], values[HORIZON:]), np.full(HORIZON, np.nan))
            features.append(np.stack([known[0], historical]))
        return panel_of(series, Related(("promotion", "weather"), tuple(features), HORIZON))

    one, other = given_tail([1.0] * 2 * HORIZON), given_tail(tail)
    histories = [histories_of(panel, fit_encoder(one, TASK), HORIZON, HORIZON)[0] for panel in (one, other)]

    for left, right in zip(*map(everything, histories), strict=True):
        np.testing.assert_array_equal(left, right)
    made = [history.before(len(history)) for history in histories]
    assert made[0].end == END - HORIZON


def everything(given: History) -> list[np.ndarray]:
    assert given.covariates is not None
    return [given.values, given.known, given.covariates.related, given.covariates.holidays]


def test_the_future_of_the_target_never_reaches_the_backtest() -> None:
    panel, _ = promoted(12, 80)
    changed = panel_of([np.append(v[:-HORIZON], 9e3 - v[-HORIZON:]) for v in panel.values], panel.related)

    before, after = (train(p, TASK, fit_shared(p, TASK)).backtest for p in (panel, changed))

    assert np.array_equal(before.predicted[:, 0, 0], after.predicted[:, 0, 0])


def test_a_series_is_forecast_alike_in_every_shard_and_from_bytes() -> None:
    panel, _ = promoted(12, 80)
    task = replace(TASK, holidays=("US",))
    shared = fit_shared(panel, task)
    again = archive.from_bytes(Shared, archive.to_bytes(shared))

    whole = forecast(panel, task, train(panel, task, shared)).values
    part = panel.take([3, 7])
    alone = forecast(part, task, train(part, task, again)).values

    assert np.array_equal(alone, whole[[3, 7]])
