"""Rows on the forecast's grid: aggregated, and holes filled as the specification says."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.pipeline.importing.harness import ImportFiles

# A series with a hole at 03:00 and 04:00 that ends at 05:00, while another goes on to 07:00.
HOLES = """\
2014-01-01 00:00:00,2,lamp
2014-01-01 01:00:00,4,lamp
2014-01-01 02:00:00,9,lamp
2014-01-01 05:00:00,1,lamp
2014-01-01 07:00:00,1,other
"""


@pytest.mark.parametrize(
    ("aggregation", "value"), [("sum", 70), ("avg", 35), ("first", 50), ("min", 20), ("max", 50)]
)
def test_rows_of_one_period_are_aggregated(import_files: ImportFiles, aggregation: str, value: float) -> None:
    text = "2014-01-01 02:20:00,50,lamp\n2014-01-01 02:45:00,20,lamp\n2014-01-01 04:00:00,1,lamp\n"

    outcome = import_files(text, filling={"aggregation": aggregation, "middlefill": "nan"})

    assert outcome.series["lamp"] == pytest.approx([value, math.nan, 1], nan_ok=True)


def test_first_is_the_earliest_moment_then_the_earliest_row(import_files: ImportFiles) -> None:
    text = "2014-01-01 02:45:00,1,lamp\n2014-01-01 02:20:00,2,lamp\n2014-01-01 02:20:00,3,lamp\n"

    assert import_files(text, filling={"aggregation": "first"}).series == {"lamp": [2]}


def test_missing_rows_do_not_count_in_an_average(import_files: ImportFiles) -> None:
    text = "2014-01-01 02:00:00,4,lamp\n2014-01-01 02:10:00,,lamp\n2014-01-01 02:20:00,8,lamp\n"

    assert import_files(text, filling={"aggregation": "avg"}).series == {"lamp": [6]}


def test_missing_rows_do_not_make_a_series_longer(import_files: ImportFiles) -> None:
    text = "2014-01-01 00:00:00,,lamp\n2014-01-01 01:00:00,5,lamp\n2014-01-01 02:00:00,,lamp\n"

    outcome = import_files(text)

    assert outcome.series == {"lamp": [5]}
    assert outcome.imported.last == "2014-01-01 02:00:00"


@pytest.mark.parametrize(
    ("frequency", "timestamps", "length"),
    [
        ("15min", ["2014-01-01 00:14:59", "2014-01-01 00:15:00"], 2),
        ("D", ["2014-01-01 23:59:59", "2014-01-02 00:00:00"], 2),
        ("W", ["2014-01-05 00:00:00", "2014-01-06 00:00:00"], 2),  # a Sunday and a Monday
        ("2W", ["2014-01-06 00:00:00", "2014-01-12 00:00:00"], 1),
        ("M", ["2014-01-31 00:00:00", "2014-02-01 00:00:00"], 2),
        ("3M", ["2014-01-31 00:00:00", "2014-03-31 00:00:00"], 1),
        ("Y", ["2013-12-31 00:00:00", "2015-01-01 00:00:00"], 3),
        ("D", ["1969-12-31 23:00:00", "1970-01-01 00:00:00"], 2),
    ],
)
def test_periods_are_those_of_the_calendar(
    import_files: ImportFiles, frequency: str, timestamps: list[str], length: int
) -> None:
    outcome = import_files("".join(f"{moment},1,lamp\n" for moment in timestamps), frequency=frequency)

    assert len(outcome.series["lamp"]) == length


@pytest.mark.parametrize(
    ("method", "fill"),
    [("zero", 0), ("nan", math.nan), ("value", 7.5), ("mean", 5), ("median", 4), ("min", 2), ("max", 9)],
)
def test_middlefill_is_for_holes_between_observations(
    import_files: ImportFiles, method: str, fill: float
) -> None:
    filling = {"middlefill": method, "middlefill_value": "7.5", "backfill": "nan"}

    outcome = import_files(HOLES, filling=filling)

    assert outcome.series["lamp"] == pytest.approx([2, 4, 9, fill, fill, 1, math.nan, math.nan], nan_ok=True)
    assert outcome.observed["lamp"] == [True, True, True, False, False, True, False, False]
    assert outcome.imported.filled == (0 if math.isnan(fill) else 2)


@pytest.mark.parametrize(
    ("method", "fill"),
    [("zero", 0), ("nan", math.nan), ("value", 7.5), ("mean", 4), ("median", 3), ("min", 1), ("max", 9)],
)
def test_backfill_goes_to_the_end_of_the_whole_data_set(
    import_files: ImportFiles, method: str, fill: float
) -> None:
    filling = {"middlefill": "zero", "backfill": method, "backfill_value": "7.5"}

    outcome = import_files(HOLES, filling=filling)

    # Of 2, 4, 9 and 1: zeros that were filled in do not count.
    assert outcome.series["lamp"] == pytest.approx([2, 4, 9, 0, 0, 1, fill, fill], nan_ok=True)
    assert outcome.series["other"] == [1]


def test_statistics_of_filling_look_at_the_64_most_recent_observations(import_files: ImportFiles) -> None:
    begin = np.datetime64("2014-01-01T00", "s")
    hours = [*range(70), 71]
    text = "".join(f"{str(begin + np.timedelta64(h, 'h')).replace('T', ' ')},{h},lamp\n" for h in hours)

    lamp = import_files(text, filling={"middlefill": "min"}).series["lamp"]

    assert lamp[70] == 6  # of 6 to 69


def test_filling_never_looks_into_another_series(import_files: ImportFiles) -> None:
    text = "2014-01-01 00:00:00,100,a\n2014-01-01 00:00:00,1,b\n2014-01-01 02:00:00,1,b\n"

    assert import_files(text, filling={"middlefill": "max"}).series["b"] == [1, 1, 1]


def test_many_holes_are_filled_alike(import_files: ImportFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"2014-01-{day:02d} 00:00:00,{day},lamp\n" for day in range(1, 29, 2))
    whole = import_files(text, frequency="D", filling={"middlefill": "mean"}).series

    monkeypatch.setattr("stepcast.pipeline.importing.entries.filling.HOLES_AT_ONCE", 3)

    assert import_files(text, frequency="D", filling={"middlefill": "mean"}).series == whole


ROWS = st.lists(
    st.tuples(
        st.integers(0, 60 * 24 * 3),  # minute
        st.one_of(st.none(), st.integers(-1000, 1000).map(lambda n: n / 4)),
        st.sampled_from(["a", "b", "c,d", 'e"', "f g"]),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=ROWS, aggregation=st.sampled_from(["sum", "avg", "first", "min", "max"]), block=st.integers(40, 400)
)
def test_aggregation_is_that_of_pandas(
    import_files: ImportFiles,
    rows: list[tuple[int, float | None, str]],
    aggregation: str,
    block: int,
) -> None:
    frame = pd.DataFrame(rows, columns=["minute", "value", "item"])
    frame["timestamp"] = pd.Timestamp("2014-01-01") + pd.to_timedelta(frame["minute"], unit="min")
    frame["value"] = frame["value"].astype(float)
    text = frame[["timestamp", "value", "item"]].to_csv(
        header=False, index=False, date_format="%Y-%m-%d %H:%M:%S", lineterminator="\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stepcast.pipeline.importing.files.csv_rows.BLOCK", block)
        outcome = import_files(
            text, filling={"aggregation": aggregation, "middlefill": "nan", "backfill": "nan"}
        )

    present = frame.dropna().sort_values("timestamp", kind="stable")
    if present.empty:
        assert outcome.error.rule == "V01"
        return
    by = present.groupby(["item", present["timestamp"].dt.floor("h")])["value"]
    wanted = by.agg("mean" if aggregation == "avg" else aggregation)
    end = present["timestamp"].max().floor("h")
    got = {
        (item, end - pd.Timedelta(hours=len(values) - 1 - place)): value
        for item, values in outcome.series.items()
        for place, value in enumerate(values)
        if not math.isnan(value)
    }
    assert got == pytest.approx(wanted.to_dict())


def test_series_are_the_same_however_they_are_sharded_and_partitioned(
    import_files: ImportFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(5)
    rows = [
        f"2014-01-{random.integers(1, 29):02d} 00:00:00,{random.random()},item {random.integers(0, 40)}\n"
        for _ in range(500)
    ]
    filling = {"middlefill": "mean", "backfill": "median"}
    once = import_files("".join(rows), frequency="D", filling=filling)

    monkeypatch.setattr("stepcast.pipeline.importing.target.plan.SERIES", 3)
    monkeypatch.setattr("stepcast.pipeline.importing.entries.spill.PARTITION", 1_000)
    monkeypatch.setattr("stepcast.pipeline.importing.entries.spill.AT_ONCE", 1_400)
    again = import_files("".join(rows), frequency="D", filling=filling)

    assert once.imported.shards == 1
    assert again.imported.shards == 14
    assert again.series == once.series
    assert list(again.series) == sorted(again.series)
