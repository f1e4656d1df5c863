"""Whether past values are told from a level that is here to stay."""

import numpy as np
import pytest

from stepcast.engine.arrays import Floats
from stepcast.engine.auto.ensemble.cross_validation import CrossValidation, cross_validate
from stepcast.engine.auto.outdated import past_is_outdated
from stepcast.engine.auto.series.history import History, history_of
from stepcast.engine.frequency import Frequency

LENGTH, HORIZON = 600, 24


def examined(values: Floats) -> tuple[History, CrossValidation, Floats]:
    """A history of hours, what was found of it, and the errors of its last values at all past origins."""
    history = history_of(values, 100_000, Frequency.parse("H"))
    found = cross_validate(history, HORIZON, 60, {}, {})
    naive = found.forecasts[found.names.index("naive"), :-1]
    return history, found, found.actual[:-1] - naive


def day(draw: np.random.Generator) -> Floats:
    values: Floats = 60 + 3 * np.sin(2 * np.pi * np.arange(LENGTH) / 24) + draw.standard_normal(LENGTH)
    return values


@pytest.mark.parametrize(("since", "outdated"), [(0, False), (6, False), (36, True), (60, True)])
def test_a_level_of_more_than_a_season_is_no_whim(since: int, outdated: bool) -> None:
    values = day(np.random.default_rng(since))
    values[LENGTH - since :] -= 40

    history, found, errors = examined(values)

    assert past_is_outdated(history, found, len(found.origins) - 1, errors) is outdated


def test_an_origin_before_the_level_does_not_know_it() -> None:
    values = day(np.random.default_rng(1))
    values[LENGTH - 60 :] -= 40
    history, found, errors = examined(values)
    place = int(np.searchsorted(found.origins, LENGTH - 60))

    assert not past_is_outdated(history, found, place, errors[:place])


def test_what_always_erred_so_is_not_outdated() -> None:
    """Past values never knew a walk; held-back windows have seen that and give them no share."""
    history, found, errors = examined(1000 + np.random.default_rng(2).standard_normal(LENGTH).cumsum())

    assert not past_is_outdated(history, found, len(found.origins) - 1, errors)


def test_a_silent_stretch_says_nothing() -> None:
    values = day(np.random.default_rng(3))
    values[LENGTH - 100 : LENGTH - 1] = np.nan
    history, found, errors = examined(values)

    assert not past_is_outdated(history, found, len(found.origins) - 1, errors)
