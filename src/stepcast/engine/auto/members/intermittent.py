"""Members for demand that comes now and then: TSB and the Syntetos-Boylan form of Croston's method."""

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.members.intermittent_kernels import croston, tsb

__all__ = ["intermittent"]


# Smoothing that is tried, of the probability of a demand and of its size: a demand shows more than a period.
CHANCES, SIZES = (0.02, 0.05, 0.1, 0.2, 0.35), (0.05, 0.1, 0.2, 0.35)
PAIRS = np.array([(chance, size) for chance in CHANCES for size in SIZES])
GAINS = np.array([0.03, 0.06, 0.1, 0.15, 0.2, 0.3])


def intermittent(values: Floats, fitted: int, origins: Integers, horizon: int) -> dict[str, Floats]:
    """Forecasts (origins, horizon) by name, the same for all steps ahead: what comes in a period on average.

    Shapes:  ``values`` (time,), none missing; zero is no demand. ``origins`` rise; origin o is forecast from
             the first o values, parameters are chosen on the first ``fitted``.
    tsb      probability of a demand times its size, both smoothed: falls while nothing is sold.
    sba      size by interval, both smoothed at demands only, less the bias of the ratio: stays.
    Source:  Teunter, Syntetos and Babai (2011); Croston (1972), Syntetos and Boylan (2005).

    Three in two periods, then nothing: four periods on, TSB expects ever less, Croston the same.

    >>> made = intermittent(np.array([0.0, 3.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0]), 4, np.array([4, 8]), 1)
    >>> made["tsb"][:, 0].round(2), made["sba"][:, 0].round(2)
    (array([1.5 , 0.75]), array([1.48, 1.48]))
    """
    found = {}
    for name, method in (("tsb", _tsb), ("sba", _croston)):
        mean = np.empty(len(origins))
        method(values, fitted, origins, mean)
        found[name] = np.repeat(mean[:, None], horizon, axis=1)
    return found


def _tsb(values: Floats, fitted: int, origins: Integers, out: Floats) -> None:
    tsb(values, fitted, origins, np.ascontiguousarray(PAIRS[:, 0]), np.ascontiguousarray(PAIRS[:, 1]), out)


def _croston(values: Floats, fitted: int, origins: Integers, out: Floats) -> None:
    croston(values, fitted, origins, GAINS, out)
