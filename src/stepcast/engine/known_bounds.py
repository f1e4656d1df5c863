"""Bounds of the target that people know: a capacity, a percentage, nothing below zero."""

import math
from dataclasses import dataclass

from stepcast.engine.errors import ImpossibleTask

__all__ = ["Bounds", "bound_of"]


@dataclass(frozen=True)
class Bounds:
    """What no value of the target can lie outside of, in its units; falsy where nothing is known.

    Each is a number for all series, or the name of an attribute of the panel's metadata that holds each
    series' own; None where there is none.
    """

    minimum: float | str | None = None
    maximum: float | str | None = None

    def __bool__(self) -> bool:
        return self.minimum is not None or self.maximum is not None

    def check(self) -> None:
        """Raises ImpossibleTask where no value lies within."""
        low, high = self.minimum, self.maximum
        for bound in (low, high):
            if isinstance(bound, float | int) and not math.isfinite(bound):
                raise ImpossibleTask(f"a bound is {bound}: write a finite number, or None for no bound")
        both = isinstance(low, float | int) and isinstance(high, float | int)
        if both and low >= high:  # type: ignore[operator]
            raise ImpossibleTask(f"the minimum is {low} and the maximum {high}: the minimum must be less")


def bound_of(text: str) -> float | None:
    """The number that an attribute holds, or None if it holds anything else.

    >>> bound_of(" 12.5 "), bound_of("1,200"), bound_of("")
    (12.5, None, None)
    """
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
