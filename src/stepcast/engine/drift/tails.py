"""Tails of distributions, by ``scipy.special``: ``scipy.stats`` takes most of a second to import."""

from numpy.typing import ArrayLike
from scipy import special

from stepcast.engine.arrays import Floats

__all__ = ["chi_squared_quantile", "normal_beyond", "student_tail"]


def student_tail(value: Floats, freedom: ArrayLike) -> Floats:
    """P(T > value) for Student's t with ``freedom`` degrees of freedom."""
    tail: Floats = special.stdtr(freedom, -value)
    return tail


def normal_beyond(probability: ArrayLike) -> Floats:
    """What a standard normal variable exceeds with ``probability``."""
    value: Floats = special.ndtri(probability)
    return -value


def chi_squared_quantile(probability: ArrayLike, freedom: Floats) -> Floats:
    """The value that chi-squared with ``freedom`` degrees of freedom stays below with ``probability``."""
    value: Floats = special.gammaincinv(freedom / 2, probability)
    return 2 * value
