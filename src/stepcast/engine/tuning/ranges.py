"""Which training parameters can be tuned, over which values, and on which scale.

The service names what its two algorithms tune (CNN-QR: context_length, use_related_data and
use_item_metadata; DeepAR+: context_length and learning_rate) but publishes no ranges: they are ours, like
what the other algorithms tune.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

from stepcast.engine.model_parameters import MODEL_PARAMETERS
from stepcast.engine.neural.parameters import NEURAL
from stepcast.engine.training_parameters import Parameter

__all__ = ["TUNABLE", "Choices", "Numbers", "Range", "Scaling", "default_ranges"]

Scaling = Literal["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"]
WIDE = 10  # Auto is logarithmic where the largest value is so many times the smallest
FIXED = frozenset(("seed", "prediction_length"))  # nothing is learned by trying others
TYPICAL_CONTEXT = 200


@dataclass(frozen=True)
class Choices:
    """One of ``values``."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Numbers:
    """From ``low`` to ``high``, both included; whole numbers if ``whole``."""

    name: str
    low: float
    high: float
    whole: bool
    scaling: Scaling = "Auto"

    @property
    def scale(self) -> Scaling:
        """Linear, Logarithmic or ReverseLogarithmic.

        >>> Numbers("learning_rate", 0.0001, 0.1, whole=False).scale
        'Logarithmic'
        """
        if self.scaling != "Auto":
            return self.scaling
        return "Logarithmic" if 0 < WIDE * self.low <= self.high else "Linear"

    def text(self, value: float) -> str:
        """``value`` as a training parameter: four digits are enough to tell trials apart.

        >>> Numbers("learning_rate", 0.0001, 0.1, whole=False).text(0.0123456789)
        '0.01235'
        """
        if self.whole:
            return str(round(value))
        return repr(min(max(float(f"{value:.4g}"), self.low), self.high))


Range: TypeAlias = Choices | Numbers

TUNABLE: Mapping[str, Mapping[str, Parameter]] = MappingProxyType(
    {
        algorithm: MappingProxyType({name: one for name, one in known.items() if name not in FIXED})
        for algorithm, known in {**NEURAL, **MODEL_PARAMETERS}.items()
    }
)


def default_ranges(algorithm: str, horizon: int, *, related: bool, metadata: bool) -> tuple[Range, ...]:
    """What is tuned where no ranges are given.

    ``related`` (holidays count) and ``metadata`` say whether there are any to use or not.

    >>> [one.name for one in default_ranges("CNN-QR", 28, related=False, metadata=True)]
    ['context_length', 'use_item_metadata']
    """
    high = max(min(TYPICAL_CONTEXT, 10 * horizon), horizon)
    context = Numbers("context_length", max(1, -(-horizon // 10)), high, whole=True)
    rate = Numbers("learning_rate", 1e-4, 0.1, whole=False)
    if algorithm == "CNN-QR":
        known = TUNABLE[algorithm]
        features = {"use_related_data": related, "use_item_metadata": metadata}
        return (context, *(Choices(name, known[name].choices) for name, there in features.items() if there))
    if algorithm == "Deep_AR_Plus":
        return (context, rate)
    if algorithm == "LSTM":
        look_back = Numbers("look_back", context.low, context.high, whole=True)
        return (look_back, rate, Numbers("num_cells", 30, 100, whole=True))
    if algorithm == "NPTS":
        weight = Numbers("exp_kernel_weights", 1e-4, 1.0, whole=False)
        return (_choices(algorithm, "kernel_type"), weight, _choices(algorithm, "use_seasonal_model"))
    if algorithm == "ETS":
        return tuple(_choices(algorithm, name) for name in ("error", "trend", "seasonal"))
    known = TUNABLE["ARIMA"]
    return tuple(Numbers(name, known[name].low, known[name].high, whole=True) for name in ("p", "d", "q"))


def _choices(algorithm: str, name: str) -> Choices:
    return Choices(name, TUNABLE[algorithm][name].choices)
