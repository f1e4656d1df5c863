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


def test_gradients_are_those_of_the_closed_forms() -> None:
    """By the location of a Gaussian and of a t, by the mean of counts, and of the absolute error."""
    import jax
    import jax.numpy as jnp

    def by_first(name: str, noise: np.ndarray, values: np.ndarray) -> np.ndarray:
        def total(first: Any) -> Any:
            raw = jnp.asarray(RAW).at[:, 0].set(first)
            return LIKELIHOODS[name].loss(raw, jnp.asarray(BASE), jnp.asarray(noise), values).sum()

        return np.asarray(jax.grad(total)(jnp.asarray(RAW[:, 0])))

    _, noise, values = CASES["gaussian"]
    error = values - (BASE + NOISE * RAW[:, 0])
    width = NOISE * softplus(RAW[:, 1]) + NARROWEST
    np.testing.assert_allclose(by_first("gaussian", noise, values), -NOISE * error / width**2, rtol=1e-3)
    freedom = 2 + softplus(RAW[:, 2])
    student_t = -NOISE * (freedom + 1) * error / (freedom * width**2 + error**2)
    np.testing.assert_allclose(by_first("student-T", noise, values), student_t, rtol=1e-3)
    np.testing.assert_allclose(by_first("deterministic-L1", noise, values), -NOISE * np.sign(error))
    _, noise, counts = CASES["negative-binomial"]
    mean, shape = SCALE * (softplus(RAW[:, 0]) + 1e-4), 1 / (softplus(RAW[:, 1]) + 1e-4)
    by_mean = shape * (mean - counts) / (mean * (shape + mean))
    rise = SCALE / (1 + np.exp(-RAW[:, 0]))  # of the mean with the raw number
    np.testing.assert_allclose(
        by_first("negative-binomial", noise, counts), by_mean * rise, rtol=2e-3, atol=1e-4
    )
