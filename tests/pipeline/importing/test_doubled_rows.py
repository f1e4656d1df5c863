"""Several rows of one item for one period: a warning where the data have one row a period, else silence."""

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from stepcast.engine.frequency import Frequency
from stepcast.pipeline.importing.periods import doubled_rows
from stepcast.pipeline.importing.periods.doubled_rows import DoubledRows
from stepcast.pipeline.problems import Problem
from tests.pipeline.importing.harness import ImportFiles, Outcome

DAY, MOMENT = "yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss"


def rows(*stamps: date | datetime, value: float = 10, item: str = "lamp") -> str:
    return "".join(f"{stamp},{value:g},{item}\n" for stamp in stamps)


def days(first: str, count: int, step: int = 1) -> list[date]:
    return [date.fromisoformat(first) + timedelta(days=step * number) for number in range(count)]


def hours(first: str, count: int) -> list[datetime]:
    return [datetime.fromisoformat(first) + timedelta(hours=number) for number in range(count)]


def doubled(outcome: Outcome) -> list[Problem]:
    """The warnings of V06 that are about doubled rows."""
    found = [
        w
        for w in outcome.warnings("V06")
        if "another row with" in w.message or "several different rows" in w.message
    ]
    assert (outcome.imported.doubled > 0) == bool(found)
    return found


def test_the_hour_that_comes_twice_in_autumn(import_files: ImportFiles) -> None:
    stamps = hours("2022-10-28 00:00:00", 96)
    twice = stamps.index(datetime(2022, 10, 30, 2))
    text = rows(*stamps[: twice + 1]) + rows(*stamps[twice:], value=12)

    (warning,) = doubled(import_files(text, frequency="H"))

    assert (warning.file, warning.line, warning.item) == ("train/a.csv", twice + 2, "lamp")
    assert warning.message == (
        "1 period of H has several different rows for one item; the first are 10 at 2022-10-30 02:00:00 "
        f"(train/a.csv line {twice + 1}) and 12 at 2022-10-30 02:00:00 (train/a.csv line {twice + 2}); the "
        "values were added up (aggregation), as Amazon Forecast does"
    )
    assert "aggregation in Featurizations" in warning.remedy


def test_a_file_put_behind_itself(import_files: ImportFiles) -> None:
    text = rows(*days("2024-01-01", 30)) + rows(*days("2024-01-01", 30), item="shade")

    outcome = import_files(text * 2, frequency="D", timestamp_format=DAY)

    (warning,) = doubled(outcome)
    assert warning.message.startswith(
        "60 rows repeat another row with the same item, timestamp and value; the first is "
        "10 at 2024-01-01 (train/a.csv line 61), which repeats train/a.csv line 1"
    )
    assert outcome.imported.doubled == 60
    assert set(outcome.series["lamp"]) == {20}


@pytest.mark.parametrize("aggregation", ["sum", "avg", "first", "min", "max"])
def test_what_was_done_with_them_is_said(import_files: ImportFiles, aggregation: str) -> None:
    text = rows(*days("2024-01-01", 30)) + rows(date(2024, 1, 9), value=40)
    outcome = import_files(text, frequency="D", timestamp_format=DAY, filling={"aggregation": aggregation})

    (warning,) = doubled(outcome)
    done = {"sum": "added up", "avg": "mean", "first": "earliest", "min": "smallest", "max": "largest"}
    assert done[aggregation] in warning.message


def test_exports_that_overlap_are_named(import_files: ImportFiles) -> None:
    files = {"1.csv": rows(*days("2024-01-01", 30)), "2.csv": rows(*days("2024-01-26", 30))}

    (warning,) = doubled(import_files(files, frequency="D", timestamp_format=DAY))

    assert (warning.file, warning.line) == ("train/2.csv", 1)
    assert "5 rows repeat another row" in warning.message
    assert "train/1.csv line 26" in warning.message
    assert "the rows are in 'train/1.csv', 'train/2.csv'" in warning.message


def test_prices_that_lie_beside_the_sales(import_files: ImportFiles) -> None:
    files = {"prices.csv": rows(*days("2024-01-01", 30), value=9), "sales.csv": rows(*days("2024-01-01", 30))}

    (warning,) = doubled(import_files(files, frequency="D", timestamp_format=DAY))

    assert warning.message.startswith("30 periods of D have several different rows for one item")
    assert "'train/prices.csv', 'train/sales.csv'" in warning.message
    assert "move it to related/" in warning.remedy


def test_a_period_of_28_days_that_a_month_has_twice(import_files: ImportFiles) -> None:
    text = rows(*days("2022-01-01", 24, step=28))

    (warning,) = doubled(import_files(text, frequency="M", timestamp_format=DAY))

    assert warning.message.startswith("2 periods of M have several different rows")
    assert "TimeAlignmentBoundary" in warning.remedy


def test_a_week_stamped_a_day_early(import_files: ImportFiles) -> None:
    mondays = days("2024-01-01", 30, step=7)
    mondays[11] -= timedelta(days=1)

    (warning,) = doubled(import_files(rows(*mondays), frequency="W", timestamp_format=DAY))

    assert (warning.line, "2024-03-17" in warning.message) == (12, True)


@pytest.mark.parametrize(
    ("stamps", "settings"),
    [
        (days("2024-01-01", 90), {"frequency": "W"}),
        (days("2024-01-01", 90), {"frequency": "W", "data_frequency": "D"}),
        (days("2024-01-01", 90), {"frequency": "W", "data_frequency": "W"}),  # said wrongly, summed rightly
        (days("2024-01-01", 30, step=7), {"frequency": "M"}),
        (days("2024-01-01", 30, step=7), {"frequency": "2W"}),
        (
            [day for day in days("2024-01-01", 400) if day.toordinal() * 7919 % 97 < 11],
            {"frequency": "W"},
        ),  # sparse
        ([day for day in days("2024-01-01", 400) if day.day in (1, 15)], {"frequency": "M"}),
        ([day for day in days("2024-01-01", 400) if day.weekday() >= 5], {"frequency": "W"}),
    ],
)
def test_finer_data_are_no_doubled_rows(
    import_files: ImportFiles, stamps: list[date], settings: dict[str, str]
) -> None:
    assert doubled(import_files(rows(*stamps), timestamp_format=DAY, **settings)) == []


def test_months_of_two_exports_stamped_at_either_end(import_files: ImportFiles) -> None:
    begins = [date(2023, month, 1) for month in range(1, 13)]
    ends = [following - timedelta(days=1) for following in [*begins[1:], date(2024, 1, 1)]]

    (warning,) = doubled(
        import_files(
            {"a.csv": rows(*begins), "b.csv": rows(*ends)},
            frequency="M",
            timestamp_format=DAY,
            data_frequency="M",
        )
    )

    assert warning.message.startswith("12 periods of M have several different rows")


def test_data_that_are_finer_than_they_are_called_are_noted(import_files: ImportFiles) -> None:
    outcome = import_files(
        rows(*days("2024-01-01", 90)), frequency="W", timestamp_format=DAY, data_frequency="W"
    )

    assert (
        "Most rows are 1 d apart, closer than the DataFrequency, W. Rows in the same period are treated as "
        "parts of it." in outcome.report.notes
    )


def test_orders_of_a_day_may_be_called_finer_than_the_day(import_files: ImportFiles) -> None:
    orders = rows(*(day for day in days("2024-01-01", 30) for _ in range(3)))

    assert doubled(import_files(orders, frequency="D", timestamp_format=DAY, data_frequency="H")) == []
    assert len(doubled(import_files(orders, frequency="D", timestamp_format=DAY))) == 1


def test_orders_of_days_are_added_up_to_weeks(import_files: ImportFiles) -> None:
    orders = "".join(rows(day, value=n) for day in days("2024-01-01", 60) for n in (1, 2, 2))

    assert doubled(import_files(orders, frequency="W", timestamp_format=DAY)) == []


def test_orders_of_a_file_that_was_uploaded_twice(import_files: ImportFiles) -> None:
    rng = np.random.default_rng(0)
    orders = "".join(
        f"{datetime(2024, 1, 1) + timedelta(seconds=int(second))},{rng.integers(1, 4)},lamp\n"
        for second in np.sort(rng.integers(0, 86_400 * 60, 500))
    )

    assert import_files({"a.csv": orders}, frequency="D").warnings("V06") == []
    (warning,) = import_files({"a.csv": orders, "b.csv": orders}, frequency="D").warnings("V06")
    assert (warning.file, warning.message) == (
        "train/b.csv",
        "this file is identical to train/a.csv, so its rows are counted twice",
    )


def test_rows_of_finer_data_that_repeat_are_found(import_files: ImportFiles) -> None:
    text = rows(*days("2024-01-01", 90)) + rows(*days("2024-03-01", 5))

    (warning,) = doubled(import_files(text, frequency="W", timestamp_format=DAY))

    assert "5 rows repeat another row" in warning.message


def test_dimensions_that_are_added_up_are_no_doubled_rows(import_files: ImportFiles) -> None:
    columns = "timestamp:timestamp target_value:float item_id:string store:string"
    shops = "".join(f"{day},10,lamp,{shop}\n" for day in days("2024-01-01", 30) for shop in ("a", "b"))
    settings = {"columns": columns, "frequency": "D", "timestamp_format": DAY}

    assert doubled(import_files(shops, **settings)) == []
    (warning,) = doubled(import_files(shops + "2024-01-30,10,lamp,b\n", **settings))
    assert warning.line == 61


def test_rows_without_a_value_double_nothing(import_files: ImportFiles) -> None:
    text = rows(*days("2024-01-01", 30)) + "2024-01-05,,lamp\n"

    assert doubled(import_files(text, frequency="D", timestamp_format=DAY)) == []


def test_lines_are_right_after_quotes_and_blank_lines(import_files: ImportFiles) -> None:
    text = '2024-01-01,1,"a, b"\n\n2024-01-02,1,"a, b"\n' + rows(*days("2024-01-01", 20), date(2024, 1, 9))

    (warning,) = doubled(import_files(text, frequency="D", timestamp_format=DAY))

    assert warning.line == 24


def test_counts_are_exact_where_rows_go_by_way_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubled_rows, "ROWS_AT_ONCE", 1_000)
    rng = np.random.default_rng(0)
    series, period = rng.integers(0, 50, 20_000), rng.integers(0, 300, 20_000)
    values = rng.integers(0, 2, 20_000).astype(float)
    counted = DoubledRows(Frequency.parse("D"), tmp_path)
    for part in np.array_split(np.arange(20_000), 37):
        counted.add(series[part], [], period[part] * 86_400, values[part])

    found = counted.count()

    whole = set(zip(series.tolist(), period.tolist(), values.tolist(), strict=True))
    several = len(whole) - len({one[:2] for one in whole})
    assert (found.repeated, found.differing) == (20_000 - len(whole), several)
    assert found.rows == 20_000 - len({one[:2] for one in whole})
    assert list(tmp_path.iterdir()) == []
