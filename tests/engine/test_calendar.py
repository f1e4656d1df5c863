"""Boundaries and stamps: where periods begin and what they are called, forward and back."""

import numpy as np
import pandas as pd
import pytest

from stepcast.engine.calendar import moment_of, period_of, stamp_of
from stepcast.engine.frequency import Boundary, Frequency, Stamp

PERIODS = np.arange(-700, 1_500)


@pytest.mark.parametrize(
    ("frequency", "pandas"),
    [
        (Frequency(1, "W", Boundary(days=4)), "W-FRI"),
        (Frequency(1, "W", Boundary(days=6)), "W-SUN"),
        (Frequency(3, "M", Boundary(months=1)), "QS-NOV"),
        (Frequency(1, "Y", Boundary(months=3)), "YS-APR"),
        (Frequency(1, "M", stamp=Stamp(day=30)), "ME"),
        (Frequency(1, "M", stamp=Stamp(day=30, working="before")), "BME"),
        (Frequency(1, "M", stamp=Stamp(working="after")), "BMS"),
        (Frequency(3, "M", stamp=Stamp(months=2, day=30)), "QE-MAR"),
        (Frequency(1, "Y", stamp=Stamp(months=5, day=30)), "YE-JUN"),
        (Frequency(1, "W", stamp=Stamp(seconds=4 * 86_400)), "W-FRI"),
    ],
)
def test_stamps_are_those_of_pandas(frequency: Frequency, pandas: str) -> None:
    stamps = pd.DatetimeIndex(stamp_of(np.arange(600), frequency)[1:])

    assert stamps.equals(pd.date_range(stamps[0], periods=599, freq=pandas, unit="s"))


@pytest.mark.parametrize(
    "frequency",
    [
        Frequency(1, "D", Boundary(seconds=6 * 3_600)),
        Frequency(2, "W", Boundary(days=2, seconds=3_600)),
        Frequency(1, "M", Boundary(days=27, seconds=23 * 3_600)),
        Frequency(3, "M", Boundary(months=1, days=14)),
        Frequency(1, "Y", Boundary(months=6, days=9)),
        Frequency(1, "M", stamp=Stamp(day=30, seconds=3_600, working="before")),
        Frequency(2, "M", stamp=Stamp(months=1, day=29)),
    ],
)
def test_a_period_holds_its_beginning_its_stamp_and_nothing_of_the_next(frequency: Frequency) -> None:
    begins, following = moment_of(PERIODS, frequency), moment_of(PERIODS + 1, frequency)

    assert (period_of(begins, frequency) == PERIODS).all()
    assert (period_of(stamp_of(PERIODS, frequency), frequency) == PERIODS).all()
    assert (period_of(following - np.timedelta64(1, "s"), frequency) == PERIODS).all()


def test_the_service_counts_quarters_from_the_fifteenth() -> None:
    frequency = Frequency(3, "M", Boundary(days=14))

    found = moment_of(
        period_of(np.array(["2024-04-14", "2024-04-15"], "datetime64[s]"), frequency), frequency
    )

    assert found.astype("datetime64[D]").astype(str).tolist() == ["2024-01-15", "2024-04-15"]
