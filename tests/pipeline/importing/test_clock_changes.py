"""The hour that clocks skip is no hole: it is not filled where the rows show that they follow such clocks."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.pipeline.importing.harness import ImportFiles, Outcome

RELATED = "item_id:string timestamp:timestamp price:float"


def stamps(first: str, count: int, minutes: int = 60) -> list[datetime]:
    return [datetime.fromisoformat(first) + timedelta(minutes=minutes * n) for n in range(count)]


def existing(times: list[datetime], zone: str) -> list[datetime]:
    """Those local times that the zone's clocks show."""
    info, utc = ZoneInfo(zone), ZoneInfo("UTC")
    return [
        t for t in times if t.replace(tzinfo=info).astimezone(utc).astimezone(info).replace(tzinfo=None) == t
    ]


def rows(times: list[datetime], item: str = "meter") -> str:
    return "".join(f"{time},10,{item}\n" for time in times)


def unfilled(outcome: Outcome, item: str = "meter") -> int:
    return int(np.isnan(outcome.series[item]).sum())


@pytest.mark.parametrize(
    ("zone", "first", "hour"),
    [
        ("Europe/Berlin", "2023-03-20", "2023-03-26 02:00:00"),
        ("Europe/Vienna", "2022-01-01", "2022-03-27 02:00:00"),
        ("Europe/London", "2023-03-20", "2023-03-26 01:00:00"),
        ("Europe/Helsinki", "2023-03-20", "2023-03-26 03:00:00"),
        ("America/Chicago", "2023-03-01", "2023-03-12 02:00:00"),
        ("Australia/Melbourne", "2023-09-20", "2023-10-01 02:00:00"),
    ],
)
def test_a_single_hole_at_a_change_of_clocks(
    import_files: ImportFiles, zone: str, first: str, hour: str
) -> None:
    outcome = import_files(rows(existing(stamps(first, 24 * 120), zone)))

    assert (unfilled(outcome), outcome.imported.filled) == (1, 0)
    assert hour in outcome.report.notes[0]


def test_quarters_of_the_hour_and_several_years(import_files: ImportFiles) -> None:
    times = existing(stamps("2021-01-01", 4 * 24 * 365 * 2, minutes=15), "Europe/Berlin")

    outcome = import_files(rows(times), frequency="15min")

    assert (unfilled(outcome), outcome.imported.filled) == (8, 0)


def test_the_stamp_decides_not_the_beginning(import_files: ImportFiles) -> None:
    """Of two hours stamped 01:00, 03:00..., London's clocks skip the row of the period from midnight."""
    times = existing(stamps("2023-03-20 01:00:00", 200, minutes=120), "Europe/London")

    assert unfilled(import_files(rows(times), frequency="2H")) == 1


@pytest.mark.parametrize(
    "gone",
    [
        ["2023-03-25 02:00:00"],  # another day
        ["2023-03-26 05:00:00"],  # another hour
        ["2023-03-26 02:00:00", "2023-03-26 03:00:00"],  # more than the hour
        [f"2023-03-{day} 02:00:00" for day in range(20, 31)],  # every night
    ],
)
def test_other_holes_are_filled(import_files: ImportFiles, gone: list[str]) -> None:
    times = [time for time in stamps("2023-03-15", 24 * 20) if str(time) not in gone]

    outcome = import_files(rows(times))

    assert (unfilled(outcome), outcome.imported.filled) == (0, len(gone))


def test_an_hour_that_another_item_has_does_exist(import_files: ImportFiles) -> None:
    times = stamps("2023-03-15", 24 * 20)
    holes = [time for time in times if str(time) != "2023-03-26 02:00:00"]

    outcome = import_files(rows(holes, "a") + rows(times, "b"))

    assert unfilled(outcome, "a") == 0


def test_a_hole_of_every_year_needs_fewer_rows_around(import_files: ImportFiles) -> None:
    times = existing(stamps("2021-01-01", 24 * 900), "Europe/Berlin")
    text = rows([time for time in times if time.hour % 24 != 5 or time.day % 7])

    assert unfilled(import_files(text)) == 3


def test_holes_that_are_anywhere_are_filled(import_files: ImportFiles) -> None:
    """Of twenty hours one is missing: among sixteen zones, one would fit by chance."""
    seldom = np.random.default_rng(0).random(24 * 365) < 0.95
    times = [time for time, kept in zip(stamps("2023-01-01", 24 * 365), seldom, strict=True) if kept]

    assert unfilled(import_files(rows(times))) == 0


def test_a_year_whose_change_has_rows_contradicts(import_files: ImportFiles) -> None:
    times = [time for time in stamps("2022-01-01", 24 * 500) if str(time) != "2023-03-26 02:00:00"]

    assert unfilled(import_files(rows(times))) == 0


def test_the_zone_named_decides(import_files: ImportFiles) -> None:
    times = existing(stamps("2023-03-20", 24 * 14), "Europe/Berlin")

    assert unfilled(import_files(rows(times), time_zone="Europe/Berlin")) == 1
    assert unfilled(import_files(rows(times), time_zone="Asia/Tokyo")) == 0


def test_a_summer_has_nothing_to_say(import_files: ImportFiles) -> None:
    outcome = import_files(rows(stamps("2023-06-01", 24 * 60)), time_zone="Europe/Berlin")

    assert outcome.report.notes == []


def test_related_series_need_not_have_it_either(import_files: ImportFiles) -> None:
    times = existing(stamps("2023-03-20", 24 * 14), "Europe/Berlin")
    related = "".join(f"meter,{time},{n}\n" for n, time in enumerate(times))

    outcome = import_files(rows(times[:-1]), {"related/a.csv": related}, related=RELATED)

    (panel,) = [shard.panel for shard in outcome.shards]
    assert panel.related is not None
    hole = 6 * 24 + 2
    assert panel.related.values[0][0, hole - 1 : hole + 2].tolist() == [145, 145, 146]


def test_related_series_known_ahead_over_a_change_of_clocks(import_files: ImportFiles) -> None:
    times = existing(stamps("2022-03-20", 24 * 372), "Europe/Berlin")
    related = "".join(f"meter,{time},1\n" for time in times)
    known = [time for time in times if time < datetime(2023, 3, 26)]

    outcome = import_files(rows(known), {"related/a.csv": related}, related=RELATED, horizon=24)

    assert outcome.report.errors == 0
