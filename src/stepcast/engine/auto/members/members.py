"""Every local member's forecasts from every origin, made sane."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.members.baselines import baselines, mean_of_all
from stepcast.engine.auto.members.intermittent import intermittent
from stepcast.engine.auto.members.profiles import profiles
from stepcast.engine.auto.members.ridge import Ridge
from stepcast.engine.auto.members.smoothing import PARAMETERS, Fitted, forms_of, smoothed
from stepcast.engine.auto.series.bounds import bounds_at
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.transforms.calendar_effects import year_length
from stepcast.engine.auto.transforms.transforms import TRANSFORMS, Transform, transforms_of
from stepcast.engine.bounds import MEMBER_RANGES

__all__ = ["Members", "Request", "forecast_members", "parameters_of"]

Made = tuple[Sequence[str], Floats]


SIMPLEST = ("level", "trend", "theta", "season", "theta_season", "double_season")  # forms


@dataclass(frozen=True)
class Members:
    """``names`` of the members and their ``forecasts`` (members, origins, horizon), all finite."""

    names: tuple[str, ...]
    forecasts: Floats


@dataclass(frozen=True)
class Request:
    """``history`` is to be forecast from ``origins``, which rise; the last may be its end.

    Parameters are fitted to the first ``fitted`` points, and covariates' effects learned from them, as far as
    an origin knows them; the calendar's effects are learned from the first ``effects_until``.
    What ``known`` holds by transform is not fitted again; what it does not is put in. With ``quick`` only the
    simplest forms of the series as it is are run.
    """

    history: History
    seasons: Seasons
    origins: Integers
    fitted: int
    effects_until: int
    horizon: int
    ridges: Mapping[str, Ridge]
    quick: bool
    known: dict[str, Fitted]


def forecast_members(request: Request) -> Members:
    """Run every member that suits the history on every transform that does."""
    history, origins = request.history, request.origins
    transforms = transforms_of(history, request.effects_until, request.horizon, origins, request.fitted)
    names: list[str] = []
    parts: list[Floats] = []
    for transform in transforms[:1] if request.quick else transforms:
        made = [found for member in MEMBERS if (found := member(transform, request)) is not None]
        names += [transform.name + label for labels, _ in made for label in labels]
        parts.append(transform.restore(np.concatenate([forecasts for _, forecasts in made]), origins))
    forecasts = np.concatenate(parts)
    low, high = bounds_at(history, origins, request.horizon, MEMBER_RANGES)
    _make_sane(forecasts, low, high, history.values[origins - 1])
    return Members(tuple(names), forecasts)


def parameters_of(name: str) -> int:
    """How many numbers the member ``name`` fits to one series; 0 where it fits none."""
    prefix = next((one for one in TRANSFORMS if one and name.startswith(one)), "")
    return PARAMETERS.get(name.removeprefix(prefix), 0)


def _smoothing(transform: Transform, request: Request) -> Made:
    forms = forms_of(
        transform.values[: request.history.fit_until],
        request.seasons,
        transform.logarithmic or transform.effects is not None,
    )
    if request.quick:
        forms = tuple(form for form in forms if form.name in SIMPLEST)
    known = request.known.setdefault(transform.name, {})
    forecasts = smoothed(transform.values, request.fitted, forms, request.origins, request.horizon, known)
    return [form.name for form in forms], forecasts


def _baselines(transform: Transform, request: Request) -> Made | None:
    if transform.name not in ("", "related_"):
        return None
    return baselines(transform.values, request.seasons, request.origins, request.horizon)


def _profiles(transform: Transform, request: Request) -> Made | None:
    if transform.name not in ("", "related_") or request.quick:
        return None
    names, forecasts = profiles(transform.values, request.seasons, request.origins, request.horizon)
    return (names, forecasts) if names else None


def _intermittent(transform: Transform, request: Request) -> Made | None:
    if transform.name or not request.history.intermittent:
        return None
    made = intermittent(transform.values, request.fitted, request.origins, request.horizon)
    return list(made), np.stack(list(made.values()))


def _long_means(transform: Transform, request: Request) -> Made | None:
    if transform.effects is None:
        return None
    year = year_length(request.history.frequency)
    means = [
        mean_of_all(transform.values, request.origins, request.horizon, length)
        for length in (year, 10 * year)
    ]
    return ["mean", "mean_of_years"], np.stack(means)


def _ridge(transform: Transform, request: Request) -> Made | None:
    if transform.name not in request.ridges:
        return None
    return ["ridge"], request.ridges[transform.name].forecast(transform.values, request.origins)[None]


# All that forecast a transform, in this order: each gives labels and forecasts (labels, origins, horizon), or
# None where it does not suit.
MEMBERS: tuple[Callable[[Transform, Request], Made | None], ...] = (
    _smoothing,
    _baselines,
    _profiles,
    _intermittent,
    _long_means,
    _ridge,
)


@compiled
def _make_sane(forecasts, low, high, last):  # type: ignore[no-untyped-def]
    """Replace what runs away from all that was seen before its origin by the last value, in place.

    Shapes:  ``forecasts`` (members, origins, horizon); ``low``, ``high`` and ``last`` (origins,).
    """
    members, origins, horizon = forecasts.shape
    for member in range(members):
        for origin in range(origins):
            row, sane = forecasts[member, origin], True
            for step in range(horizon):
                if low[origin] >= 0 and row[step] < 0:  # nothing before was negative
                    row[step] = 0.0
                sane &= low[origin] <= row[step] <= high[origin]  # nan is not
            if not sane:
                row[:] = last[origin]
