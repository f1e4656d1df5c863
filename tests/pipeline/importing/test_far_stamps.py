"""One mistyped year moves the end of every item: a warning that names the row, or an error."""

from datetime import date, timedelta

import numpy as np
import pytest

from stepcast.pipeline.importing.periods import occupancy
from stepcast.pipeline.importing.periods.occupancy import Occupancy
from stepcast.pipeline.problems import Problem
from tests.pipeline.importing.harness import ImportFiles, Outcome

FIRST = date(2024, 1, 1)
SETTINGS = {"frequency": "D", "timestamp_format": "yyyy-MM-dd", "horizon": 3}


def ninety_days(items: int = 5) -> str:
    return "".join(f"{FIRST + timedelta(days=n)},10,i{item}\n" for item in range(items) for n in range(90))


def far(outcome: Outcome) -> list[Problem]:
    return [p for p in outcome.report.problems if p.rule == "V06" and "all other rows" in p.message]


def test_a_row_a_year_too_late_is_a_warning_that_names_it(import_files: ImportFiles) -> None:
    outcome = import_files(ninety_days() + "2025-02-10,20,i0\n", **SETTINGS)

    (warning,) = far(outcome)
    assert (warning.severity, warning.line, warning.item) == ("warning", 451, "i0")
    assert warning.message == (
        "1 row is about 317 periods of D after all other rows; the first is 20 at 2025-02-10 (train/a.csv "
        "line 451). The data end at the last of these rows, so all 5 items are filled up to there and "
        "forecast from 2025-02-11"
    )
    assert outcome.imported.shards > 0


@pytest.mark.parametrize("stamp", ["2204-03-31", "3018-01-01", "9999-12-31", "9999-12-30"])
def test_a_row_that_leaves_hardly_a_period_observed_is_an_error(
    import_files: ImportFiles, stamp: str
) -> None:
    outcome = import_files(ninety_days() + f"{stamp},0,i0\n", **SETTINGS)

    assert (outcome.error.rule, outcome.error.line, outcome.error.item) == ("V06", 451, "i0")
    assert stamp in outcome.error.message
    assert outcome.error.remedy == "Correct the timestamp, or delete the row"
    assert outcome.written == []


def test_a_forecast_does_not_leave_the_year_9999(import_files: ImportFiles) -> None:
    text = "".join(f"9999-12-{day:02},10,lamp\n" for day in range(1, 30))

    assert import_files(text, **SETTINGS | {"horizon": 2}).report.errors == 0
    assert "extend past the year 9999" in import_files(text, **SETTINGS).error.message


def test_an_item_all_in_the_wrong_year(import_files: ImportFiles) -> None:
    wrong = "".join(f"{FIRST.replace(year=2034) + timedelta(days=n)},10,wrong\n" for n in range(90))

    (problem,) = far(import_files(ninety_days() + wrong, **SETTINGS))

    assert problem.message.startswith("90 rows are about 3,5")
    assert (problem.item, problem.line) == ("wrong", 451)


def test_a_row_far_before_all_others(import_files: ImportFiles) -> None:
    (warning,) = far(import_files(ninety_days() + "1970-01-01,0,i3\n", **SETTINGS))

    assert (warning.severity, warning.line, warning.item) == ("warning", 451, "i3")
    assert "before all other rows" in warning.message


@pytest.mark.parametrize(
    "gaps", [[1] * 700, [1] * 340 + [30] + [1] * 20, [7, 30, 90, 4, 120, 9, 60, 2, 80, 150, 300]]
)
def test_what_is_closed_or_sold_seldom_is_not_far(gaps: list[int]) -> None:
    seen = Occupancy()
    seen.add(np.cumsum(gaps))

    assert seen.apart(horizon=7) == []


def test_of_few_rows_one_must_be_far_beyond_doubt() -> None:
    for last, found in ((30, 0), (200, 1)):
        seen = Occupancy()
        seen.add(np.array([1, 2, 3, 4, 5, 6, last]))

        assert len(seen.apart(horizon=3)) == found


def test_few_buckets_count_as_many_do(monkeypatch: pytest.MonkeyPatch) -> None:
    periods = np.append(np.arange(19_000, 19_400), [25_000, 25_001])
    whole, few = Occupancy(), Occupancy()
    for part in np.array_split(np.random.default_rng(0).permutation(periods), 9):
        whole.add(part)
    monkeypatch.setattr(occupancy, "MOST_BUCKETS", 512)
    for part in np.array_split(np.random.default_rng(1).permutation(periods), 9):
        few.add(part)

    (exact,), (about,) = whole.apart(7), few.apart(7)
    assert (exact.rows, exact.edge, exact.gap) == (2, 25_000, 5_601)
    assert about.rows == 2
    assert 19_400 < about.edge <= 25_000
    assert about.gap == pytest.approx(5_601, abs=32)
