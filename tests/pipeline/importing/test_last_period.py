"""A last period that is not over: a warning that says how much of it is there, or left out on demand."""

from datetime import date, timedelta

import pytest

from stepcast.pipeline.problems import Problem
from tests.pipeline.importing.harness import ImportFiles, Outcome

DAY = {"timestamp_format": "yyyy-MM-dd"}


def daily(first: str, last: str, item: str = "lamp", weekdays: int = 7) -> str:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    days = (begin + timedelta(days=number) for number in range((end - begin).days + 1))
    return "".join(f"{day},1,{item}\n" for day in days if day.weekday() < weekdays)


def partial(outcome: Outcome) -> list[Problem]:
    return [warning for warning in outcome.warnings("V06") if "the last period" in warning.message]


def test_half_a_month_is_named(import_files: ImportFiles) -> None:
    outcome = import_files(daily("2022-01-15", "2023-12-15"), frequency="M", **DAY)

    (warning,) = partial(outcome)
    assert warning.message == (
        "the last period of M, 2023-12-01, is incomplete: its rows end at 2023-12-15, which covers 48% of it"
    )
    assert "DropPartialPeriods" in warning.remedy
    assert outcome.series["lamp"][-2:] == [30, 15]


def test_half_a_month_is_left_out_on_demand(import_files: ImportFiles) -> None:
    text = daily("2022-01-15", "2023-12-15") + daily("2023-12-03", "2023-12-15", item="new")

    outcome = import_files(text, frequency="M", DropPartialPeriods=True, **DAY)

    assert partial(outcome) == []
    assert outcome.report.notes == [
        "The last period of M, 2023-12-01, is incomplete: its rows end at 2023-12-15, which covers 48% of "
        "it, so it is left out (DropPartialPeriods)."
    ]
    assert outcome.series == {"lamp": [17, *MONTHS]}
    assert [warning.item for warning in outcome.warnings("V13") if warning.item] == ["new"]
    assert outcome.rows.num_rows == text.count("\n")  # SQL has all of them


MONTHS = [28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30]


@pytest.mark.parametrize(
    ("text", "frequency"),
    [
        (daily("2022-01-15", "2023-12-31"), "M"),
        (daily("2022-01-15", "2024-02-29"), "M"),
        (daily("2024-01-01", "2024-03-30", weekdays=6), "W"),  # closed on Sundays
        (daily("2024-01-01", "2024-03-28", weekdays=5), "W"),  # Good Friday is near enough
        (daily("2024-01-01", "2024-03-20"), "D"),
        ("".join(f"2024-{month:02}-05,1,lamp\n" for month in range(1, 13)), "M"),
        ("".join(daily(day, day) for day in ("2024-01-02", "2024-01-20", "2024-02-11", "2024-04-08")), "W"),
    ],
)
def test_a_period_that_is_over_is_not_partial(import_files: ImportFiles, text: str, frequency: str) -> None:
    assert partial(import_files(text, frequency=frequency, **DAY)) == []


def test_hours_of_a_day_that_is_not_over(import_files: ImportFiles) -> None:
    text = "".join(f"2024-01-{day:02} {hour:02}:00:00,1,lamp\n" for day in range(1, 11) for hour in range(24))

    (warning,) = partial(import_files(text[: text.index("2024-01-10 09")], frequency="D"))

    assert (
        "2024-01-10 00:00:00, is incomplete: its rows end at 2024-01-10 08:00:00, which covers 38% of it"
        in warning.message
    )
