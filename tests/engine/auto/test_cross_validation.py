"""What past origins may know, and which members they ask."""

import numpy as np
import pytest

from stepcast.engine.auto.ensemble.cross_validation import cross_validate
from stepcast.engine.auto.series.history import history_of
from stepcast.engine.frequency import Frequency

DAYS = Frequency.parse("D")
YEAR = 365


@pytest.mark.parametrize(("years", "asked"), [(4, False), (8, True)])
def test_effects_of_the_calendar_are_judged_only_where_they_were_not_learned(years: int, asked: bool) -> None:
    """Three years are needed to learn them, and origins after these to see whether they hold."""
    wandering = 100 + np.random.default_rng(0).normal(0, 1, years * YEAR - 60).cumsum()

    found = cross_validate(history_of(wandering, 12_000, DAYS), 30, 80, {}, {})

    assert any(name.startswith("calendar_") for name in found.names) is asked
