"""The import as a whole: what it makes of right files, and that it makes nothing of wrong ones."""

import errno
from pathlib import Path
from typing import Any

import pytest

from stepcast.pipeline import layout, objects
from stepcast.pipeline.errors import ResourceNotFoundException, Superseded
from stepcast.pipeline.importing import import_target
from stepcast.pipeline.importing.files.source import Source
from stepcast.pipeline.importing.files.stream import ObjectStream
from stepcast.pipeline.problems import Report
from tests.pipeline.importing.harness import ROWS, RUN, ImportFiles, params
from tests.shared_data import shared_data

SLOW = {"AlgorithmArn": "arn:aws:forecast:::algorithm/ETS"}  # each series is worth a shard
TWO_ITEMS = """\
2014-01-01 00:00:00,1.5,lamp
2014-01-01 00:00:00,7,bulb
2014-01-01 01:00:00,2.5,lamp
2014-01-01 01:00:00,8,bulb
"""


def test_the_reference_pipelines_own_data_imports_whole(import_files: ImportFiles) -> None:
    outcome = import_files(shared_data("demo/item-demand-time.csv").read_bytes(), horizon=72)

    assert (outcome.imported.rows, outcome.imported.series, outcome.imported.shards) == (23_973, 3, 1)
    assert outcome.report.problems == []
    assert sorted(outcome.series) == ["client_10", "client_111", "client_12"]
    assert (outcome.imported.first, outcome.imported.last) == ("2014-01-01 01:00:00", "2014-11-29 23:00:00")


def test_rows_are_stored_typed_and_as_uploaded(import_files: ImportFiles) -> None:
    outcome = import_files(TWO_ITEMS)

    assert outcome.rows.to_pylist()[:2] == [
        {"timestamp": "2014-01-01 00:00:00", "target_value": 1.5, "item_id": "lamp"},
        {"timestamp": "2014-01-01 00:00:00", "target_value": 7.0, "item_id": "bulb"},
    ]
    assert [str(kind) for kind in outcome.rows.schema.types] == ["string", "double", "string"]


def test_series_come_in_the_order_of_their_keys_and_end_together(import_files: ImportFiles) -> None:
    outcome = import_files(TWO_ITEMS + "2014-01-01 03:00:00,9,bulb\n")

    assert list(outcome.series.items()) == [("bulb", [7, 8, 0, 9]), ("lamp", [1.5, 2.5, 0, 0])]
    assert outcome.observed["lamp"] == [True, True, False, False]
    assert outcome.shards[0].key_names == ("item_id",)
    assert (outcome.imported.points, outcome.imported.filled) == (8, 3)


def test_an_item_may_begin_later_than_others(import_files: ImportFiles) -> None:
    outcome = import_files(TWO_ITEMS + "2014-01-01 01:00:00,3,new\n")

    assert outcome.series["new"] == [3]


def test_a_dimension_asked_for_tells_series_apart(import_files: ImportFiles) -> None:
    text = "2014-01-01 00:00:00,1,lamp,Berlin\n2014-01-01 00:00:00,2,lamp,Wien\n"
    columns = "timestamp:timestamp target_value:float item_id:string city:string"

    outcome = import_files(text, columns=columns, dimensions=("city",))

    assert outcome.series == {"lamp / Berlin": [1], "lamp / Wien": [2]}
    assert [shard.keys for shard in outcome.shards] == [(("lamp", "Berlin"), ("lamp", "Wien"))]
    assert outcome.imported.statistics["city"]["CountDistinct"] == 2


def test_a_dimension_not_asked_for_is_aggregated_over(import_files: ImportFiles) -> None:
    text = "2014-01-01 00:00:00,1,lamp,Berlin\n2014-01-01 00:00:00,2,lamp,Wien\n"
    columns = "timestamp:timestamp target_value:float item_id:string city:string"

    outcome = import_files(text, columns=columns)

    assert outcome.series == {"lamp": [3]}
    assert outcome.rows.num_rows == 2


def test_files_are_read_in_the_order_of_their_keys(import_files: ImportFiles) -> None:
    files = {"b.csv": "2014-01-01 00:00:00,2,lamp\n", "a/x.csv": "2014-01-01 00:00:00,1,lamp\n"}

    outcome = import_files(files, filling={"aggregation": "first"})

    assert outcome.series == {"lamp": [1]}
    assert outcome.rows["target_value"].to_pylist() == [1, 2]


def test_statistics_are_those_of_the_service(import_files: ImportFiles) -> None:
    text = "".join(
        f"2014-01-01 0{hour}:00:00,{value},lamp\n" for hour, value in enumerate(["2", "", "4", "nan", "6"])
    )

    statistics = import_files(text).imported.statistics

    assert statistics["target_value"] == {
        "Count": 5,
        "CountDistinct": 3,
        "CountNull": 1,
        "CountNan": 1,
        "Min": "2.0",
        "Max": "6.0",
        "Avg": 4.0,
        "Stddev": 2.0,
    }
    assert statistics["item_id"] == {"Count": 5, "CountDistinct": 1, "CountNull": 0}
    assert statistics["timestamp"]["Max"] == "2014-01-01 04:00:00"


def test_an_error_in_one_file_stores_nothing_of_any(import_files: ImportFiles) -> None:
    outcome = import_files({"a.csv": TWO_ITEMS, "b.csv": "2014-01-01 00:00:00,x,lamp\n" + TWO_ITEMS})

    assert outcome.written == []
    assert outcome.imported.shards == 0
    assert (outcome.error.file, outcome.error.line) == ("train/b.csv", 1)


def test_problems_of_all_files_are_found_in_one_go(import_files: ImportFiles) -> None:
    files = {
        "a.csv": TWO_ITEMS + "2014-01-01 02:00:00,x,lamp\n",
        "b.csv": b"PK\x03\x04 an archive",
        "c.csv": TWO_ITEMS + "2014-13-01 02:00:00,1,lamp\n",
    }

    outcome = import_files(files)

    assert [(p.rule, p.file, p.line) for p in outcome.report.problems] == [
        ("V05", "train/a.csv", 5),
        ("V01", "train/b.csv", None),
        ("V06", "train/c.csv", 5),
    ]


def test_beyond_a_limit_wrong_rows_are_counted(import_files: ImportFiles) -> None:
    wrong = "".join(f"2014-01-01 00:00:00,x{number},lamp\n" for number in range(250))

    outcome = import_files(TWO_ITEMS + wrong)

    assert outcome.report.errors == 250
    assert len(outcome.report.problems) == 100
    assert outcome.report.problems[-1].line == 104


def test_no_file_is_an_error(import_files: ImportFiles) -> None:
    error = import_files({}).error

    assert (error.rule, error.file) == ("V01", "train/")
    assert "Upload the target series as train/" in error.remedy


def test_values_that_are_all_missing_are_an_error(import_files: ImportFiles) -> None:
    error = import_files("2014-01-01 00:00:00,,lamp\n2014-01-01 01:00:00,nan,lamp\n").error

    assert (error.rule, error.message) == ("V01", "no row has a value")


def test_an_item_without_a_value_is_left_out_with_a_warning(import_files: ImportFiles) -> None:
    outcome = import_files(TWO_ITEMS + "2014-01-01 00:00:00,,ghost\n")

    assert sorted(outcome.series) == ["bulb", "lamp"]
    assert [p.item for p in outcome.warnings("V13") if p.item] == ["ghost"]
    assert outcome.rows.num_rows == 5


def test_objects_of_other_kinds_are_ignored_with_a_warning(import_files: ImportFiles) -> None:
    outcome = import_files({"a.csv": TWO_ITEMS, "_SUCCESS": "", "a.csv.zip": "x", "folder/": ""})

    assert [p.file for p in outcome.warnings("V01")] == ["train/_SUCCESS", "train/a.csv.zip"]
    assert outcome.imported.rows == 4


def test_a_name_without_a_letter_is_read_with_a_warning(import_files: ImportFiles) -> None:
    outcome = import_files({"2014.csv": TWO_ITEMS})

    assert [p.file for p in outcome.warnings("V02")] == ["train/2014.csv"]
    assert outcome.imported.rows == 4


def test_a_sum_beyond_64_bits_is_an_error(import_files: ImportFiles) -> None:
    outcome = import_files("2014-01-01 00:00:00,1e308,lamp\n" * 2)

    assert (outcome.error.rule, outcome.error.item) == ("V05", "lamp")
    assert outcome.written == []


def test_progress_is_told(s3: Any, bucket: str, tmp_path: Path) -> None:
    s3.put_object(Bucket=bucket, Key="train/a.csv", Body=TWO_ITEMS)
    told: list[tuple[str, int, int]] = []

    import_target(
        s3, bucket, RUN, params(**SLOW), ROWS, Report(), tmp_path, lambda *facts: told.append(facts)
    )

    size = len(TWO_ITEMS)
    assert told[-3:] == [("read", size, size), ("shards", 1, 2), ("shards", 2, 2)]


def test_a_file_replaced_while_it_is_read_ends_the_run_as_superseded(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="train/a.csv", Body=TWO_ITEMS)
    stream = ObjectStream(s3, bucket, Source("train/a.csv", '"another etag"', len(TWO_ITEMS), "csv"))

    with pytest.raises(Superseded, match=r"train/a\.csv was replaced"):
        stream.read()


def test_a_file_deleted_while_it_is_read_is_named(s3: Any, bucket: str) -> None:
    stream = ObjectStream(s3, bucket, Source("train/gone.csv", '"etag"', 7, "csv"))

    with pytest.raises(ResourceNotFoundException, match=r"train/gone\.csv was deleted"):
        stream.read()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_says_so(s3: Any, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s3.put_object(Bucket=bucket, Key="train/a.csv", Body=TWO_ITEMS)
    monkeypatch.setattr("stepcast.pipeline.importing.entries.spill.Spill._all", Path("/dev/full"))

    with pytest.raises(OSError, match="the scratch folder is full") as caught:
        import_target(s3, bucket, RUN, params(**SLOW), ROWS, Report(), tmp_path)

    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_the_parts_of_the_rows_are_bounded(
    import_files: ImportFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stepcast.pipeline.importing.target.stored_rows.GROUP_BYTES", 1)
    monkeypatch.setattr("stepcast.pipeline.importing.target.stored_rows.PART_BYTES", 1)

    outcome = import_files({"a.csv": TWO_ITEMS, "b.csv": TWO_ITEMS})

    stored = list(objects.keys(outcome.s3, outcome.bucket, ROWS))
    assert stored == [f"{ROWS}part-0.parquet", f"{ROWS}part-1.parquet"]
    assert outcome.rows.num_rows == 8


def test_the_list_of_shards_is_what_the_map_states_read(import_files: ImportFiles) -> None:
    outcome = import_files(TWO_ITEMS, **SLOW)

    assert objects.read_json(outcome.s3, outcome.bucket, layout.shard_list(RUN)) == [
        {"shard": 0},
        {"shard": 1},
    ]
