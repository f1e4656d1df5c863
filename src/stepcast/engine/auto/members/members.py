"""Every local member's forecasts from every origin, made sane."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.compiled import compiled
from stepcast.engine.auto.members.baselines import baselines, mean_of_all
from stepcast.engine.auto.members.intermittent import intermittent
from stepcast.engine.auto.members.ridge import Ridge
from stepcast.engine.auto.members.smoothing import Fitted, forms_of, smoothed
from stepcast.engine.auto.series.bounds import bounds_at
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.transforms.calendar_effects import year_length
from stepcast.engine.auto.transforms.transforms import transforms_of

__all__ = ["Members", "forecast_members"]


# How many widths of the observed range a member may leave it by before the last value replaces it.
SANE_RANGES = 1.0
SIMPLEST = ("level", "trend", "theta", "season", "theta_season", "double_season")  # forms


@dataclass(frozen=True)
class Members:
    """``names`` of the members and their ``forecasts`` (members, origins, horizon), all finite."""

    names: tuple[str, ...]
    forecasts: Floats


def forecast_members(
    history: History,
    seasons: Seasons,
    origins: Integers,
    fitted: int,
    calendar_until: int,
    horizon: int,
    ridges: dict[str, Ridge],
    quick: bool,
    known: dict[str, Fitted],
) -> Members:
    """Run all members that suit ``history`` from each of ``origins``; they rise, the last may be its end.

    Parameters are fitted to the first ``fitted`` points, effects of the calendar to ``calendar_until``. What
    ``known`` holds by transform is not fitted again; what it does not is put in. With ``quick`` only the
    simplest forms of the series as it is are run.
    """
    names: list[str] = []
    parts: list[Floats] = []
    year = year_length(history.frequency)
    transforms = transforms_of(history, calendar_until, horizon, origins)
    for transform in transforms[:1] if quick else transforms:
        forms = forms_of(
            transform.values[: history.fit_until],
            seasons,
            transform.logarithmic or transform.effects is not None,
        )
        if quick:
            forms = tuple(form for form in forms if form.name in SIMPLEST)
        made = [
            smoothed(transform.values, fitted, forms, origins, horizon, known.setdefault(transform.name, {}))
        ]
        labels = [form.name for form in forms]
        if transform.name in ("", "related_"):
            simple, forecasts = baselines(transform.values, seasons, origins, horizon)
            labels += simple
            made.append(forecasts)
        if transform.name == "" and history.intermittent:
            sparse = intermittent(transform.values, fitted, origins, horizon)
            labels += list(sparse)
            made.append(np.stack(list(sparse.values())))
        if transform.effects is not None:
            labels += ["mean", "mean_of_years"]
            made.append(mean_of_all(transform.values, origins, horizon, year)[None])
            made.append(mean_of_all(transform.values, origins, horizon, 10 * year)[None])
        if transform.name in ridges:
            labels.append("ridge")
            made.append(ridges[transform.name].forecast(transform.values, origins)[None])
        names += [transform.name + label for label in labels]
        parts.append(transform.restore(np.concatenate(made), origins))
    forecasts = np.concatenate(parts)
    low, high = bounds_at(history, origins, horizon, SANE_RANGES)
    _make_sane(forecasts, low, high, history.values[origins - 1])
    return Members(tuple(names), forecasts)


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
