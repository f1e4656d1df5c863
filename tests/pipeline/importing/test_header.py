"""V03: a header is not expected; it is found, skipped and said."""

import pytest

from tests.pipeline.importing.harness import ImportFiles

ROWS = "2014-01-01 00:00:00,1.5,lamp\n2014-01-01 01:00:00,2.5,lamp\n"


@pytest.mark.parametrize(
    "header",
    [
        "timestamp,target_value,item_id",
        "Timestamp, TARGET_VALUE ,Item_Id",
        '"timestamp","target_value","item_id"',
        "date,value,item",
        "timestamp,demand,item_id",
        "\ufefftimestamp,target_value,item_id",
    ],
)
def test_a_header_is_skipped_with_a_warning(import_files: ImportFiles, header: str) -> None:
    outcome = import_files(f"{header}\n{ROWS}")

    assert outcome.report.errors == 0
    assert outcome.series == {"lamp": [1.5, 2.5]}
    (warning,) = outcome.warnings("V03")
    assert (warning.file, warning.line) == ("train/a.csv", 1)
    assert warning.message.startswith("the first line is treated as a header and skipped: '")
    assert warning.remedy == "No header is expected; remove it"


def test_a_header_with_the_schemas_names_in_another_order_is_followed(import_files: ImportFiles) -> None:
    outcome = import_files("item_id,target_value,timestamp\nlamp,1.5,2014-01-01 00:00:00\n")

    assert outcome.series == {"lamp": [1.5]}
    assert outcome.rows.column_names == ["timestamp", "target_value", "item_id"]
    assert [warning.message for warning in outcome.warnings("V03")][1].startswith(
        "the column order is 'item_id'"
    )


def test_problems_under_a_header_in_another_order_name_the_right_cells(import_files: ImportFiles) -> None:
    text = "item_id,target_value,timestamp\nlamp,1.5,2014-01-01 00:00:00\nbulb,x,2014-01-01 00:00:00\n"

    outcome = import_files(text)

    assert outcome.errors == [("V05", 3, "bulb")]
    assert outcome.error.message == "'target_value' is 'x', not a number"


def test_a_header_with_a_schema_name_in_the_wrong_place_is_an_error(import_files: ImportFiles) -> None:
    error = import_files("item_id,when,value\nlamp,1,2014-01-01 00:00:00\nlamp,2,2014-01-01 00:00:00\n").error

    assert (error.rule, error.line) == ("V05", 1)
    assert "the header has 'item_id', 'when', 'value'" in error.message


def test_each_file_may_have_its_header(import_files: ImportFiles) -> None:
    header = "timestamp,target_value,item_id\n"

    outcome = import_files({"a.csv": header + ROWS, "b.csv": ROWS.replace("lamp", "bulb")})

    assert outcome.imported.rows == 4
    assert [warning.file for warning in outcome.warnings("V03")] == ["train/a.csv"]


def test_a_wrong_first_row_is_not_a_header(import_files: ImportFiles) -> None:
    assert import_files(f"2014-01-01 00:00:00,many,lamp\n{ROWS}").errors == [("V05", 1, "lamp")]


def test_a_header_in_the_middle_is_a_wrong_row(import_files: ImportFiles) -> None:
    outcome = import_files(f"{ROWS}timestamp,target_value,item_id\n{ROWS}")

    assert outcome.errors == [("V06", 3, "item_id")]
    assert outcome.error.message == "the line repeats the header"


def test_a_header_is_found_above_rows_in_a_wrong_format(import_files: ImportFiles) -> None:
    rows = "".join(f"{day:02d}/01/2014,{day},lamp\n" for day in range(1, 29))

    outcome = import_files(f"date,value,item\n{rows}")

    assert outcome.errors == [("V06", 2, None)]
    assert len(outcome.warnings("V03")) == 1


@pytest.mark.parametrize("header", ["timestamp,target_value,item_id", "date,value,item"])
def test_a_header_and_one_row_without_a_line_break_are_a_row(import_files: ImportFiles, header: str) -> None:
    assert import_files(f"{header}\n2014-01-01 00:00:00,1.5,lamp").series == {"lamp": [1.5]}
