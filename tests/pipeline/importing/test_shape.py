"""Rows with another number of cells than the schema has columns: what they are, and the way out."""

import json

import pytest

from tests.pipeline.importing.harness import ImportFiles

ITEM_FIRST = "item_id:string timestamp:timestamp target_value:float"
DAYS = [f"2024-01-{day:02d}" for day in range(1, 29)]
ROWS = [f"lamp,{day},{number}.5" for number, day in enumerate(DAYS, 1)]
HEADER = "item_id,timestamp,target_value"
PLAIN = "\n".join(ROWS)


def given(import_files: ImportFiles, text: str, columns: str = ITEM_FIRST) -> tuple[str, str]:
    """The one error's message and remedy."""
    error = import_files(text, columns=columns, frequency="D", timestamp_format="yyyy-MM-dd").error

    assert error.file == "train/a.csv"
    return error.message, error.remedy


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("\n".join(f"{row}," for row in ROWS), "Column 4 is empty in every row: remove the comma at the end"),
        ("\n".join(f"{row}, ,," for row in ROWS), "Columns 4 and 5 and 6 are empty in every row"),
        (f"{HEADER},\n" + "\n".join(f"{row}," for row in ROWS), "Column 4 is empty in every row"),
        ("\n".join(f",{row}" for row in ROWS), "Column 1 is empty in every row: remove it from the file"),
    ],
)
def test_empty_columns_are_named(import_files: ImportFiles, text: str, remedy: str) -> None:
    assert remedy in given(import_files, text)[1]


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "index", None])
@pytest.mark.parametrize("start", [0, 1])
def test_the_index_of_pandas_is_recognised(import_files: ImportFiles, name: str | None, start: int) -> None:
    rows = [f"{number},{row}" for number, row in enumerate(ROWS, start)]
    text = "\n".join(rows if name is None else [f"{name},{HEADER}", *rows])

    assert "index=False in pandas" in given(import_files, text)[1]


def test_two_levels_of_an_index_are_recognised(import_files: ImportFiles) -> None:
    rows = [f"{number},{number % 3},{row}" for number, row in enumerate(ROWS)]

    assert (
        "The first 2 columns look like row numbers"
        in given(import_files, "\n".join([f",,{HEADER}", *rows]))[1]
    )


def test_a_header_of_other_names_in_another_order_is_an_order(import_files: ImportFiles) -> None:
    text = "\n".join(
        ["item_id,value,date", *(",".join(row.split(",")[i] for i in (0, 2, 1)) for row in ROWS)]
    )

    assert "the columns are not in the order" in given(import_files, text)[0]


def test_a_row_number_that_begins_anew_is_an_index_too(import_files: ImportFiles) -> None:
    rows = [f"{number % 7},{row}" for number, row in enumerate(ROWS)]

    assert "index=False" in given(import_files, "\n".join([f",{HEADER}", *rows]))[1]


def test_a_header_in_another_spelling_names_what_is_too_many(import_files: ImportFiles) -> None:
    text = "\n".join(["Item ID,Timestamp,Target-Value,price", *(f"{row},9.5" for row in ROWS)])

    assert given(import_files, text)[1].startswith("Remove 'price' from the file. ")


def test_a_first_cell_of_thousands_of_digits_is_no_index(import_files: ImportFiles) -> None:
    assert given(import_files, "\n".join(f"{'9' * 5_000},{row}" for row in ROWS))[1]


@pytest.mark.parametrize("header", [True, False])
def test_a_further_number_is_sent_to_the_related_series(import_files: ImportFiles, header: bool) -> None:
    rows = [f"{row},9.5" for row in ROWS]
    text = "\n".join([f"{HEADER},price", *rows] if header else rows)

    remedy = given(import_files, text)[1]

    schema = json.loads(remedy.split('"Schema": ')[1].split("; or leave")[0])
    assert schema["Attributes"] == [
        {"AttributeName": "item_id", "AttributeType": "string"},
        {"AttributeName": "timestamp", "AttributeType": "timestamp"},
        {"AttributeName": "price" if header else "column_4", "AttributeType": "float"},
    ]


def test_a_further_text_may_be_a_dimension(import_files: ImportFiles) -> None:
    text = "\n".join([f"{HEADER},store", *(f"{row},north" for row in ROWS)])

    message, remedy = given(import_files, text)

    assert "not in the schema: 'store'" in message
    assert '{"AttributeName": "store", "AttributeType": "string"}' in remedy


def test_a_column_that_stands_twice_is_named(import_files: ImportFiles) -> None:
    text = "\n".join([f"{HEADER},target_value", *(f"{row},1" for row in ROWS)])

    assert "Use each column name once" in given(import_files, text)[1]


@pytest.mark.parametrize(
    "rows",
    [
        ["timestamp,target_value", *(row.removeprefix("lamp,") for row in ROWS)],
        [row.removeprefix("lamp,") for row in ROWS],
        ["ds;y", *(row.removeprefix("lamp,").replace(",", ";") for row in ROWS)],
    ],
)
def test_a_file_of_one_series_without_an_item_is_told_how_to_get_one(
    import_files: ImportFiles, rows: list[str]
) -> None:
    message, remedy = given(import_files, "\n".join(rows))

    assert ("semicolons" in message) == (";" in rows[0])
    assert "'item_id' seems to be missing" in remedy
    assert "--item NAME" in remedy


def test_a_missing_dimension_is_named(import_files: ImportFiles) -> None:
    remedy = given(import_files, PLAIN, f"{ITEM_FIRST} store:string")[1]

    assert remedy.startswith("'store' seems to be missing")


def test_a_missing_value_column_is_named(import_files: ImportFiles) -> None:
    text = "\n".join(row.rpartition(",")[0] for row in ROWS)

    assert given(import_files, text)[1].startswith("'target_value' seems to be missing")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n".join(f'"{row}"' for row in ROWS), "rows are enclosed in quotes"),
        (PLAIN.replace(",", " "), "cells are separated by spaces"),
        (PLAIN.replace(",", "|"), "cells are separated by vertical bars"),
    ],
)
def test_other_separators_are_recognised(import_files: ImportFiles, text: str, said: str) -> None:
    assert said in given(import_files, text)[0]


@pytest.mark.parametrize(
    "header",
    [
        ",".join(["item", *DAYS]),
        "item,Jan 2024,Feb 2024,Mar 2024,Apr 2024",
        "store,item,2021,2022,2023,2024",
        "item,Q1 2024,Q2 2024,Q3 2024,Q4 2024",
    ],
)
def test_periods_as_columns_are_recognised(import_files: ImportFiles, header: str) -> None:
    row = ",".join(["lamp", *("7" for _ in header.split(",")[1:])])

    assert "--wide" in given(import_files, f"{header}\n{row}\n{row}")[1]


def test_date_and_time_in_two_columns_are_recognised(import_files: ImportFiles) -> None:
    text = "\n".join(f"lamp,{day},13:00,1" for day in DAYS)

    assert "13:00' is one timestamp" in given(import_files, text)[1]


def test_titles_on_top_of_a_wider_table_are_named(import_files: ImportFiles) -> None:
    text = "\n".join(["Sales,,,", "Region: all,,,", *(f"{row}," for row in ROWS)])

    remedy = given(import_files, text)[1]

    assert "Delete the first 2 lines" in remedy
    assert "Column 4 is empty" in remedy


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("# made by a script", "if it is a comment"),
        ("sep=,", "has a meaning only in spreadsheets"),
        ("Sales of January", "if it is a title"),
        ("Total,434", "if it is a total"),
        (",,,,", "Delete the row, which is empty"),
        ("lamp,2024-02-01,19,7", "If '19,7' is one number"),
        ("lamp,2024-02-01,19,,", "Remove the commas after the last column"),
        ("lamp,2024-02-01", "Separate all columns with commas"),
        ("bulb, 60 W,2024-02-01,7", "in quotes"),
    ],
)
def test_a_line_that_is_no_row_is_named(import_files: ImportFiles, line: str, said: str) -> None:
    error = import_files(
        "\n".join([*ROWS, line]), columns=ITEM_FIRST, frequency="D", timestamp_format="yyyy-MM-dd"
    ).error

    assert (error.rule, error.line) == ("V04", 29)
    assert said in error.remedy


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (HEADER, "the line repeats the header"),
        ("Item ID,Timestamp,Target Value", "the line repeats the header"),
        (",,", "the row is empty"),
        ("Total,,434", "looks like a total: 'Total'"),
        (",,Grand Total", "looks like a total: 'Grand Total'"),
    ],
)
def test_a_row_that_is_no_data_is_one_error(import_files: ImportFiles, line: str, said: str) -> None:
    error = import_files(
        "\n".join([*ROWS, line]), columns=ITEM_FIRST, frequency="D", timestamp_format="yyyy-MM-dd"
    ).error

    assert error.line == 29
    assert said in error.message
    assert error.remedy.startswith("Delete the")


@pytest.mark.parametrize(
    "header", ["timestamp,a,b,c", "date,north,south", "day,1st store,2nd store,3rd store,4th store"]
)
def test_items_as_columns_are_recognised(import_files: ImportFiles, header: str) -> None:
    width = header.count(",")
    text = "\n".join([header, *(f"{day}{',7' * width}" for day in DAYS)])

    assert "If its columns are items" in given(import_files, text)[1]


def test_two_periods_as_columns_are_recognised(import_files: ImportFiles) -> None:
    text = "\n".join(["item_id,2024-01-01,2024-01-02", *(f"i{number},1,2" for number in range(20))])

    assert "--wide" in given(import_files, text)[1]


@pytest.mark.parametrize(
    "text",
    [
        "sku,date,qty\n123,2024-01-01,5\n123,2024-01-02,6\n",
        "2010,2024-01-01,2015\n5,2024-01-01,1850\n",
        "item,day,value\n2010,2024-01-01,2015\n",
    ],
)
def test_items_and_values_that_look_like_years_are_rows_like_others(
    import_files: ImportFiles, text: str
) -> None:
    outcome = import_files(text, columns=ITEM_FIRST, frequency="D", timestamp_format="yyyy-MM-dd")

    assert outcome.report.errors == 0


@pytest.mark.parametrize(
    ("timestamp", "remedy"),
    [
        ("2024-31-01", "Correct the date; if the day precedes the month in all rows, write 2024-01-31"),
        ("'2024-01-31'", "Remove the quotes around the value, or the space before them: 2024-01-31"),
        ('"=""2024-01-31"""', "Write the value instead of a formula: 2024-01-31"),
        ("2024\u201301\u201331", "Write plain digits and hyphens: 2024-01-31"),
        ("45322", "This looks like a spreadsheet's serial date"),
    ],
)
def test_timestamps_of_other_programs_are_recognised(
    import_files: ImportFiles, timestamp: str, remedy: str
) -> None:
    text = "\n".join([*ROWS, f"lamp,{timestamp},7"])

    assert given(import_files, text)[1].startswith(remedy)


def test_a_second_header_is_one_error(import_files: ImportFiles) -> None:
    text = "\n".join([HEADER, "name,date,kWh", *ROWS])

    assert "a second header or a note" in given(import_files, text)[0]
