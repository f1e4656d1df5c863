"""Every kind of series that people have, drawn from a seed."""

from collections.abc import Callable

import numpy as np

Draw = np.random.Generator
Kind = Callable[[Draw, int], np.ndarray]


def seasonal(draw: Draw, length: int) -> np.ndarray:
    time = np.arange(length)
    return 20 + 5 * np.sin(time * np.pi / 6) + 0.05 * time + draw.normal(0, 1, length)


def wandering(draw: Draw, length: int) -> np.ndarray:
    return np.cumsum(draw.normal(0, 1, length))


def negative(draw: Draw, length: int) -> np.ndarray:
    return -seasonal(draw, length)


def intermittent(draw: Draw, length: int) -> np.ndarray:
    return (1.0 + draw.poisson(2, length)) * (draw.uniform(size=length) < 0.25)


def counted(draw: Draw, length: int) -> np.ndarray:
    return draw.poisson(1 + draw.uniform(0, 9), length).astype(float)


def cumulative(draw: Draw, length: int) -> np.ndarray:
    return np.cumsum(draw.poisson(np.maximum(np.arange(length) - length // 2, 0) / 4)).astype(float)


def with_gaps(draw: Draw, length: int) -> np.ndarray:
    values = seasonal(draw, length)
    values[draw.uniform(size=length) < 0.2] = np.nan
    begin = int(draw.integers(length))
    values[begin : begin + 5] = np.nan
    return values


def broken(draw: Draw, length: int) -> np.ndarray:
    return seasonal(draw, length) * np.where(np.arange(length) > draw.integers(1, length + 1), 8.0, 1.0)


def with_outliers(draw: Draw, length: int) -> np.ndarray:
    values = seasonal(draw, length)
    values[draw.integers(length)] *= draw.choice([-1e4, 1e4])
    return values


def constant(draw: Draw, length: int) -> np.ndarray:
    return np.full(length, np.round(draw.normal(0, 50), 1))


def zero(_draw: Draw, length: int) -> np.ndarray:
    return np.zeros(length)


def dead(draw: Draw, length: int) -> np.ndarray:
    return np.where(np.arange(length) < length // 2, counted(draw, length), 0.0)


def tiny(draw: Draw, length: int) -> np.ndarray:
    return 1e-300 * seasonal(draw, length)


def huge(draw: Draw, length: int) -> np.ndarray:
    return 1e300 * wandering(draw, length)


KINDS: dict[str, Kind] = {
    made.__name__: made
    for made in (
        *(seasonal, wandering, negative, intermittent, counted, cumulative, with_gaps, broken, with_outliers),
        *(constant, zero, dead, tiny, huge),
    )
}
COUNTED = ("intermittent", "counted", "cumulative", "zero", "dead")


def series(kind: str, seed: int, length: int) -> np.ndarray:
    """The same for the same arguments."""
    return KINDS[kind](np.random.default_rng([seed, length]), length)
