"""testing-data/ is what its script makes, and what the demo promises."""

import csv
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from stepcast.pipeline.read_params import read_params

ROOT = Path(__file__).parents[2]
TRAIN = ROOT / "testing-data" / "train"


@pytest.fixture(scope="module")
def rows() -> list[tuple[datetime, str, str]]:
    """Hour, kWh as written and household of every row."""
    return [
        (datetime.fromisoformat(hour), kwh, household)
        for path in sorted(TRAIN.glob("*.csv"))
        for hour, kwh, household in csv.reader(path.read_text("ascii").splitlines())
    ]


def test_the_script_reproduces_the_files_byte_for_byte(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "testing-data" / "make_testing_data.py", tmp_path], check=True)

    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in TRAIN.iterdir()}


def test_the_files_stay_small() -> None:
    assert sum(path.stat().st_size for path in TRAIN.iterdir()) < 4_000_000


def test_params_json_has_no_problem_and_no_warning() -> None:
    _, problems = read_params((ROOT / "params.json").read_bytes())

    assert problems == []


def test_every_household_has_two_years_but_the_one_that_moved_in_late(
    rows: list[tuple[datetime, str, str]],
) -> None:
    first = {household: hour for hour, _, household in reversed(rows)}

    late = first.pop("studio")
    assert set(first.values()) == {datetime(2023, 7, 1)}
    assert late > datetime(2024, 7, 1)


def test_hours_are_missing_but_not_where_a_backtest_scores(rows: list[tuple[datetime, str, str]]) -> None:
    end = datetime(2025, 7, 1)
    counts = Counter(household for _, _, household in rows)
    recent = Counter(household for hour, _, household in rows if hour >= end - timedelta(days=14))

    assert all(count < (end - datetime(2023, 7, 1)) / timedelta(hours=1) for count in counts.values())
    assert set(recent.values()) == {14 * 24}


def test_an_hour_of_a_household_stands_there_once(rows: list[tuple[datetime, str, str]]) -> None:
    assert max(Counter((hour, household) for hour, _, household in rows).values()) == 1


def test_values_are_positive_kwh_with_three_decimals(rows: list[tuple[datetime, str, str]]) -> None:
    assert all(float(kwh) > 0 and len(kwh.split(".")[1]) == 3 for _, kwh, _ in rows)


def test_the_villa_uses_more_at_night_since_it_charges_a_car(rows: list[tuple[datetime, str, str]]) -> None:
    def night(year: int) -> float:
        used = [
            float(kwh)
            for hour, kwh, household in rows
            if household == "villa" and (hour.year, hour.month) == (year, 5) and hour.hour < 4
        ]
        return sum(used) / len(used)

    assert night(2025) > 3 * night(2024)
