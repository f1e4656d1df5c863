"""What would have been forecast from a past origin, beside what came."""

import numpy as np
import pytest

from stepcast.engine.auto.ensemble.cross_validation import CrossValidation
from stepcast.engine.auto.ensemble.distribution import Distribution, Ways
from stepcast.engine.auto.ensemble.validation_window import ValidationWindow
from stepcast.engine.auto.series.history import history_of
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.frequency import Frequency

VALUES = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
SIZE = np.sqrt(3 + 1)  # past errors of three and the present one of one


NO_BREAK = np.zeros(2, dtype=bool)


def window(
    plain: float, logarithmic: float | None = None, actual: tuple[float, float] = (11, 9), scale: float = 3.0
) -> object:
    """Two steps from the fourth of six values; all quantiles are alike, ten the centre."""
    history = history_of(VALUES, 6, Frequency.parse("D"))
    nobody = np.empty((0, 2, 2))
    came = np.array([[np.nan, np.nan], actual])
    validation = CrossValidation(Seasons(1, 0), (), np.array([2, 4]), nobody, came, None)
    shape = 2, len(PROBABILITIES)
    ways = Ways(np.full(shape, plain), None, None if logarithmic is None else np.full(shape, logarithmic))
    found = Distribution(
        np.full(2, 10.0), ways.plain, np.empty((0, 3)), np.empty((1, 2)), scale, ways, NO_BREAK
    )
    return ValidationWindow(history, validation, 1, found)


def judged(short: float) -> float:
    """Mean pinball loss of missing by ``short`` at the quantiles that are judged, 0.1 to 0.9."""
    inner = PROBABILITIES[(PROBABILITIES > 0.09) & (PROBABILITIES < 0.91)]
    return float(np.mean(inner * short if short > 0 else (inner - 1) * short))


def test_a_window_lies_between_what_was_before_its_origin_and_what_came() -> None:
    one = window(10)

    assert one.origin == 4
    assert one.past == pytest.approx(VALUES[:4] / 8)
    assert one.actual.tolist() == [11, 9]


def test_a_loss_counts_beside_the_root_of_past_and_present_errors() -> None:
    assert window(10).size == pytest.approx(SIZE)
    assert window(10, actual=(np.nan, 13)).size == pytest.approx(np.sqrt(3 + 3))
    assert window(10).loss(0.0) == pytest.approx((judged(1) + judged(-1)) / 2 / SIZE)
    assert window(6).loss(0.0) == pytest.approx((judged(5) + judged(3)) / 2 / SIZE)
    assert window(20).loss(0.0) == pytest.approx((judged(-9) + judged(-11)) / 2 / SIZE)


def test_a_step_that_is_not_known_has_no_loss() -> None:
    assert window(10, actual=(np.nan, 13)).loss(0.0) == pytest.approx(judged(3) / np.sqrt(6))


def test_quantiles_further_out_than_a_tenth_are_not_judged() -> None:
    """Too few errors lie there: whatever is forecast, it makes no difference."""
    wild = np.where((PROBABILITIES < 0.09) | (PROBABILITIES > 0.91), 1e6, 10.0)
    table = np.tile(wild, (2, 1))

    assert window(0).loss_of(table) == pytest.approx(window(10).loss(0.0))


def test_a_rising_distribution_is_judged_quantile_by_quantile() -> None:
    """Right at nine tenths, short at the others."""
    table = np.tile(np.where(PROBABILITIES < 0.85, 0.0, 12.0), (2, 1))
    inner = PROBABILITIES[3:-3]

    lost = [np.where(inner < 0.85, inner * came, (1 - inner) * (12 - came)).mean() for came in (11, 9)]
    assert window(0).loss_of(table) == pytest.approx(np.mean(lost) / SIZE)


def test_the_share_of_logarithms_is_judged_by_what_it_makes_of_the_quantiles() -> None:
    one = window(10, 12)

    assert one.loss(0.0) == pytest.approx(window(10).loss(0.0))
    assert one.loss(0.25) == pytest.approx(window(10.5).loss(0.0))
    assert one.loss(1.0) == pytest.approx(window(12).loss(0.0))


def test_a_window_that_was_hit_exactly_still_counts_as_a_small_one() -> None:
    one = window(10, actual=(10, 10))

    assert one.loss(0.0) == 0
    assert one.size == pytest.approx(np.sqrt(3), rel=1e-6)
    assert window(10, actual=(10, 10), scale=0.0).loss(0.0) == 0
    assert window(11, actual=(10, 10), scale=0.0).loss(0.0) > 1000
