"""Distributions of one value: what the network says of each, its loss, and values drawn from it.

Each is a location and a width (or two shapes) made of the network's raw numbers; ``loss`` is the negative
logarithm of the density. ``draw`` takes probabilities, so that the same ones give the same values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.neural.arrays import Array, namespace
from stepcast.engine.neural.layers import softplus

__all__ = ["LIKELIHOODS", "Likelihood", "location"]

NARROWEST = 1e-3  # of a distribution, in units of the window's scale
FEWEST_FREEDOM = 2.0  # degrees: with more, the variance exists


class Likelihood(Protocol):
    """``numbers`` are what the network gives for a value: (..., numbers) raw, of any size.

    ``centred``  whether values are a level and a scale, as measurements are; else only a scale, as counts.
    """

    @property
    def numbers(self) -> int: ...
    @property
    def centred(self) -> bool: ...
    def loss(self, raw: Array, base: Array, noise: Array, value: Array) -> Array: ...
    def draw(self, raw: Floats, base: Floats, noise: Floats, probability: Floats) -> Floats: ...


@dataclass(frozen=True)
class StudentT:
    """Heavy tails: location, width, degrees of freedom. Source: Lange, Little and Taylor (1989)."""

    numbers: int = 3
    centred: bool = True

    def loss(self, raw: Array, base: Array, noise: Array, value: Array) -> Array:
        from jax.scipy.special import gammaln

        xp = namespace(raw)
        location, width, freedom = self._parameters(raw, base, noise)
        z = (value - location) / width
        constant = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - 0.5 * xp.log(freedom * np.pi)
        return xp.log(width) - constant + (freedom + 1) / 2 * xp.log1p(z * z / freedom)

    def draw(self, raw: Floats, base: Floats, noise: Floats, probability: Floats) -> Floats:
        from scipy.special import stdtrit

        location, width, freedom = self._parameters(raw, base, noise)
        drawn: Floats = location + width * stdtrit(freedom, probability)
        return drawn

    def _parameters(self, raw: Array, base: Array, noise: Array) -> tuple[Array, Array, Array]:
        location, width = _located(raw, base, noise)
        return location, width, FEWEST_FREEDOM + softplus(raw[..., 2])


@dataclass(frozen=True)
class Gaussian:
    numbers: int = 2
    centred: bool = True

    def loss(self, raw: Array, base: Array, noise: Array, value: Array) -> Array:
        xp = namespace(raw)
        location, width = _located(raw, base, noise)
        z = (value - location) / width
        return xp.log(width) + 0.5 * z * z + 0.5 * np.log(2 * np.pi)

    def draw(self, raw: Floats, base: Floats, noise: Floats, probability: Floats) -> Floats:
        from scipy.special import ndtri

        location, width = _located(raw, base, noise)
        drawn: Floats = location + width * ndtri(probability)
        return drawn


@dataclass(frozen=True)
class DeterministicL1:
    """A point forecast, the median: every quantile is the same."""

    numbers: int = 1
    centred: bool = True

    def loss(self, raw: Array, base: Array, noise: Array, value: Array) -> Array:
        return abs(value - location(raw, base, noise))

    def draw(self, raw: Floats, base: Floats, noise: Floats, probability: Floats) -> Floats:
        drawn: Floats = location(raw, base, noise) + 0.0 * probability
        return drawn


@dataclass(frozen=True)
class NegativeBinomial:
    """Counts: mean and dispersion, variance = mean + dispersion * mean squared."""

    numbers: int = 2
    centred: bool = False

    def loss(self, raw: Array, base: Array, noise: Array, value: Array) -> Array:
        from jax.scipy.special import gammaln

        xp = namespace(raw)
        mean, shape = self._parameters(raw, noise)
        return -(
            gammaln(value + shape)
            - gammaln(shape)
            - gammaln(value + 1)
            + shape * xp.log(shape / (shape + mean))
            + value * xp.log(mean / (shape + mean))
        )

    def draw(self, raw: Floats, base: Floats, noise: Floats, probability: Floats) -> Floats:
        from scipy.special import nbdtrik

        mean, shape = self._parameters(raw, noise)
        counts = nbdtrik(probability, shape, shape / (shape + mean))
        return np.where(np.isfinite(counts), np.maximum(np.ceil(counts - 1e-9), 0.0), np.round(mean))

    def _parameters(self, raw: Array, noise: Array) -> tuple[Array, Array]:
        """``noise`` is the scale of the counts here: the mean is a multiple of it."""
        return noise * (softplus(raw[..., 0]) + 1e-4), 1.0 / (softplus(raw[..., 1]) + 1e-4)


@dataclass(frozen=True)
class Beta:
    """Values between 0 and 1: two shapes."""

    numbers: int = 2
    centred: bool = False

    def loss(self, raw: Array, base: Array, noise: Array, value: Array) -> Array:
        from jax.scipy.special import betaln

        xp = namespace(raw)
        left, right = self._parameters(raw)
        value = xp.clip(value, 1e-4, 1 - 1e-4)
        return betaln(left, right) - (left - 1) * xp.log(value) - (right - 1) * xp.log1p(-value)

    def draw(self, raw: Floats, base: Floats, noise: Floats, probability: Floats) -> Floats:
        from scipy.special import betaincinv

        drawn: Floats = betaincinv(*self._parameters(raw), probability)
        return drawn

    def _parameters(self, raw: Array) -> tuple[Array, Array]:
        return softplus(raw[..., 0]) + 1e-2, softplus(raw[..., 1]) + 1e-2


def location(raw: Array, base: Array, noise: Array) -> Array:
    """Of a centred likelihood, in the units of the window's scale."""
    return base + noise * raw[..., 0]


def _located(raw: Array, base: Array, noise: Array) -> tuple[Array, Array]:
    """Location and width in the units of the window's scale."""
    return location(raw, base, noise), noise * softplus(raw[..., 1]) + NARROWEST


LIKELIHOODS: Mapping[str, Likelihood] = MappingProxyType(
    {
        "student-T": StudentT(),
        "gaussian": Gaussian(),
        "negative-binomial": NegativeBinomial(),
        "beta": Beta(),
        "deterministic-L1": DeterministicL1(),
    }
)
