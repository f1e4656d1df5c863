"""Quantiles of a normal distribution at each step ahead."""

from statistics import NormalDist

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.models.model import Prediction

__all__ = ["normal_prediction"]


def normal_prediction(mean: Floats, deviation: Floats, quantiles: tuple[float, ...]) -> Prediction:
    """The prediction whose step h is normal with ``mean[h]`` and standard deviation ``deviation[h]``.

    >>> normal_prediction(np.array([10.0]), np.array([1.0]), (0.1, 0.5, 0.9)).quantiles.round(2)
    array([[ 8.72, 10.  , 11.28]])
    """
    scores = np.array([NormalDist().inv_cdf(quantile) for quantile in quantiles])
    return Prediction(mean[:, None] + deviation[:, None] * scores, mean)
