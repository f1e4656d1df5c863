"""What a model is: one series' past in, its future's quantiles and mean out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.frequency import Frequency

__all__ = ["Forecaster", "Model", "Past", "Prediction"]


@dataclass(frozen=True)
class Past:
    """One series up to the forecast's origin.

    ``values``     oldest first, nan is missing; the first is observed. Never empty.
    ``end``        the number of the last period (see calendar); the forecast begins one after it.
    ``season``     periods in a season, 1 where there is none or history holds less than two.
    """

    values: Floats
    end: int
    frequency: Frequency
    season: int

    @property
    def periods(self) -> Integers:
        """The number of each value's period."""
        return np.arange(self.end - len(self.values) + 1, self.end + 1)


@dataclass(frozen=True)
class Prediction:
    """``quantiles`` (horizon, quantiles) in the order asked for, and ``mean`` (horizon,)."""

    quantiles: Floats
    mean: Floats


class Forecaster(Protocol):
    """A model's work.

    ``parameters`` are the service's TrainingParameters, text to text. Raises CannotFit where the model has
    nothing to say about this past, BadParameter where the parameters are wrong. Reads nothing but its
    arguments, so the same past gives the same prediction. ``fit`` sees to scale, order and sign.
    """

    def __call__(
        self, past: Past, horizon: int, quantiles: tuple[float, ...], parameters: Mapping[str, str], /
    ) -> Prediction: ...


@dataclass(frozen=True)
class Model:
    """A line of the registry.

    ``needs``       observations below which there is nothing to learn from.
    ``parameters``  the training parameters that it takes.
    ``package``     one that is installed by an extra of Stepcast's of the same name; "" where none is.
    """

    name: str
    forecast: Forecaster
    needs: int
    parameters: frozenset[str] = field(default_factory=frozenset)
    package: str = ""
