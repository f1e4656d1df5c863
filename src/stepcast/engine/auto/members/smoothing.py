"""Exponential smoothing members: which forms suit a series, and their forecasts from many origins."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.members import smoothing_kernels as kernels
from stepcast.engine.auto.members.smoothing_kernels import ADDITIVE, MULTIPLICATIVE, NONE, THETA
from stepcast.engine.auto.series.seasons import Seasons

__all__ = ["PARAMETERS", "Fitted", "Form", "forms_of", "smoothed"]


# A multiplicative season needs values well above zero: below this share of the mean a ratio means nothing.
SAFE_RATIO = 0.02
# Parameters are looked for, and states run, on at most this many points before the first origin.
LONGEST_FIT = 4_000

Fitted = dict[str, NDArray[np.float32]]  # what was found, by name of the form


@dataclass(frozen=True)
class Form:
    """One way to smooth: ``trend`` 0, 1 (damped) or THETA; ``season``; its lengths; AR(1) residuals or not.

    A slow one moves its level slowly: better far ahead than the parameters that suit the next step best.
    """

    name: str
    trend: int
    season: int = NONE
    length: int = 1
    second: int = 0
    ar1: bool = False
    slow: bool = False

    @property
    def parameters(self) -> int:
        """How many numbers are fitted: a level and its smoothing, a slope, its smoothing and damping, ..."""
        trend = {0: 0, THETA: 1}.get(self.trend, 3)
        return 2 + trend + (self.season != NONE) + (self.second > 0) + self.ar1


def forms_of(values: Floats, seasons: Seasons, logarithmic: bool) -> tuple[Form, ...]:
    """The forms that suit ``values``; fewer on logarithms, where multiplicative is additive."""
    ratio = not logarithmic and float(values.min()) > SAFE_RATIO * float(values.mean())
    return _forms(seasons.short, seasons.long, logarithmic, ratio)


@cache
def _forms(m: int, m2: int, logarithmic: bool, ratio: bool) -> tuple[Form, ...]:
    forms = [Form("level", 0), Form("trend", 1), Form("trend_ar", 1, ar1=True)]
    if not logarithmic:
        forms.append(Form("theta", THETA))
    if m > 1:
        forms += [
            Form("season", 0, ADDITIVE, m),
            Form("trend_season", 1, ADDITIVE, m),
            Form("season_ar", 0, ADDITIVE, m, ar1=True),
            Form("season_slow", 0, ADDITIVE, m, slow=True),
        ]
        if not logarithmic:
            forms.append(Form("theta_season", THETA, MULTIPLICATIVE if ratio else ADDITIVE, m))
        if ratio:
            forms += [
                Form("multiplicative", 0, MULTIPLICATIVE, m),
                Form("trend_multiplicative", 1, MULTIPLICATIVE, m),
            ]
    if m2:
        forms += [
            Form("long_season", 0, ADDITIVE, m2),
            Form("double_season", 0, ADDITIVE, m, m2),
            Form("double_season_ar", 0, ADDITIVE, m, m2, ar1=True),
            Form("double_season_slow", 0, ADDITIVE, m, m2, slow=True),
        ]
        if ratio:
            forms.append(Form("long_multiplicative", 0, MULTIPLICATIVE, m2))
    return tuple(forms)


# How many numbers are fitted, by name of the form.
PARAMETERS = {
    form.name: form.parameters for logarithmic in (False, True) for form in _forms(2, 4, logarithmic, True)
}


def smoothed(
    values: Floats, fitted: int, forms: tuple[Form, ...], origins: Integers, horizon: int, known: Fitted
) -> Floats:
    """Forecasts (forms, origins, horizon), every form fitted to the first ``fitted`` points.

    Parameters that ``known`` has by the form's name are taken from there, all or none; else they are put in.
    """
    begin = max(0, int(origins[0]) - LONGEST_FIT)
    out = np.empty((len(forms), len(origins), horizon))
    given = all(form.name in known for form in forms)
    parameters = (
        np.stack([known[form.name] for form in forms])
        if given
        else np.zeros((len(forms), kernels.PARAMETERS), np.float32)
    )
    first = 0 if given else max(fitted - begin, 1)
    kernels.smooth(
        values[begin:], first, _table(forms), origins - begin, horizon, GRID, NOISE, parameters, out
    )
    known.update({form.name: parameters[place] for place, form in enumerate(forms)})
    return out


@cache
def _table(forms: tuple[Form, ...]) -> Integers:
    """The forms as the kernel reads them (forms, 6)."""
    rows = [[form.trend, form.season, form.length, form.second, form.ar1, form.slow] for form in forms]
    return np.array(rows, dtype=np.int64)


def _grid() -> NDArray[np.float32]:
    """Two first rounds of candidates: slow to quick levels, each with quiet and lively trend and season."""
    grid = np.empty((2, kernels.PARAMETERS, kernels.CANDIDATES))
    levels = (0.02, 0.08, 0.2, 0.35, 0.5, 0.7, 0.85, 0.97)
    for number in range(2 * kernels.CANDIDATES):
        candidate = grid[number // kernels.CANDIDATES, :, number % kernels.CANDIDATES]
        level, lively, late = levels[number % 8], (number // 8) % 2 == 0, number >= kernels.CANDIDATES
        candidate[kernels.LEVEL] = level
        candidate[kernels.TREND] = level * (0.3 if lively else 0.05) * (0.2 if late else 1.0)
        candidate[kernels.SEASON] = (1 - level) * (0.35 if lively else 0.05)
        candidate[kernels.SECOND] = 0.05 if (number // 2) % 2 else 0.25
        candidate[kernels.DAMPING] = 0.97 if (number // 4) % 2 else 0.88
        candidate[kernels.AR1] = 0.2 if late else 0.7
    return grid.astype(np.float32)


GRID = _grid()
# Where the later rounds look around the best: drawn once, the same for every series and every run.
NOISE = (
    np.random.default_rng(3)
    .standard_normal((kernels.ROUNDS - 2, kernels.PARAMETERS, kernels.CANDIDATES))
    .astype(np.float32)
)
