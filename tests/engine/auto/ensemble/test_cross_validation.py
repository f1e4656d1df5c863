"""What a series is said to have been forecast as, from origins in its past and from its end."""

import numpy as np
import pytest

from stepcast.engine.auto.ensemble.cross_validation import CrossValidation, back_span, cross_validate
from stepcast.engine.auto.members.members import Request, forecast_members
from stepcast.engine.auto.members.ridge import Ridge
from stepcast.engine.auto.series.history import History, history_of
from stepcast.engine.auto.series.seasons import Seasons, seasons_of
from stepcast.engine.frequency import Frequency
from tests.engine.auto.ensemble.given import Floats, a_validation, outcomes

YEARS, MONTHS = Frequency.parse("Y"), Frequency.parse("M")
HORIZON = 3


def yearly(values: Floats, reserved: int = HORIZON) -> History:
    """The last horizon is held back, as for a panel."""
    return history_of(np.asarray(values, float), len(values), YEARS, None, reserved)


def examined(history: History, count: int = 6) -> CrossValidation:
    return cross_validate(history, HORIZON, count, {}, {}, True)


def noisy(length: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).uniform(5, 15, length)


def a_ridge(level: float, lags: int = 4) -> Ridge:
    """It says the middle of the last values and ``level`` times how far they lie from it."""
    coefficients = np.zeros((lags, HORIZON))
    coefficients[-1] = level
    return Ridge(coefficients)


def test_each_origin_is_beside_what_came_after_it() -> None:
    history = yearly(noisy(20))

    found = examined(history)

    assert found.origins.tolist() == [9, 11, 13, 15, 17, 19, 20]
    assert found.actual == pytest.approx(outcomes(history.values, found.origins, HORIZON), nan_ok=True)
    assert found.forecasts.shape == (len(found.names), 7, HORIZON)
    assert np.isfinite(found.forecasts).all()
    assert found.values.tolist() == history.values.tolist()
    assert found.seasons == Seasons(1, 0)


def test_the_naive_member_repeats_the_last_value_before_each_origin() -> None:
    history = yearly(noisy(20))

    found = examined(history)

    naive = found.forecasts[found.names.index("naive")]
    assert naive == pytest.approx(np.tile(history.values[found.origins - 1][:, None], HORIZON))


def test_no_forecast_sees_what_comes_after_its_origin() -> None:
    """Nor is a parameter chosen by the last horizon."""
    values = noisy(24)
    other = np.append(values[:-HORIZON], [9.0, 14.0, 6.0])

    one, changed = examined(yearly(values)), examined(yearly(other))

    earlier = one.origins <= len(values) - HORIZON
    assert one.forecasts[:, earlier].tolist() == changed.forecasts[:, earlier].tolist()
    assert (one.forecasts[:, -1] != changed.forecasts[:, -1]).any()


def test_from_the_end_parameters_are_learned_from_everything() -> None:
    """A trend that begins with the last horizon is seen from the end, if the history is short."""
    flat, steps = np.full(20, 10.0) + 0.1 * noisy(20), np.array([20.0, 30.0, 40.0])
    history = yearly(np.append(flat, steps))

    found = examined(history)

    nothing_held_back = yearly(np.append(flat, steps), 0)
    again = cross_validate(nothing_held_back, HORIZON, 1, {}, {}, True)
    trend, all_seen = (one.forecasts[one.names.index("trend"), -1] for one in (found, again))
    assert trend[0] > history.values[-1] * 1.1
    assert np.ldexp(trend, history.exponent) == pytest.approx(np.ldexp(all_seen, nothing_held_back.exponent))


def test_a_gap_is_nothing_that_came() -> None:
    values = noisy(20)
    values[[12, 17]] = np.nan

    found = examined(yearly(values))

    history = yearly(values)
    known = np.where(history.known, history.values, np.nan)
    assert np.isnan(found.values[[12, 17]]).all()
    assert found.actual == pytest.approx(outcomes(known, found.origins, HORIZON), nan_ok=True)


def test_the_window_is_the_origin_whose_horizon_is_the_last_one_known() -> None:
    found = examined(yearly(noisy(20)))

    assert found.window == 4
    assert found.origins[found.window] == 20 - HORIZON
    assert np.isfinite(found.actual[found.window]).all()
    assert not found.in_sample


def test_a_window_that_was_seen_by_the_scale_of_the_history_is_none() -> None:
    """Nothing was held back when the history was read: its scale and its gaps know the last horizon."""
    assert examined(yearly(noisy(20), reserved=0)).window is None
    assert examined(yearly(noisy(20), reserved=2)).window is None


def test_a_window_needs_an_origin_before_it() -> None:
    second, first = yearly(noisy(7)), history_of(noisy(27), 27, MONTHS, None, HORIZON)

    assert (examined(second).origins.tolist(), examined(second).window) == ([3, 4, 5, 6, 7], 1)
    assert (examined(first).origins.tolist(), examined(first).window) == ([24, 25, 26, 27], None)


def test_parameters_of_a_short_history_have_seen_what_they_are_judged_by() -> None:
    """Of four points nothing is left to be judged by: the origins' outcomes are in the sample."""
    short, longer = examined(yearly(noisy(4))), examined(yearly(noisy(5)))

    assert short.in_sample
    assert longer.origins.tolist() == [3, 4, 5]
    assert not longer.in_sample


def test_a_single_value_has_no_origin_but_its_end() -> None:
    found = examined(yearly(np.array([7.0])))

    assert found.origins.tolist() == [1]
    assert found.forecasts.shape == (len(found.names), 1, HORIZON)
    assert found.forecasts[found.names.index("naive")] == pytest.approx(7 / 8)
    assert np.isnan(found.actual).all()
    assert found.actual.shape == (1, HORIZON)
    assert found.window is None
    assert found.seasons == Seasons(1, 0)
    assert not found.in_sample


def test_ridges_fitted_before_the_origins_forecast_from_them_and_the_later_from_the_end() -> None:
    history = yearly(noisy(20))

    found = cross_validate(history, HORIZON, 6, {"": a_ridge(1.0)}, {"": a_ridge(0.0)}, True)

    ridge = found.forecasts[found.names.index("ridge")]
    assert ridge[:-1] == pytest.approx(np.tile(history.values[found.origins[:-1] - 1][:, None], HORIZON))
    assert ridge[-1] == pytest.approx(history.values[-4:].mean())
    alone = cross_validate(yearly(np.array([7.0])), HORIZON, 6, {}, {"": a_ridge(0.0)}, True)
    assert "ridge" in alone.names


@pytest.mark.parametrize(("before", "after"), [({"": a_ridge(1.0)}, {}), ({}, {"": a_ridge(1.0)})])
def test_a_member_that_only_one_of_the_two_has_is_none(before: dict, after: dict) -> None:
    """Without errors in the past nothing tells how good it is; without a forecast it is of no use."""
    history = yearly(noisy(20))

    found = cross_validate(history, HORIZON, 6, before, after, True)
    plain = examined(history)

    assert found.names == plain.names
    assert found.forecasts.tolist() == plain.forecasts.tolist()


def test_few_members_run_where_it_must_be_quick() -> None:
    history = history_of(noisy(40), 40, MONTHS, None, HORIZON)

    quick = cross_validate(history, HORIZON, 6, {}, {}, True)
    all_of_them = cross_validate(history, HORIZON, 6, {}, {})

    assert set(quick.names) < set(all_of_them.names)
    assert quick.seasons == Seasons(12, 0)


def fitted_to(points: int, history: History, horizon: int, origins: Floats) -> Floats:
    """Forecasts by parameters learned from the first so many points."""
    seasons = seasons_of(history.frequency, len(history), horizon)
    asked = Request(history, seasons, origins, points, int(origins[0]), horizon, {}, True, {})
    return forecast_members(asked).forecasts


@pytest.mark.parametrize(
    ("unit", "length", "horizon", "reserved", "points"),
    [
        ("Y", 20, 3, 3, 17),  # all but the last horizon
        ("Y", 20, 3, 0, 17),
        ("Y", 20, 3, 5, 15),  # and what was held back
        ("Y", 6, 3, 3, 4),  # but at least four
        ("M", 26, 3, 3, 24),  # and two seasons
        ("H", 345, 3, 50, 336),  # the longer ones
    ],
)
def test_past_origins_are_forecast_by_what_was_learned_from_the_points_before_the_last_horizon(
    unit: str, length: int, horizon: int, reserved: int, points: int
) -> None:
    history = history_of(noisy(length), length, Frequency.parse(unit), None, reserved)

    found = cross_validate(history, horizon, 6, {}, {}, True)

    expected = fitted_to(points, history, horizon, found.origins[:-1])
    assert found.forecasts[:, :-1].tolist() == expected.tolist()
    assert (
        found.forecasts[:, :-1].tolist()
        != fitted_to(points - 1, history, horizon, found.origins[:-1]).tolist()
    )


@pytest.mark.parametrize(("length", "points"), [(300, 300), (301, 298)])
def test_a_long_history_is_not_learned_from_again_for_its_end(length: int, points: int) -> None:
    """Beyond 300 points the last horizon is hardly anything to learn from."""
    wandering = 50 + np.random.default_rng(0).normal(0, 0.1, length - HORIZON).cumsum()
    history = yearly(np.append(wandering, [90.0, 10, 90]))

    found = cross_validate(history, HORIZON, 4, {}, {}, True)

    level, trend = (found.names.index(name) for name in ("level", "trend"))
    expected = fitted_to(points, history, HORIZON, np.array([length]))
    other = fitted_to(598 - points, history, HORIZON, np.array([length]))
    assert found.forecasts[[level, trend], -1].tolist() == expected[[level, trend], 0].tolist()
    assert found.forecasts[level, -1].tolist() != other[level, 0].tolist()


# -- what a cross-validation tells of itself -------------------------------------------------------------


@pytest.mark.parametrize(
    ("origins", "step"), [([5], 1), ([5, 8], 3), ([5, 8, 11, 12], 3), ([5, 5, 5], 1), ([5, 6, 7], 1)]
)
def test_the_step_is_how_far_apart_the_origins_usually_are(origins: list[int], step: float) -> None:
    assert a_validation(np.arange(20.0), [1], origins, 2).step == step


def test_global_members_are_fitted_to_what_lies_before_the_first_origin() -> None:
    history = yearly(noisy(20))

    assert back_span(20, HORIZON, Seasons(1, 0), 0, 6) == 20 - examined(history).origins[0]


def test_at_least_the_last_horizon_is_held_back_from_global_members() -> None:
    assert back_span(8, 6, Seasons(1, 0), 0, 6) == 6


def test_without_an_origin_nothing_is_left_for_global_members() -> None:
    assert back_span(1, HORIZON, Seasons(1, 0), 0, 6) == 1
    assert back_span(0, HORIZON, Seasons(1, 0), 0, 6) == 0
