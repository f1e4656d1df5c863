"""Where rows are stamped in their periods: forecasts go on from there, to the day and to the hour."""

import numpy as np
import pandas as pd
import pytest

from stepcast.engine.calendar import stamp_of
from tests.pipeline.importing.harness import ImportFiles, Outcome

DAY, MOMENT = "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"


def rows(stamps: pd.DatetimeIndex, form: str = MOMENT) -> str:
    return "".join(f"{stamp},{number % 7 + 1},lamp\n" for number, stamp in enumerate(stamps.strftime(form)))


def following(outcome: Outcome, count: int) -> list[str]:
    """The stamps of the first periods that are forecast."""
    panel = outcome.shards[0].panel
    return [str(moment) for moment in stamp_of(panel.end + 1 + np.arange(count), panel.frequency)]


@pytest.mark.parametrize(
    ("frequency", "pandas", "first"),
    [
        ("W", "W-MON", "2023-01-01"),
        ("W", "W-FRI", "2023-01-01"),
        ("W", "W-SUN", "2023-01-01"),
        ("2W", "2W-THU", "2023-01-01"),
        ("2W", "2W-THU", "2023-01-08"),
        ("M", "MS", "2020-01-01"),
        ("M", "ME", "2020-01-01"),
        ("M", "BME", "2020-01-01"),
        ("M", "BMS", "2020-01-01"),
        ("2M", "2ME", "2020-02-01"),
        ("3M", "QS-MAR", "2020-01-01"),
        ("3M", "QE-DEC", "2020-01-01"),
        ("3M", "QE-NOV", "2020-01-01"),
        ("Y", "YE-JUN", "1990-01-01"),
        ("2H", "2h", "2024-01-01 01:00:00"),
        ("15min", "15min", "2024-01-01 00:07:00"),
        ("H", "h", "2024-01-01 00:59:59"),
        ("D", "D", "2024-01-01 06:30:00"),
    ],
)
def test_the_forecast_goes_on_where_the_rows_end(
    import_files: ImportFiles, frequency: str, pandas: str, first: str
) -> None:
    stamps = pd.date_range(first, periods=45, freq=pandas)

    outcome = import_files(rows(stamps[:40]), frequency=frequency)

    assert following(outcome, 5) == [stamp.isoformat() for stamp in stamps[40:]]
    assert outcome.report.warnings == 0
    assert (outcome.imported.observed, outcome.imported.filled) == (40, 0)


def test_fiscal_months_of_the_twenty_sixth(import_files: ImportFiles) -> None:
    stamps = pd.date_range("2020-01-01", periods=45, freq="MS") + pd.Timedelta(days=25)

    outcome = import_files(rows(stamps[:40], DAY), frequency="M", timestamp_format="yyyy-MM-dd")

    assert following(outcome, 5) == [stamp.isoformat() for stamp in stamps[40:]]
    (note,) = outcome.report.notes
    assert note.startswith(
        "All rows are stamped on day 26 of the month, and the forecast uses the same timestamps."
    )


def test_data_on_the_services_boundary_say_nothing(import_files: ImportFiles) -> None:
    outcome = import_files(rows(pd.date_range("2020-01-06", periods=40, freq="W-MON")), frequency="W")

    assert outcome.report.notes == []


def test_the_services_boundary_on_demand(import_files: ImportFiles) -> None:
    fridays = rows(pd.date_range("2023-01-06", "2024-07-12", freq="W-FRI"))

    outcome = import_files(fridays, frequency="W", TimeAlignmentBoundary={"DayOfWeek": "MONDAY"})

    assert following(outcome, 2) == ["2024-07-15T00:00:00", "2024-07-22T00:00:00"]


def test_days_are_added_up_to_weeks_from_the_boundary_asked_for(import_files: ImportFiles) -> None:
    days = pd.date_range("2024-01-04", "2024-01-25", freq="D")  # a Thursday to a Thursday
    text = "".join(f"{day:%Y-%m-%d},1,lamp\n" for day in days)
    settings = {"frequency": "W", "timestamp_format": "yyyy-MM-dd"}

    assert import_files(text, **settings).series == {"lamp": [4, 7, 7, 4]}
    friday = import_files(text, TimeAlignmentBoundary={"DayOfWeek": "FRIDAY"}, **settings)
    assert friday.series == {"lamp": [1, 7, 7, 7]}
    assert following(friday, 1) == ["2024-01-26T00:00:00"]


def test_of_two_weeks_asked_for_from_friday_the_rows_say_which(import_files: ImportFiles) -> None:
    asked = {"TimeAlignmentBoundary": {"DayOfWeek": "FRIDAY"}}
    for first in ("2024-01-05", "2024-01-12"):
        stamps = pd.date_range(first, periods=12, freq="14D")
        outcome = import_files(rows(stamps[:10]), frequency="2W", **asked)

        assert following(outcome, 2) == [stamp.isoformat() for stamp in stamps[10:]]


def test_one_row_that_a_holiday_moved_changes_no_stamp(import_files: ImportFiles) -> None:
    fridays = pd.date_range("2024-01-05", periods=20, freq="W-FRI").to_list()
    fridays[12] -= pd.Timedelta(days=1)

    outcome = import_files(rows(pd.DatetimeIndex(fridays)), frequency="W")

    assert following(outcome, 1) == ["2024-05-24T00:00:00"]
    assert outcome.report.notes[0].startswith("95.0% of the rows are stamped on Friday")


def test_rows_that_agree_on_nothing_leave_the_beginning(import_files: ImportFiles) -> None:
    mondays = pd.date_range("2024-01-01", periods=20, freq="W-MON")
    stamps = mondays + pd.to_timedelta([number * 3 % 5 for number in range(20)], "D")

    outcome = import_files(rows(stamps), frequency="W")

    assert following(outcome, 1) == ["2024-05-20T00:00:00"]


def test_related_series_meet_the_target_within_the_period(import_files: ImportFiles) -> None:
    month_ends = pd.date_range("2023-01-01", periods=13, freq="ME").strftime("%Y-%m-%d")
    text = "".join(f"{stamp},1,lamp\n" for stamp in month_ends[:12])
    for related in (month_ends, [f"{stamp[:8]}01" for stamp in month_ends]):
        covariates = {"related/a.csv": "".join(f"lamp,{stamp},{n}\n" for n, stamp in enumerate(related))}
        outcome = import_files(
            text,
            covariates,
            frequency="M",
            timestamp_format="yyyy-MM-dd",
            related="item_id:string timestamp:timestamp price:float",
        )

        (panel,) = [shard.panel for shard in outcome.shards]
        assert panel.related is not None
        assert panel.related.values[0].tolist() == [list(range(13))]


def test_problems_of_related_series_are_told_by_the_targets_stamps(import_files: ImportFiles) -> None:
    fridays = [f"2024-03-{day:02}" for day in (1, 8, 15, 22)]
    related = {
        "related/a.csv": "".join(f"lamp,{stamp},1\n" for stamp in (fridays[0], fridays[2], fridays[3]))
    }

    outcome = import_files(
        "".join(f"{stamp},1,lamp\n" for stamp in fridays),
        related,
        frequency="W",
        timestamp_format="yyyy-MM-dd",
        related="item_id:string timestamp:timestamp price:float",
    )

    assert "the first at 2024-03-08" in outcome.error.message
