"""What exponential smoothing knows at the origin, and the distribution of what comes next."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats
from stepcast.engine.models.model import Prediction
from stepcast.engine.models.normal import normal_prediction

__all__ = ["PATHS", "Form", "States", "ahead", "deviation_of"]


# Paths of the simulation, half of them the mirror image of the others: the noise of a p10 or p90 is about
# two hundredths of the distance to the median.
PATHS = 4000


@dataclass(frozen=True)
class Form:
    """Which states there are and how they combine.

    ``multiplicative``  errors and season are factors of the level instead of additions to it.
    ``damped_trend``    the level moves by a slope that fades by phi each step.
    ``season``          periods in the season, 1 for none.
    """

    multiplicative: bool
    damped_trend: bool
    season: int


@dataclass(frozen=True)
class States:
    """The states after the last observation, the smoothing parameters, and the deviation of the errors.

    ``seasonal``  (season,), the place of the next period first; without a season (1,), not looked at.
    ``sigma``     of one step ahead: in units of the series, or relative for multiplicative forms.
    """

    form: Form
    level: float
    slope: float
    seasonal: Floats
    alpha: float
    beta: float
    gamma: float
    phi: float
    sigma: float


def ahead(states: States, horizon: int, quantiles: tuple[float, ...]) -> Prediction:
    """The next ``horizon`` steps. The mean is the path without further errors.

    >>> level = States(Form(False, False, 1), 10.0, 0.0, np.zeros(1), 0.5, 0.0, 0.0, 1.0, sigma=2.0)
    >>> ahead(level, 2, (0.5,)).quantiles
    array([[10.], [10.]])
    """
    fading = np.cumsum(states.phi ** np.arange(1, horizon + 1))
    mean = states.level + states.slope * fading
    if states.form.multiplicative:
        if states.form.season > 1:
            mean = mean * states.seasonal[np.arange(horizon) % states.form.season]
        paths = _simulate(states, horizon)
        return Prediction(np.quantile(paths, quantiles, axis=1).T, mean)
    if states.form.season > 1:
        mean = mean + states.seasonal[np.arange(horizon) % states.form.season]
    return normal_prediction(mean, deviation_of(states, fading), quantiles)


def deviation_of(states: States, fading: Floats) -> Floats:
    """Standard deviation of each step of an additive form.

    An error moves what is expected j steps later by alpha + beta * (phi + ... + phi^j), and by gamma more
    where that is the same place in the season. Source: Hyndman et al. (2008), table 6.1.
    """
    steps = np.arange(1, len(fading))
    moves = states.alpha + states.beta * fading[:-1]
    if states.form.season > 1:
        moves = moves + states.gamma * (steps % states.form.season == 0)
    result: Floats = states.sigma * np.sqrt(1 + np.concatenate([[0.0], np.cumsum(moves**2)]))
    return result


def _simulate(states: States, horizon: int) -> Floats:
    """Paths (horizon, paths) of a multiplicative form; the same for the same states."""
    half = np.random.default_rng(0).standard_normal((horizon, PATHS // 2))
    errors = np.concatenate([half, -half], axis=1) * states.sigma
    level, slope = np.full(PATHS, states.level), np.full(PATHS, states.slope)
    season = states.form.season
    seasonal = np.repeat(states.seasonal[:, None] if season > 1 else np.ones((1, 1)), PATHS, axis=1)
    paths = np.empty((horizon, PATHS))
    for step, error in enumerate(errors):
        place = step % season
        expected = level + states.phi * slope
        paths[step] = expected * seasonal[place] * (1 + error)
        slope = states.phi * slope + states.beta * expected * error
        level = expected * (1 + states.alpha * error)
        if season > 1:
            seasonal[place] *= 1 + states.gamma * error
    return paths
