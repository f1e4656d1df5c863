"""What a feature does to the target, and when it does something else."""

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.drift.effects import effect_of, unexplained

ITEMS, TIME, NEW = 200, 460, 60


def ar(seed: int, again: float = 0.9) -> Floats:
    shocks = np.random.default_rng(seed).standard_normal((ITEMS, TIME)) * np.sqrt(1 - again**2)
    for step in range(1, TIME):
        shocks[:, step] += again * shocks[:, step - 1]
    return shocks


PRICE = ar(1)


def test_a_slope_is_told_and_one_that_stays_is_no_drift() -> None:
    effect = effect_of(-0.5 * PRICE + ar(2, 0.0), PRICE, NEW)

    assert np.median(effect.usual) < -0.4
    assert np.mean(effect.p < 0.05) < 0.08
    assert np.mean(effect.p < 0.001) == 0


def test_a_slope_that_turns_round_is_found() -> None:
    slope = np.where(np.arange(TIME) < TIME - NEW, -0.5, 1.0)

    effect = effect_of(slope * PRICE + ar(2, 0.0), PRICE, NEW)

    assert np.mean(effect.p < 0.001) > 0.95
    assert abs(np.median(effect.change) - 1.5) < 0.15


def test_two_slow_waves_are_not_taken_for_one_another() -> None:
    """A plain correlation of AR(0.9) with AR(0.9) is "significant" in half of all cases."""
    target = ar(3)
    new = slice(TIME - NEW, None)
    plain = np.array([np.corrcoef(y, x)[0, 1] for y, x in zip(target[:, new], PRICE[:, new], strict=True)])

    assert np.mean(np.abs(plain) > 1.96 / np.sqrt(NEW)) > 0.4
    assert np.mean(effect_of(target, PRICE, NEW).p < 0.05) < 0.08


def test_a_leap_of_the_target_is_no_slope() -> None:
    target = ar(4, 0.0)
    target[:, -30:-10] += 8.0

    assert np.mean(effect_of(target, PRICE, NEW).p < 0.001) < 0.05


def test_what_comes_each_year_is_no_slope() -> None:
    year = 120
    peak = (np.arange(TIME) - (TIME - NEW)) % year < 25
    target = ar(5, 0.0) + 3.0 * peak

    assert np.mean(effect_of(target, PRICE, NEW, year).p < 0.01) < 0.05


def test_only_a_sure_effect_is_taken_out_and_no_further_than_the_feature_ever_went() -> None:
    noise = ar(6, 0.0)
    price = PRICE.copy()
    price[:, -NEW:] += 50.0
    target = 0.5 * price + noise

    effect = effect_of(target, price, NEW)
    left = unexplained(target, price, effect, NEW)
    free = unexplained(noise, price, effect_of(noise, price, NEW), NEW)

    assert left[:, :-NEW].std() < 1.05
    assert np.median(left[:, -NEW:].mean(axis=1)) > 15  # half of 50, less half of what it went before
    assert np.mean((free == noise).all(axis=1)) > 0.95


def test_a_short_past_or_a_constant_or_missing_feature_says_nothing() -> None:
    target = ar(7)

    for feature in (np.ones_like(PRICE), np.full_like(PRICE, np.nan)):
        effect = effect_of(target, feature, NEW)
        assert (effect.p == 1).all()
        assert np.array_equal(unexplained(target, feature, effect, NEW), target)
    assert (effect_of(target[:, -2 * NEW :], PRICE[:, -2 * NEW :], NEW).p == 1).all()
