"""What named algorithms can use beside the past of a series, so that nothing is left out without a word.

Source: the specification, section 6. LSTM and Keras are Stepcast's own. Prophet takes related series and
holidays in the service; here it is fitted to the values of each series alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from stepcast.pipeline.params import ALGORITHM_ARN

__all__ = ["SUPPORT", "Support", "support_of"]


@dataclass(frozen=True)
class Support:
    """``historical``: related series without values over the horizon. ``new_items``: without a history."""

    related: bool = False
    historical: bool = False
    metadata: bool = False
    holidays: bool = False
    new_items: bool = False


ALL = Support(related=True, historical=True, metadata=True, holidays=True, new_items=True)

SUPPORT: Mapping[str, Support] = MappingProxyType(
    {
        "ARIMA": Support(),
        "CNN-QR": ALL,
        "Deep_AR_Plus": Support(related=True, metadata=True, holidays=True, new_items=True),
        "ETS": Support(),
        "Keras": Support(related=True, historical=True, holidays=True, new_items=True),
        "LSTM": ALL,
        "NPTS": Support(),
        "Prophet": Support(),
    }
)


def support_of(arn: object) -> tuple[str, Support]:
    """The algorithm's name, and what it uses; of AutoML and of an unknown algorithm everything.

    >>> support_of(None)[1].historical, support_of("arn:aws:forecast:::algorithm/Deep_AR_Plus")[1].historical
    (True, False)
    """
    name = arn.removeprefix(ALGORITHM_ARN) if isinstance(arn, str) else ""
    return name, SUPPORT.get(name, ALL)
