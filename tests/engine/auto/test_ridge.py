"""The ridge learns from scaled windows in order of time, and is the textbook's."""

import numpy as np
import pytest

from stepcast.engine.auto.members.ridge import WILD, Ridge, Windows, fit_ridge, starts_of, windows_of

DRAW = np.random.default_rng(4)
WALK = DRAW.normal(0, 1, 90).cumsum()
ORIGINS = np.array([1, 5, 30, 77, 90])


def test_windows_come_in_order_of_time_without_wild_ones() -> None:
    slow, wild = WALK, np.append(WALK[:60], 1e6)
    starts = [starts_of(len(values), 12, 4) for values in (slow, wild)]

    windows = windows_of([slow, wild], starts, 8, 4)

    expected = []
    for age in range(3, -1, -1):
        for values, own in ((slow, starts[0]), (wild, starts[1])):
            window = values[own[len(own) - 1 - age] :][:12]
            middle = window[:8].mean()
            scale = np.abs(window[:8] - middle).mean() + 1e-3 * abs(middle)
            if np.abs((window[8:] - middle) / scale).max() < WILD:
                expected.append((window - middle) / scale)
    assert len(expected) == 7
    assert np.hstack([windows.inputs, windows.targets]) == pytest.approx(np.stack(expected), rel=1e-4)


def test_a_ridge_forecasts_from_scaled_lags_and_repeats_the_first_value_where_there_are_too_few() -> None:
    coefficients = DRAW.normal(size=(8, 3))

    made = Ridge(coefficients).forecast(WALK, ORIGINS)

    for place, origin in enumerate(ORIGINS):
        lags = WALK[np.maximum(origin - 8 + np.arange(8), 0)]
        middle = lags.mean()
        scale = np.abs(lags - middle).mean() + 1e-3 * abs(middle) + 1e-9
        assert made[place] == pytest.approx((lags - middle) / scale @ coefficients * scale + middle)


def test_a_ridge_with_a_given_penalty_is_the_textbooks() -> None:
    inputs, targets = DRAW.normal(size=(50, 6)), DRAW.normal(size=(50, 2))
    windows = Windows(inputs.astype(np.float32), targets.astype(np.float32))

    found = fit_ridge(windows, 0.1)

    assert found is not None
    expected = np.linalg.solve(inputs.T @ inputs + 0.1 * 50 * np.eye(6), inputs.T @ targets)
    assert found.coefficients == pytest.approx(expected, abs=1e-5)
    assert fit_ridge(windows) is not None
    assert fit_ridge(Windows(windows.inputs[:9], windows.targets[:9])) is None
