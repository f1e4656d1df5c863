"""Parquet files: the same rows, types checked, columns by name or by position."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.pipeline.importing.harness import ImportFiles

MOMENTS = [datetime(2014, 1, 1, hour) for hour in (0, 1)]  # rows have no zone


def parquet(columns: dict[str, Any], **options: Any) -> dict[str, bytes]:
    """A file under train/."""
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, **options)
    return {"a.parquet": sink.getvalue()}


@pytest.mark.parametrize(
    ("timestamps", "values", "items"),
    [
        pytest.param(MOMENTS, [1.5, 2.5], ["lamp", "lamp"], id="typed"),
        pytest.param(
            ["2014-01-01 00:00:00", "2014-01-01 01:00:00"], ["1.5", "2.5"], ["lamp", "lamp"], id="texts"
        ),
        pytest.param(
            pa.array(MOMENTS, pa.timestamp("ns")),
            pa.array([Decimal("1.5"), Decimal("2.5")]),
            pa.array(["lamp", "lamp"]).dictionary_encode(),
            id="nanoseconds, decimals and categories",
        ),
        pytest.param(
            pa.array([moment.replace(tzinfo=UTC) for moment in MOMENTS]),
            pa.array([1.5, 2.5], pa.float32()),
            pa.array([b"lamp", b"lamp"]),
            id="UTC, single precision and bytes",
        ),
    ],
)
def test_rows_are_read_whatever_the_types(
    import_files: ImportFiles, timestamps: Any, values: Any, items: Any
) -> None:
    outcome = import_files(parquet({"timestamp": timestamps, "target_value": values, "item_id": items}))

    assert outcome.report.errors == 0, outcome.report.to_markdown()
    assert outcome.series == {"lamp": [1.5, 2.5]}
    assert outcome.rows["timestamp"].to_pylist() == ["2014-01-01 00:00:00", "2014-01-01 01:00:00"]


def test_moments_of_a_zone_are_its_wall_clock(import_files: ImportFiles) -> None:
    moments = pa.array([datetime(2014, 1, 1, tzinfo=UTC)], pa.timestamp("s", "Asia/Tokyo"))

    outcome = import_files(parquet({"timestamp": moments, "target_value": [1.0], "item_id": ["lamp"]}))

    assert outcome.imported.first == "2014-01-01 09:00:00"


def test_days_are_read_as_midnight(import_files: ImportFiles) -> None:
    file = parquet({"timestamp": [date(2014, 1, 31)], "target_value": [1], "item_id": [7]})

    outcome = import_files(file, frequency="D")

    assert outcome.rows.to_pylist() == [
        {"timestamp": "2014-01-31 00:00:00", "target_value": 1.0, "item_id": "7"}
    ]


def test_columns_are_found_by_name(import_files: ImportFiles) -> None:
    outcome = import_files(parquet({"ITEM_ID": ["lamp"], "target_value": [1.5], "timestamp": MOMENTS[:1]}))

    assert outcome.series == {"lamp": [1.5]}
    assert outcome.rows.column_names == ["timestamp", "target_value", "item_id"]


def test_columns_of_other_names_are_taken_by_position_with_a_warning(import_files: ImportFiles) -> None:
    outcome = import_files(parquet({"when": MOMENTS[:1], "much": [1.5], "what": ["lamp"]}))

    assert outcome.series == {"lamp": [1.5]}
    assert "matched by position" in outcome.warnings("V04")[0].message


def test_several_batches_and_groups_of_rows_come_in_order(
    import_files: ImportFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stepcast.pipeline.importing.files.parquet_rows.ROWS", 7)
    columns = {"timestamp": MOMENTS[:1] * 50, "target_value": list(range(50)), "item_id": ["lamp"] * 50}

    outcome = import_files(parquet(columns, row_group_size=20))

    assert outcome.rows["target_value"].to_pylist() == list(range(50))


@pytest.mark.parametrize(
    ("columns", "rule", "message", "remedy"),
    [
        (
            {"timestamp": MOMENTS, "target_value": [1.0, 2.0]},
            "V04",
            "the file has 2 columns, 'timestamp', 'target_value'; the schema has 3",
            "If the files have no such column because they contain one series",
        ),
        (
            {
                "timestamp": MOMENTS,
                "target_value": [1.0, 2.0],
                "item_id": ["a", "b"],
                "__index_level_0__": [0, 1],
            },
            "V04",
            "the file has 4 columns",
            "Remove '__index_level_0__'",
        ),
        (
            {"item_id": ["a", "b"], "when": MOMENTS, "target_value": [1.0, 2.0]},
            "V05",
            "the file's columns are 'item_id', 'when', 'target_value', the schema's",
            "Use the schema's names",
        ),
        (
            {"timestamp": MOMENTS, "target_value": [True, False], "item_id": ["a", "b"]},
            "V05",
            "the column 'target_value' has type bool, which cannot be read as 'target_value'",
            "Store it as double or as text",
        ),
        (
            {"timestamp": [1, 2], "target_value": [1.0, 2.0], "item_id": ["a", "b"]},
            "V06",
            "the column 'timestamp' has type int64",
            "Store it as timestamp or as text",
        ),
        (
            {"timestamp": [], "target_value": [], "item_id": []},
            "V06",
            "the column 'timestamp' has type null",
            "Store",
        ),
    ],
)
def test_columns_that_do_not_fit_are_one_problem(
    import_files: ImportFiles, columns: dict[str, Any], rule: str, message: str, remedy: str
) -> None:
    error = import_files(parquet(columns)).error

    assert (error.rule, error.file) == (rule, "train/a.parquet")
    assert error.message.startswith(message)
    assert error.remedy.startswith(remedy)


def test_wrong_rows_are_reported_with_their_number(
    import_files: ImportFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stepcast.pipeline.importing.files.parquet_rows.ROWS", 2)
    half = datetime(2014, 1, 1, 0, 0, 0, 500_000)
    columns = {
        "timestamp": [MOMENTS[0], None, half, MOMENTS[0], MOMENTS[0]],
        "target_value": [1.0, 1.0, 1.0, float("inf"), None],
        "item_id": ["a", "b", "c", "d", None],
    }

    outcome = import_files(parquet(columns))

    assert outcome.errors == [("V06", 2, "b"), ("V06", 3, "c"), ("V05", 4, "d"), ("V05", 5, None)]
    messages = [problem.message for problem in outcome.report.problems]
    assert messages[:3] == [
        "'timestamp' is empty",
        "'timestamp' is '2014-01-01 00:00:00.500000', not yyyy-MM-dd HH:mm:ss",
        "'target_value' is 'inf', not a number",
    ]


def test_a_time_of_day_is_refused_where_the_format_is_days(import_files: ImportFiles) -> None:
    file = parquet({"timestamp": MOMENTS, "target_value": [1, 2], "item_id": ["a", "b"]})

    outcome = import_files(file, frequency="D", timestamp_format="yyyy-MM-dd")

    assert outcome.errors == [("V06", 2, "b")]
    assert "set TimestampFormat to 'yyyy-MM-dd HH:mm:ss'" in outcome.error.remedy


def test_integers_too_large_for_64_bits_are_wrong(import_files: ImportFiles) -> None:
    columns = {"i": ["a", "b"], "t": MOMENTS, "n": pa.array([1, 2**64 - 1], pa.uint64())}
    schema = "instance_type:string timestamp:timestamp number_of_instances:integer"

    outcome = import_files(parquet(columns), columns=schema, domain="EC2_CAPACITY")

    assert outcome.errors == [("V05", 2, "b")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"2014-01-01 00:00:00,1,lamp\n", "the file cannot be read as Parquet"),
        (b"PAR1" + bytes(100) + b"PAR1", "the file cannot be read as Parquet"),
    ],
)
def test_a_file_that_is_not_parquet_is_one_problem(
    import_files: ImportFiles, content: bytes, message: str
) -> None:
    error = import_files({"a.parquet": content}).error

    assert (error.rule, error.file) == ("V01", "train/a.parquet")
    assert error.message.startswith(message)


def test_a_damaged_page_is_one_problem(import_files: ImportFiles) -> None:
    columns = {"timestamp": MOMENTS * 500, "target_value": [1.5, 2.5] * 500, "item_id": ["lamp"] * 1000}
    content = bytearray(parquet(columns, compression="snappy", use_dictionary=False)["a.parquet"])
    content[10:200] = bytes(190)

    error = import_files({"a.parquet": bytes(content)}).error

    assert (error.rule, error.file) == ("V01", "train/a.parquet")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"__index_level_0__": [0]}, "index=False in pandas"),
        ({"price": [9.5]}, "RELATED_TIME_SERIES"),
        ({"store": ["north"]}, "Remove 'store'"),
        ({"item_id": None}, "--item NAME"),
        ({"Target Value": [1.0]}, "Use each column name once"),
    ],
)
def test_v04_columns_too_many_or_too_few_say_where_they_belong(
    import_files: ImportFiles, columns: dict[str, list[object] | None], said: str
) -> None:
    own = {"timestamp": ["2014-01-01 00:00:00"], "target_value": [1.0], "item_id": ["lamp"]}
    table = {name: cells for name, cells in {**own, **columns}.items() if cells is not None}
    sink = io.BytesIO()
    pq.write_table(pa.table(table), sink)

    error = import_files({"a.parquet": sink.getvalue()}).error

    assert error.rule == "V04"
    assert said in error.remedy
