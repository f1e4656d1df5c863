"""V04, V05 and V06: each wrong row with its file, line, item and remedy."""

import pytest

from tests.pipeline.importing.harness import ImportFiles

GOOD = "2014-01-01 00:00:00,1.5,lamp\n2014-01-01 01:00:00,2.5,lamp\n"


@pytest.mark.parametrize(
    ("row", "message", "remedy"),
    [
        (
            "2014-01-01 02:00:00,1",
            "the row has 2 cells, the schema has 3 columns",
            "Separate all columns with commas",
        ),
        (
            "2014-01-01 02:00:00,1,bulb, 60 W",
            "the row has 4 cells, the schema has 3 columns",
            "Put a cell that contains a comma",
        ),
        (",,,", "the row has 4 cells, the schema has 3 columns", "Delete the row, which is empty"),
    ],
)
def test_v04_a_row_has_a_cell_for_every_column(
    import_files: ImportFiles, row: str, message: str, remedy: str
) -> None:
    error = import_files(GOOD + row + "\n").error

    assert (error.rule, error.file, error.line, error.item) == ("V04", "train/a.csv", 3, None)
    assert error.message == message
    assert error.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("cell", "remedy"),
    [
        ("many", "Write a number such as 38.35"),
        ("inf", "Write a finite number"),
        ("-Infinity", "Write a finite number"),
        ("1e999", "Write a finite number"),
        ('"38,35"', "Use a decimal point: 38.35"),
        ('"1,234,567.5"', "Write the number without separators: 1234567.5"),
        ("NULL", "Leave the cell empty if the value is missing"),
        ("N/A", "Leave the cell empty if the value is missing"),
        ("0x1F", "Write a number such as 38.35"),
        ("1_000", "Write a number such as 38.35"),
        ("$5", "Write only the number: 5"),
        ("nan(0)", "Write a number such as 38.35"),
    ],
)
def test_v05_a_value_is_a_finite_number(import_files: ImportFiles, cell: str, remedy: str) -> None:
    error = import_files(f"{GOOD}2014-01-01 02:00:00,{cell},lamp\n").error

    assert (error.rule, error.file, error.line, error.item) == ("V05", "train/a.csv", 3, "lamp")
    assert error.message == f"'target_value' is {cell.strip(chr(34))!r}, not a number"
    assert error.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1e3", 1000),
        ("-1.5E-1", -0.15),
        ("+5", 5),
        (".5", 0.5),
        ("5.", 5),
        ("007", 7),
        (" 5 ", 5),
        ("1e-999", 0),
    ],
)
def test_v05_numbers_may_be_written_as_programs_write_them(
    import_files: ImportFiles, cell: str, number: float
) -> None:
    assert import_files(f"2014-01-01 00:00:00,{cell},lamp\n").series == {"lamp": [number]}


@pytest.mark.parametrize("cell", ["", " ", "nan", "NaN", "-nan", '""'])
def test_an_empty_cell_and_nan_are_missing_values(import_files: ImportFiles, cell: str) -> None:
    outcome = import_files(
        f"{GOOD}2014-01-01 02:00:00,{cell},lamp\n2014-01-01 03:00:00,7,lamp\n", filling={"middlefill": "mean"}
    )

    assert outcome.report.errors == 0
    assert outcome.series == {"lamp": [1.5, 2.5, 2.0, 7.0]}
    assert outcome.observed == {"lamp": [True, True, False, True]}
    assert outcome.imported.rows == 4


@pytest.mark.parametrize(
    ("cell", "remedy"),
    [
        ("5.5", "Write it without a fraction, or set the AttributeType of 'number_of_instances' to float"),
        ("0x1F", "Write a number such as 38"),
        ("9223372036854775808", "Write a number such as 38"),
        ("many", "Write a number such as 38"),
    ],
)
def test_v05_an_integer_is_one(import_files: ImportFiles, cell: str, remedy: str) -> None:
    columns = "instance_type:string timestamp:timestamp number_of_instances:integer"

    good = "m5.large,2014-01-01 00:00:00,-3\nm5.large,2014-01-01 01:00:00,\n"
    outcome = import_files(
        f"{good}m5.large,2014-01-01 02:00:00,{cell}\n", columns=columns, domain="EC2_CAPACITY"
    )

    assert outcome.errors == [("V05", 3, "m5.large")]
    assert outcome.error.remedy.startswith(remedy)


def test_integers_are_stored_as_integers(import_files: ImportFiles) -> None:
    columns = "instance_type:string timestamp:timestamp number_of_instances:integer"
    text = "m5.large,2014-01-01 00:00:00,9007199254740993\nm5.large,2014-01-01 01:00:00,\n"

    outcome = import_files(text, columns=columns, domain="EC2_CAPACITY")

    assert outcome.rows["number_of_instances"].to_pylist() == [9_007_199_254_740_993, None]
    assert outcome.imported.statistics["number_of_instances"]["Max"] == "9007199254740993"


@pytest.mark.parametrize(("cell", "what"), [("", "empty"), ('""', "empty"), ("  ", "blank")])
def test_v05_every_row_names_its_item(import_files: ImportFiles, cell: str, what: str) -> None:
    error = import_files(f"{GOOD}2014-01-01 02:00:00,1,{cell}\n").error

    assert (error.rule, error.line, error.message) == ("V05", 3, f"'item_id' is {what}")
    assert error.remedy.startswith("Write the name of the row's item")


def test_v05_values_need_not_be_positive_or_whole(import_files: ImportFiles) -> None:
    assert import_files("2014-01-01 00:00:00,-1.25,lamp\n").series == {"lamp": [-1.25]}


@pytest.mark.parametrize(
    ("cell", "message", "remedy"),
    [
        (
            "2014-02-30 00:00:00",
            "which is not a valid date: day is out of range for month",
            "Correct the date",
        ),
        (
            "2014-13-01 00:00:00",
            "which is not a valid date: month must be in 1..12",
            "if the day precedes the month in all rows, write 2014-01-13 00:00:00",
        ),
        ("2014-01-01 25:00:00", "which is not a valid date: hour must be in 0..23", "Correct the date"),
        ("2014-01-01 23:59:60", "which is not a valid date: second must be in 0..59", "Correct the date"),
        ("0000-01-01 00:00:00", "which is not a valid date: year 0 is out of range", "Correct the date"),
        ("", "'timestamp' is empty", "Write yyyy-MM-dd HH:mm:ss, for example 2014-01-31 13:00:00"),
        ("2014-01-31", "not yyyy-MM-dd HH:mm:ss", "set TimestampFormat to 'yyyy-MM-dd' in params.json"),
        ("2014-01-31T13:00:00", "not yyyy-MM-dd HH:mm:ss", "this looks like yyyy-MM-ddTHH:mm:ss"),
        ("2014-01-31 13:00Z", "not yyyy-MM-dd HH:mm:ss", "for example 2014-01-31 13:00:00"),
        ("2014-01-31 13:00", "not yyyy-MM-dd HH:mm:ss", "this looks like yyyy-MM-dd HH:mm"),
        ("31.01.2014 13:00", "not yyyy-MM-dd HH:mm:ss", "this looks like dd.MM.yyyy HH:mm"),
        ("2014-1-31 1:00:00", "not yyyy-MM-dd HH:mm:ss", "this looks like yyyy-M-d H:mm:ss"),
        ("1388538000", "not yyyy-MM-dd HH:mm:ss", "this looks like seconds since 1970"),
        ("yesterday", "not yyyy-MM-dd HH:mm:ss", "for example 2014-01-31 13:00:00"),
    ],
)
def test_v06_a_timestamp_is_a_moment_in_the_stated_format(
    import_files: ImportFiles, cell: str, message: str, remedy: str
) -> None:
    error = import_files(f"{GOOD}{cell},1,lamp\n").error

    assert (error.rule, error.file, error.line, error.item) == ("V06", "train/a.csv", 3, "lamp")
    assert error.message.endswith(message)
    assert error.remedy.endswith(remedy) or remedy in error.remedy


def test_v06_days_are_read_where_the_format_is_days(import_files: ImportFiles) -> None:
    text = "2014-02-28,1,lamp\n2014-03-01,2,lamp\n"

    outcome = import_files(text, frequency="D", timestamp_format="yyyy-MM-dd")

    assert outcome.series == {"lamp": [1, 2]}
    assert outcome.rows["timestamp"].to_pylist() == ["2014-02-28", "2014-03-01"]
    assert (outcome.imported.first, outcome.imported.last) == ("2014-02-28", "2014-03-01")


def test_v06_moments_are_refused_where_the_format_is_days(import_files: ImportFiles) -> None:
    text = "2014-02-28,1,lamp\n2014-03-01 13:00:00,2,lamp\n"

    error = import_files(text, frequency="D", timestamp_format="yyyy-MM-dd").error

    assert (error.rule, error.line) == ("V06", 2)
    assert "set TimestampFormat to 'yyyy-MM-dd HH:mm:ss'" in error.remedy


def test_a_row_with_two_wrong_cells_has_two_problems_in_the_order_of_lines(import_files: ImportFiles) -> None:
    outcome = import_files(f"{GOOD}x1,y,lamp\n2014-01-01 02:00:00,z,lamp\nx,1,lamp\n")

    assert [(rule, line) for rule, line, _ in outcome.errors] == [
        ("V06", 3),
        ("V05", 3),
        ("V05", 4),
        ("V06", 5),
    ]


def test_rows_after_a_wrong_one_are_still_checked(import_files: ImportFiles) -> None:
    outcome = import_files(f"{GOOD}2014-01-01 02:00:00\n{GOOD}2014-01-01 02:00:00,x,lamp\n")

    assert outcome.errors == [("V04", 3, None), ("V05", 6, "lamp")]


def test_names_with_blanks_around_them_are_kept_and_said(import_files: ImportFiles) -> None:
    outcome = import_files("2014-01-01 00:00:00, 1, lamp\n2014-01-01 00:00:00, 1, bulb\n")

    assert sorted(outcome.series) == [" bulb", " lamp"]
    (warning,) = outcome.warnings("V05")
    assert warning.message == "2 series have names with leading or trailing spaces, for example ' lamp'"
