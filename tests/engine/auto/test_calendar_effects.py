"""Effects of the calendar are found where the years agree on them, and only there."""

import numpy as np
import pytest

from stepcast.engine.auto.transforms.calendar_effects import calendar_effects, year_length
from stepcast.engine.calendar import moment_of, period_of
from stepcast.engine.frequency import Frequency

DAYS = Frequency.parse("D")
FIRST, LAST = period_of(np.array(["2010-01-01", "2019-12-31"], "datetime64[s]"), DAYS).tolist()
PERIODS = np.arange(FIRST, LAST + 1)
DATES = moment_of(PERIODS, DAYS).astype("datetime64[D]")


def test_a_fixed_date_is_learned_from_past_years() -> None:
    christmas = np.char.endswith(DATES.astype(str), "12-25")
    values = np.where(christmas, -5.0, 0.0) + np.random.default_rng(0).normal(0, 0.3, len(DATES))
    until = int(np.flatnonzero(np.datetime64("2019-01-01") == DATES)[0])

    effects = calendar_effects(values, LAST, DAYS, until, horizon=30)

    assert effects is not None
    assert effects[:-30][christmas][-1] == pytest.approx(-5, abs=0.6)


def test_noise_has_no_effects() -> None:
    values = np.random.default_rng(0).normal(0, 1, len(DATES))

    effects = calendar_effects(values, LAST, DAYS, len(values), horizon=30)

    assert effects is not None
    assert np.std(effects) < 0.4


def test_less_than_three_years_tell_nothing() -> None:
    assert calendar_effects(np.ones(1000), LAST, DAYS, 1000, horizon=30) is None


def test_hours_have_no_year() -> None:
    assert year_length(Frequency.parse("H")) == 0
