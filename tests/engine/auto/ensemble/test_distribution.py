"""From members' errors at past origins to a distribution, of what was known at its own origin alone."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from stepcast.engine.auto.ensemble.distribution import (
    PanelPrior,
    distribution_at,
    nested_origins,
    scores_at,
    weights_at,
)
from stepcast.engine.auto.ensemble.kinds import Kinds
from stepcast.engine.auto.ensemble.little_evidence import scale_of_little
from stepcast.engine.auto.ensemble.residual_quantiles import error_quantiles
from stepcast.engine.auto.ensemble.stacking import stacked
from stepcast.engine.auto.ensemble.weights import member_weights
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from tests.engine.auto.ensemble.given import Floats, a_validation

COUNT = len(PROBABILITIES)
NORMAL = np.array([NormalDist().inv_cdf(p) for p in PROBABILITIES])
ALIKE = np.log([[1.0] * 3] * 2)
RISING = 10.0 + np.arange(12)


def blended(*parts: tuple[float, Floats]) -> Floats:
    return sum(share * part for share, part in parts)


# -- what an origin knows ------------------------------------------------------------------------------


def test_an_origin_knows_of_earlier_ones_only_what_had_come_by_then() -> None:
    """Of two steps from 4, 5 and 6 at the sixth value: both, one, none."""
    validation = a_validation(RISING[:8], [1, 2], [4, 5, 6, 7, 8], 2)

    scores = scores_at(validation, 2)

    assert scores.actual[0].tolist() == [14, 15]
    assert scores.actual[1].tolist() == pytest.approx([15, np.nan], nan_ok=True)
    assert (scores.index, scores.size, scores.windows) == (2, 1.5, 0.5)
    assert scores.losses == pytest.approx(np.tile(np.log([[1 / 1.5], [2 / 1.5]]), 3))


def test_the_end_knows_all_outcomes_there_are() -> None:
    scores = scores_at(a_validation(RISING[:8], [1, 2], [4, 5, 6, 7, 8], 2), 4)

    assert scores.actual[:3].tolist() == [[14, 15], [15, 16], [16, 17]]
    assert (scores.size, scores.windows) == (3.5, 1.5)


def test_the_first_origin_knows_nothing() -> None:
    scores = scores_at(a_validation(RISING[:8], [1, 2], [4, 5, 6], 2), 0)

    assert scores.actual.shape == (0, 2)
    assert (scores.size, scores.windows) == (0, 0)
    assert not scores.losses.any()
    assert scores.products.tolist() == [[[1, 0], [0, 1]]] * 3


@pytest.mark.parametrize("metric", ["AverageWeightedQuantileLoss", "RMSE", "MAPE"])
def test_nothing_after_an_origin_changes_its_scores_or_its_distribution(metric: str) -> None:
    draw = np.random.default_rng(0)
    values, errors = draw.normal(20, 3, 12), draw.normal(size=(3, 6, 4))
    origins = np.array([3, 4, 5, 7, 8, 12])
    values_later, errors_later = np.append(values[:7], 900 + draw.normal(size=5)), errors.copy()
    errors_later[:, 4:] = 77
    now = a_validation(values, errors, origins, 4)
    later = a_validation(values_later, errors_later, origins, 4)
    # what a member said does not change with what comes, so it errs otherwise
    later.forecasts[:, :4] = now.forecasts[:, :4]

    one, other = scores_at(now, 3, metric), scores_at(later, 3, metric)

    assert one.losses.tolist() == other.losses.tolist()
    assert one.products.tolist() == other.products.tolist()
    made = [distribution_at(*known, PanelPrior(logs=0.5), True) for known in ((now, one), (later, other))]
    assert made[0].quantiles.tolist() == made[1].quantiles.tolist()


def test_the_metric_says_how_members_are_judged() -> None:
    """One errs by 3 where values are 10 and by 1 where they are 1; the other by 2 at all of them."""
    values = np.array([5.0, 10, 1, 10, 1, 10, 1, 5])
    first = np.where(np.arange(1, 7)[:, None] % 2 == 1, 3.0, 1.0)
    errors = np.stack([first, np.full((6, 1), 2.0)])
    validation = a_validation(values, errors, np.arange(1, 7), 1)

    def beside_each_other(metric: str) -> float:
        losses = scores_at(validation, 5, metric).losses
        return float(np.exp(losses[0, 0] - losses[1, 0]))

    assert beside_each_other("AverageWeightedQuantileLoss") == pytest.approx(11 / 10)
    assert beside_each_other("WAPE") == pytest.approx(11 / 10)
    assert beside_each_other("RMSE") == pytest.approx(np.sqrt((3 * 9 + 2 * 1) / (5 * 4)))
    assert beside_each_other("MAPE") == pytest.approx((3 * 0.3 + 2 * 1) / (3 * 0.2 + 2 * 2))


def test_a_share_of_nothing_is_not_counted() -> None:
    """By MAPE an outcome of zero tells nothing of a member."""
    values = np.array([5.0, 0, 2, 0, 2, 5])
    wrong_at_zero = np.where(np.arange(1, 6)[:, None] % 2 == 1, 50.0, 1.0)
    errors = np.stack([wrong_at_zero, np.ones((5, 1))])

    losses = scores_at(a_validation(values, errors, np.arange(1, 6), 1), 4, "MAPE").losses

    assert losses == pytest.approx(0)


@pytest.mark.parametrize("unit", [-1.0, 0.01])
def test_a_share_does_not_depend_on_the_sign_or_the_unit(unit: float) -> None:
    values = unit * np.array([5.0, 4, 2, 4, 2, 5])
    errors = unit * np.stack([np.where(np.arange(1, 6)[:, None] % 2 == 1, 2.0, 3.0), np.full((5, 1), 1.0)])

    losses = scores_at(a_validation(values, errors, np.arange(1, 6), 1), 4, "MAPE").losses

    assert np.exp(losses[0] - losses[1]) == pytest.approx((2 * 2 / 4 + 2 * 3 / 2) / (2 * 1 / 4 + 2 * 1 / 2))


# -- which origins a forecast is made again from ----------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "places"), [(9, [3, 4, 5, 6]), (4, [3, 4, 5, 6]), (3, [4, 6]), (2, [4, 6]), (1, [6])]
)
def test_the_latest_origins_with_a_past_and_a_known_horizon_are_forecast_again(
    count: int, places: list[int]
) -> None:
    """Nine origins a period apart, three steps: those five or more periods after the first have a past."""
    origins = np.array([3, 4, 5, 8, 9, 10, 11, 12, 13])
    validation = a_validation(np.arange(14.0), [1], origins, 3)

    assert nested_origins(validation, count).tolist() == places


def test_of_a_long_horizon_four_periods_are_past_enough() -> None:
    validation = a_validation(np.arange(20.0), [1], np.array([2, 6, 7, 8]), 9)

    assert nested_origins(validation, 9).tolist() == [2, 3]


def test_without_a_past_the_latest_known_origin_stands_in() -> None:
    assert nested_origins(a_validation(np.arange(9.0), [1], np.array([4, 5, 6, 8, 9]), 3), 5).tolist() == [2]
    assert nested_origins(a_validation(np.arange(9.0), [1], np.array([8, 9]), 3), 5).tolist() == []


# -- weights -------------------------------------------------------------------------------------------------


def test_members_are_weighed_by_their_own_losses_and_errors_where_there_is_no_panel() -> None:
    draw = np.random.default_rng(3)
    validation = a_validation(draw.normal(size=20), draw.normal(size=(3, 9, 3)), np.arange(10, 19), 3)
    scores = scores_at(validation, 8)

    weights = weights_at(validation, scores, PanelPrior())

    softmin = member_weights(scores.losses, scores.size, scores.windows, np.zeros((3, 3)), 0)
    assert weights == pytest.approx(stacked(scores.products, softmin, scores.windows))
    assert weights.sum(axis=0) == pytest.approx(1)


def test_a_panel_counts_like_ten_origins() -> None:
    draw = np.random.default_rng(4)
    validation = a_validation(draw.normal(size=20), draw.normal(size=(2, 9, 3)), np.arange(10, 19), 3)
    scores = scores_at(validation, 8)
    expected, usual = np.array([[0.5, 0, 0], [0, 0.5, 1]]), np.stack([np.diag([1.0, 3.0])] * 3)
    prior = PanelPrior(Kinds(validation.names, np.ones(1), expected[None], usual[None]))

    weights = weights_at(validation, scores, prior)

    softmin = member_weights(scores.losses, scores.size, scores.windows, expected, 10)
    products = (scores.size * scores.products + 10 * usual) / (scores.size + 10)
    assert weights == pytest.approx(stacked(products, softmin, scores.windows))


@pytest.mark.parametrize("known", [0, 1])
def test_products_that_the_panel_does_not_know_are_the_series_own(known: int) -> None:
    """It knows none or the first of the two members, and another one."""
    draw = np.random.default_rng(5)
    validation = a_validation(draw.normal(size=20), draw.normal(size=(2, 9, 3)), np.arange(10, 19), 3)
    scores = scores_at(validation, 8)
    names = (f"member-{known - 1}", "other")
    panel = PanelPrior(Kinds(names, np.ones(1), np.zeros((1, 2, 3)), np.full((1, 3, 2, 2), 2.0)))

    weights = weights_at(validation, scores, panel)

    products = scores.products.copy()
    if known:
        products[:, 0, 0] = (scores.size * products[:, 0, 0] + 10 * 2) / (scores.size + 10)
    softmin = member_weights(scores.losses, scores.size, scores.windows, np.zeros((2, 3)), 10)
    assert weights == pytest.approx(stacked(products, softmin, scores.windows))


def test_members_judged_on_what_they_were_fitted_to_are_all_alike() -> None:
    """Losses say there who fits best, not who forecasts best; a panel knows better."""
    validation = a_validation(RISING, [0.1, 1, 5], np.arange(4, 12), 2, in_sample=True)
    scores = scores_at(validation, 7)
    kinds = Kinds(validation.names, np.ones(1), np.zeros((1, 3, 3)), np.stack([np.eye(3)] * 3)[None])
    prior = PanelPrior(kinds)

    assert weights_at(validation, scores, PanelPrior()) == pytest.approx(1 / 3)
    assert weights_at(validation, scores, prior)[0, 0] > 0.5


# -- the distribution ----------------------------------------------------------------------------------------


def test_the_centre_is_the_weighted_mean_of_the_members_by_bucket() -> None:
    draw = np.random.default_rng(6)
    errors = draw.normal(size=(2, 9, 6))
    validation = a_validation(np.full(20, 10.0), errors, np.append(np.arange(6, 14), 20), 6)

    made = distribution_at(validation, scores_at(validation, 8), PanelPrior(), False)

    each_step = np.repeat(made.weights, 2, axis=1)
    assert made.centre == pytest.approx(10 + (each_step * errors[:, -1]).sum(axis=0))
    assert made.errors == pytest.approx(-np.einsum("kh,koh->oh", each_step, errors[:, :-1]))
    assert made.scale == pytest.approx(np.abs(made.errors).mean())


def equal_members(errors: Floats, horizon: int, **more: object) -> object:
    """One member that errs by so much at each origin; the last is the end, from which ten is forecast."""
    origins = np.arange(len(errors) + 1) + 10
    every = np.append(np.asarray(errors, float), 0.0)[None, :, None] * np.ones(horizon)
    values = np.full(int(origins[-1]) + horizon, 10.0)
    validation = a_validation(values, every, origins, horizon, **more)
    validation.actual[-1] = np.nan
    return validation


def test_quantiles_are_the_centre_and_those_of_its_past_errors() -> None:
    """An error is what came less what was forecast: too high forecasts pull it down."""
    errors = np.arange(1.0, 13.0)
    validation = equal_members(errors, 1)

    made = distribution_at(validation, scores_at(validation, 12), PanelPrior(), False)

    assert made.errors[:, 0].tolist() == (-errors).tolist()
    assert made.quantiles == pytest.approx(10 + error_quantiles(-errors[:, None]))
    assert made.quantiles[0, -1] < 10 + 12
    assert made.ways.logarithmic is None


@pytest.mark.parametrize("origins", [1, 5, 12])
def test_a_normal_distribution_stands_in_where_there_are_few_origins(origins: int) -> None:
    """Of the size of the errors there are, and wider by the cube root of time."""
    errors = np.where(np.arange(origins) % 2 == 0, 2.0, -2.0)
    validation = equal_members(errors, 3)
    scores = scores_at(validation, origins)

    made = distribution_at(validation, scores, PanelPrior(), False)

    own = error_quantiles(made.errors, validation.step)
    share = origins / 12
    normal = 2 * np.sqrt(np.pi / 2) * NORMAL * np.cbrt([[1], [2], [3]])
    assert made.scale == pytest.approx(2)
    assert made.quantiles == pytest.approx(10 + share * own + (1 - share) * normal)


def test_a_single_value_is_uncertain_by_a_fifth_of_it() -> None:
    validation = a_validation([10.0], [0.0], np.array([1]), 2)

    made = distribution_at(validation, scores_at(validation, 0), PanelPrior(), False)

    assert made.scale == pytest.approx(2)
    assert made.centre.tolist() == [10, 10]
    assert made.quantiles[0] == pytest.approx(10 + 2 * np.sqrt(np.pi / 2) * NORMAL)
    down = distribution_at(
        a_validation([-10.0], [0.0], np.array([1]), 2), scores_at(validation, 0), PanelPrior(), False
    )
    assert down.scale == pytest.approx(2)


def test_what_was_fitted_to_its_own_outcomes_is_as_wide_as_the_changes() -> None:
    values = np.array(
        [10.0, 14, 10, 14, np.nan, 10, 14, 10, np.nan, 14, 10, 900]
    )  # the last is not known yet
    fitted, judged = (
        equal_members(np.array([1.0]), 2, in_sample=in_sample, values=values) for in_sample in (True, False)
    )

    def scale(of: object) -> float:
        return distribution_at(of, scores_at(of, 1), PanelPrior(), False).scale

    assert scale(fitted) == scale_of_little(1.0, 0, 12, values[:11], 1)
    assert scale(judged) == scale_of_little(1.0, 1, 12, values[:11], 1)


def test_what_a_member_has_fitted_to_few_points_counts_against_it() -> None:
    """A damped trend with AR(1) fits six numbers, the last value none."""
    alike = a_validation(RISING, [1, 1], np.arange(4, 12), 2)
    short, long = (replace(alike, names=("naive", "log_trend_ar"), fitted=n) for n in (18, 600))

    losses = [scores_at(one, 7).losses for one in (short, long)]

    assert losses[0][1] - losses[0][0] == pytest.approx(np.log(np.sqrt(24 / 12)))
    assert losses[1][1] - losses[1][0] == pytest.approx(0.01, abs=1e-4)
    products = scores_at(short, 7).products[0]
    assert products / products[0, 0] == pytest.approx(np.array([[1, np.sqrt(2)], [np.sqrt(2), 2]]))


def test_the_panel_spreads_what_has_no_errors_of_its_own() -> None:
    pooled = np.stack([NORMAL, 2 * NORMAL])
    validation = a_validation([10.0], [0.0], np.array([1]), 2)

    made = distribution_at(
        validation, scores_at(validation, 0), PanelPrior(errors=pooled, growth=np.array([1.0, 2])), False
    )

    assert made.quantiles == pytest.approx(10 + 2 * pooled)


def test_errors_of_far_steps_are_measured_beside_what_the_panel_errs_there() -> None:
    """Errors of 3 and 6 where the panel's grow from 1 to 2: a scale of three."""
    errors = np.tile([3.0, 6.0], (1, 9, 1)) * np.where(np.arange(9) % 2 == 0, 1, -1)[None, :, None]
    validation = a_validation(np.full(40, 10.0), errors, np.arange(20, 29), 2)
    prior = PanelPrior(errors=np.tile(NORMAL, (2, 1)), growth=np.array([1.0, 2.0]))

    made = distribution_at(validation, scores_at(validation, 8), prior, False)

    assert made.scale == pytest.approx(3)
    alone = distribution_at(validation, scores_at(validation, 8), PanelPrior(), False)
    assert alone.scale == pytest.approx((8 * 3 + 7 * 6) / 15)


@pytest.mark.parametrize(("every", "independent"), [(1, [20.0, 19 / 2]), (2, [20.0, 19.0 + 1])])
def test_ten_independent_errors_of_its_own_weigh_as_much_as_the_panels(
    every: int, independent: list[float]
) -> None:
    """Errors two steps ahead from origins one apart overlap by half."""
    draw = np.random.default_rng(7)
    origins = 5 + every * np.arange(21)
    validation = a_validation(np.full(80, 10.0), draw.normal(size=(1, 21, 2)), origins, 2)
    pooled = np.stack([2 * NORMAL, 3 * NORMAL])
    prior = PanelPrior(errors=pooled, growth=np.array([1.0, 1.0]))

    made = distribution_at(validation, scores_at(validation, 20), prior, False)

    share = (np.array(independent) / (np.array(independent) + 10))[:, None]
    expected = share * error_quantiles(made.errors, validation.step) + (1 - share) * made.scale * pooled
    assert made.quantiles - made.centre[:, None] == pytest.approx(expected)


def test_a_single_error_of_its_own_counts_beside_the_panels() -> None:
    validation = equal_members(np.array([2.0]), 1)
    prior = PanelPrior(errors=NORMAL[None], growth=np.ones(1))

    made = distribution_at(validation, scores_at(validation, 1), prior, False)

    own = error_quantiles(np.array([[-2.0]]), 1.0)
    assert made.quantiles - 10 == pytest.approx((1 * own + 10 * 2 * NORMAL) / 11)


# -- logarithms ----------------------------------------------------------------------------------------------


def test_a_positive_series_spreads_by_factors_as_far_as_the_panel_says() -> None:
    """Outcomes 10 from forecasts of 10 exp(e) are errors of -e in logarithms."""
    logs = np.tile([0.3, -0.2, 0.1, 0.4, -0.3, 0.2], 2)
    validation = equal_members(10 * np.exp(logs) - 10, 1)
    scores = scores_at(validation, 12)
    by_factors = 10 * np.exp(error_quantiles(-logs[:, None]))

    plain = distribution_at(validation, scores, PanelPrior(logs=0.0), True)
    half = distribution_at(validation, scores, PanelPrior(logs=0.5), True)
    signed = distribution_at(validation, scores, PanelPrior(logs=0.5), False)

    assert half.ways.logarithmic == pytest.approx(by_factors)
    assert half.ways.plain == pytest.approx(plain.quantiles)
    assert half.quantiles == pytest.approx(blended((0.5, plain.quantiles), (0.5, by_factors)))
    assert half.with_shares(0.25, 0.0).quantiles == pytest.approx(
        blended((0.75, plain.quantiles), (0.25, by_factors))
    )
    assert half.with_shares(1.0, 0.0).quantiles == pytest.approx(by_factors)
    assert plain.ways.logarithmic is signed.ways.logarithmic is None
    assert plain.with_shares(1.0, 0.0).quantiles == pytest.approx(plain.quantiles)


def test_a_forecast_at_or_below_zero_counts_as_a_thousandth_of_the_usual_value() -> None:
    validation = equal_members(np.tile([-10.0, -10, -25, -25, -10, -10], 2), 1)

    made = distribution_at(validation, scores_at(validation, 12), PanelPrior(logs=1.0), True)

    assert made.quantiles == pytest.approx(10 * np.exp(error_quantiles(np.full((12, 1), np.log(1000.0)))))


def test_logarithms_of_few_errors_count_little() -> None:
    """One error of logarithms would be certain of the next."""
    validation = equal_members(np.array([2.0]), 1)

    made = distribution_at(validation, scores_at(validation, 1), PanelPrior(logs=1.0), True)

    plain, logarithmic = made.ways.plain, made.ways.logarithmic
    factors = 10 * np.exp(error_quantiles(np.log([[10 / 12]])))
    assert logarithmic == pytest.approx(blended((11 / 12, plain), (1 / 12, factors)))


def test_without_errors_there_are_no_logarithms() -> None:
    validation = a_validation([10.0], [0.0], np.array([1]), 2)

    made = distribution_at(validation, scores_at(validation, 0), PanelPrior(logs=1.0), True)

    assert made.ways.logarithmic is None


def test_quantiles_rise_whatever_they_were_made_of() -> None:
    pooled = np.tile(NORMAL[::-1], (1, 1))
    validation = a_validation([10.0], [0.0], np.array([1]), 1)

    made = distribution_at(
        validation, scores_at(validation, 0), PanelPrior(errors=pooled, growth=np.ones(1)), False
    )

    assert made.quantiles[0] == pytest.approx(10 + 2 * NORMAL)
