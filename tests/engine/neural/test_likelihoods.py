"""Losses against SciPy's densities; values drawn against its quantiles."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from stepcast.engine.neural.likelihoods import LIKELIHOODS, NARROWEST

RANDOM = np.random.default_rng(3)
RAW = RANDOM.normal(size=(40, 3))
BASE, NOISE = RANDOM.normal(size=40), RANDOM.uniform(0.5, 2.0, 40)
SCALE = RANDOM.uniform(1.0, 30.0, 40)


def softplus(x: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(x))


def student() -> Any:
    return stats.t(2 + softplus(RAW[:, 2]), BASE + NOISE * RAW[:, 0], NOISE * softplus(RAW[:, 1]) + NARROWEST)


def gaussian() -> Any:
    return stats.norm(BASE + NOISE * RAW[:, 0], NOISE * softplus(RAW[:, 1]) + NARROWEST)


def negative_binomial() -> Any:
    mean, shape = SCALE * (softplus(RAW[:, 0]) + 1e-4), 1 / (softplus(RAW[:, 1]) + 1e-4)
    return stats.nbinom(shape, shape / (shape + mean))


def beta() -> Any:
    return stats.beta(softplus(RAW[:, 0]) + 1e-2, softplus(RAW[:, 1]) + 1e-2)


CASES = {
    "student-T": (student, NOISE, RANDOM.normal(size=40)),
    "gaussian": (gaussian, NOISE, RANDOM.normal(size=40)),
    "negative-binomial": (negative_binomial, SCALE, RANDOM.integers(0, 40, 40).astype(float)),
    "beta": (beta, NOISE, RANDOM.uniform(0.01, 0.99, 40)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_loss_is_the_negative_logarithm_of_the_density(name: str) -> None:
    import jax.numpy as jnp

    made, noise, values = CASES[name]
    density = made()
    expected = -(density.logpmf(values) if name == "negative-binomial" else density.logpdf(values))

    found = LIKELIHOODS[name].loss(*map(jnp.asarray, (RAW, BASE, noise, values)))

    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("name", CASES)
def test_draws_are_the_quantiles_of_the_distribution(name: str) -> None:
    made, noise, _ = CASES[name]
    probability = RANDOM.uniform(0.01, 0.99, 40)

    drawn = LIKELIHOODS[name].draw(RAW, BASE, noise, probability)

    np.testing.assert_allclose(drawn, made().ppf(probability), rtol=1e-6, atol=1e-9)


def test_a_deterministic_one_gives_one_value_whatever_the_probability() -> None:
    point = LIKELIHOODS["deterministic-L1"]
    low, high = (point.draw(RAW, BASE, NOISE, np.full(40, share)) for share in (0.1, 0.9))

    np.testing.assert_array_equal(low, high)
    np.testing.assert_allclose(point.loss(RAW, BASE, NOISE, low + 2.0), 2.0)
