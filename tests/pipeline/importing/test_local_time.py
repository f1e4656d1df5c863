"""Timestamps with an offset from UTC, and 24:00: taken for a local time where it is known which."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from tests.pipeline.importing.harness import ImportFiles, Outcome

BERLIN = ZoneInfo("Europe/Berlin")


def hours(first: str, count: int) -> list[datetime]:
    begin = datetime.fromisoformat(first).replace(tzinfo=UTC)
    return [begin + timedelta(hours=number) for number in range(count)]


def rows(stamps: list[str]) -> str:
    return "".join(f"{stamp},{number % 24},lamp\n" for number, stamp in enumerate(stamps))


def stored(outcome: Outcome) -> list[str]:
    return [str(stamp) for stamp in outcome.rows["timestamp"].to_pylist()]


@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S+00:00", "%Y-%m-%dT%H:%M:%S.000Z", "%Y-%m-%d %H:%M:%S UTC"],
)
def test_one_offset_is_the_local_time_that_is_shown(import_files: ImportFiles, form: str) -> None:
    stamps = hours("2024-03-30 00:00:00", 60)

    outcome = import_files(rows([stamp.strftime(form) for stamp in stamps]))

    assert stored(outcome) == [stamp.strftime("%Y-%m-%d %H:%M:%S") for stamp in stamps]
    assert outcome.report.warnings == 0
    assert "are read as the local time that they show" in outcome.report.notes[0]


def test_several_offsets_need_a_time_zone(import_files: ImportFiles) -> None:
    stamps = [stamp.astimezone(BERLIN).isoformat() for stamp in hours("2022-10-28 00:00:00", 96)]

    error = import_files(rows(stamps)).error

    assert error.line == 50
    assert error.message == (
        "timestamps do not have the same offset from UTC: '2022-10-28T02:00:00+02:00' and "
        "'2022-10-30T02:00:00+01:00'"
    )
    assert '"TimeZone": "Europe/Berlin"' in error.remedy


def test_a_conflict_far_down_is_found_with_its_line(import_files: ImportFiles) -> None:
    stamps = [f"{stamp:%Y-%m-%dT%H:%M:%S}+01:00" for stamp in hours("2000-01-01 00:00:00", 3_000)]
    stamps[2_500] = "2000-04-14 04:00:00"

    assert import_files(rows(stamps)).error.line == 2_501


def test_two_files_of_different_offsets(import_files: ImportFiles) -> None:
    files = {"a.csv": rows(["2024-01-01T00:00:00Z"]), "b.csv": rows(["2024-01-01T00:00:00+01:00"])}

    assert import_files(files).error.file == "train/b.csv"


def test_target_and_related_series_share_their_local_time(import_files: ImportFiles) -> None:
    outcome = import_files(
        rows(["2024-01-01T00:00:00Z"]),
        {"related/a.csv": "lamp,2024-01-01T01:00:00+01:00,1\n"},
        related="item_id:string timestamp:timestamp price:float",
    )

    assert "do not have the same offset from UTC" in outcome.error.message


def test_a_time_zone_converts_and_what_clocks_do_is_seen(import_files: ImportFiles) -> None:
    for first, doubled, holes in (("2022-10-29 00:00:00", 1, 0), ("2023-03-25 00:00:00", 0, 1)):
        stamps = hours(first, 72)
        text = rows([stamp.strftime("%Y-%m-%dT%H:%M:%SZ") for stamp in stamps])

        outcome = import_files(text, time_zone="Europe/Berlin", filling={"middlefill": "nan"})

        local = [stamp.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M:%S") for stamp in stamps]
        assert stored(outcome) == local
        assert outcome.imported.doubled == doubled
        assert outcome.observed["lamp"].count(False) == holes


def test_local_and_zoned_rows_go_together_where_the_zone_is_named(import_files: ImportFiles) -> None:
    text = rows(
        ["2024-01-01 00:00:00", "2024-01-01T00:00:00Z", "2024-01-01T02:00:00+01:00", "2024-01-01 03:00:00"]
    )

    assert stored(import_files(text, time_zone="Europe/Berlin"))[1:3] == [
        "2024-01-01 01:00:00",
        "2024-01-01 02:00:00",
    ]
    assert "do not have the same offset from UTC" in import_files(text).error.message


def test_moments_of_parquet_are_converted_too(import_files: ImportFiles) -> None:
    stamps = pd.date_range("2024-03-30", periods=48, freq="h", tz="UTC")
    table = pd.DataFrame({"timestamp": stamps, "target_value": 1.0, "item_id": "lamp"})
    sink = BytesIO()
    table.to_parquet(sink, index=False)

    for zone, first in ((None, "2024-03-30 00:00:00"), ("Europe/Berlin", "2024-03-30 01:00:00")):
        assert stored(import_files({"a.parquet": sink.getvalue()}, time_zone=zone))[0] == first


def test_local_rows_beside_zoned_moments_of_parquet_are_named(import_files: ImportFiles) -> None:
    sink = BytesIO()
    table = pd.DataFrame({"timestamp": hours("2024-01-01", 5), "target_value": 1.0, "item_id": "lamp"})
    table.to_parquet(sink, index=False)

    error = import_files({"a.csv": rows(["2024-01-01 00:00:00"]), "b.parquet": sink.getvalue()}).error

    assert error.file == "train/b.parquet"
    assert "do not have the same offset from UTC" in error.message


def test_24_00_of_a_meter_is_the_next_day(import_files: ImportFiles) -> None:
    stamps = [f"2024-01-{day:02} {hour:02}:00:00" for day in range(1, 32) for hour in range(1, 25)]

    outcome = import_files(rows(stamps))

    assert stored(outcome)[22:25] == ["2024-01-01 23:00:00", "2024-01-02 00:00:00", "2024-01-02 01:00:00"]
    assert stored(outcome)[-1] == "2024-02-01 00:00:00"
    assert outcome.observed["lamp"] == [True] * 744
    assert outcome.report.notes == ["Timestamps of 24:00 are read as 00:00 of the next day."]
    assert outcome.report.warnings == 0


def test_24_00_beside_a_wrong_row(import_files: ImportFiles) -> None:
    outcome = import_files(rows(["2024-01-01 23:00:00", "2024-01-01 24:00:00", "2024-01-02 24:30:00"]))

    assert (outcome.error.line, outcome.report.errors) == (3, 1)


def test_24_00_of_days_may_be_either_day(import_files: ImportFiles) -> None:
    stamps = [f"2024-01-{day:02} 24:00:00" for day in range(1, 32)]

    error = import_files(rows(stamps), frequency="D").error

    assert "which could mean either of two days" in error.message
