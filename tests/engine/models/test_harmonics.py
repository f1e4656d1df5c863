import numpy as np
import pytest

from stepcast.engine.frequency import Frequency
from stepcast.engine.models.harmonics import calendar_pattern, longest_cycle

HOURLY, DAILY = Frequency.parse("H"), Frequency.parse("D")


def test_waves_of_the_day_and_the_week_are_found_and_continued() -> None:
    time = np.arange(24 * 7 * 5 + 72)
    truth = 3 * np.sin(2 * np.pi * time / 24) + np.cos(2 * np.pi * 2 * time / 168)
    noise = np.random.default_rng(0).normal(scale=0.1, size=len(time))

    pattern = calendar_pattern((10 + truth + noise)[:-72], HOURLY, horizon=72)

    assert pattern == pytest.approx(truth, abs=0.1)


def test_level_and_trend_are_not_part_of_the_pattern() -> None:
    line = 5 + 0.1 * np.arange(500) + np.random.default_rng(0).normal(scale=0.1, size=500)

    assert calendar_pattern(line, HOURLY, horizon=24) == pytest.approx(np.zeros(524), abs=0.1)


def test_days_know_the_year_after_three() -> None:
    time = np.arange(4 * 365)
    season = np.sin(2 * np.pi * time / 365.25)

    assert calendar_pattern(season, DAILY, horizon=0) == pytest.approx(season, abs=0.02)
    assert calendar_pattern(season[:700], DAILY, horizon=0) == pytest.approx(np.zeros(700), abs=0.2)


def test_missing_values_do_not_matter_to_a_clean_wave() -> None:
    wave = np.sin(2 * np.pi * np.arange(240) / 24)
    holed = np.where(np.random.default_rng(0).random(240) < 0.5, np.nan, wave)

    assert calendar_pattern(holed, HOURLY, horizon=0) == pytest.approx(wave, abs=1e-9)


def test_months_and_years_have_no_cycle_here() -> None:
    assert longest_cycle(Frequency.parse("M")) == 0
    assert not calendar_pattern(np.arange(50.0), Frequency.parse("Y"), horizon=5).any()
