"""Files that are wrong as a whole: one problem that says what they look like and what to do."""

import io
import zipfile

import pytest

from tests.pipeline.importing.harness import ImportFiles

ROWS = [f"2014-01-{day:02d} 00:00:00,{day}.5,lamp" for day in range(1, 29)]
TEXT = "\n".join(ROWS) + "\n"


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", TEXT)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "message", "remedy"),
    [
        (b"", "the file is empty", "Upload a file with rows"),
        (b"\xef\xbb\xbf", "the file is empty", "Upload a file with rows"),
        (b"\n \n\r\n", "the file is empty", "Upload a file with rows"),
        (b"timestamp,target_value,item_id\n", "the file has a header but no rows", "Upload a file with rows"),
        (TEXT.encode("utf-16"), "it is UTF-16 text", "Save it as UTF-8"),
        (TEXT.encode("utf-16-le"), "it is UTF-16 text or binary data", "Save it as UTF-8"),
        (_zip(), "it is a ZIP archive or an Excel workbook (.xlsx)", "Save it as CSV"),
        (b"PAR1" + bytes(100), "it is a Parquet file", "Rename it to end in .parquet"),
        (b"%PDF-1.7\n" + bytes(100), "it is a PDF document", "Save it as CSV"),
        (b"\x28\xb5\x2f\xfd" + bytes(9), "it is compressed with zstd", "Decompress it"),
        (
            b"<!DOCTYPE html>\n<html><body>404</body></html>",
            "it is an HTML or XML page",
            "Open it in a browser",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n",
            "it is a Git LFS pointer",
            "Run git",
        ),
        (b"INSERT INTO t VALUES ('lamp', '2014-01-01', 1);\n", "it is SQL", "Save it as CSV"),
        (b'{"item": "lamp"}\n', "it is JSON", "Save it as CSV"),
        (b"\x01\x02\x03,\x04,\x05\n" * 9, "it is a binary file", "Save it as CSV"),
        (
            TEXT.replace(",", ";").encode(),
            "the cells are separated by semicolons",
            "Separate the cells with commas",
        ),
        (
            TEXT.replace(",", "\t").encode(),
            "the cells are separated by tabs",
            "Separate the cells with commas",
        ),
        (TEXT.replace(",", "|").encode(), "the cells are separated by vertical bars", "Separate the cells"),
        (
            TEXT.replace(",", ";").replace(".5", ",5").encode(),
            "the cells are separated by semicolons",
            "Separate the cells with commas and use decimal points in numbers",
        ),
    ],
)
def test_v01_a_file_that_is_not_csv_is_one_problem(
    import_files: ImportFiles, content: bytes, message: str, remedy: str
) -> None:
    error = import_files(content).error

    assert (error.rule, error.file) == ("V01", "train/a.csv")
    assert error.message.startswith(message)
    assert error.remedy.startswith(remedy)


def test_v01_a_byte_that_no_text_has_is_found(import_files: ImportFiles) -> None:
    error = import_files(TEXT.encode() + b"\x1a").error

    assert (error.rule, error.line) == ("V01", 29)
    assert error.message == "there is a byte that text does not have, 0x1A"


def test_v01_another_encoding_is_one_problem_and_a_count(import_files: ImportFiles) -> None:
    text = TEXT + "2014-01-29 00:00:00,1,Glühlampe\n" * 30

    report = import_files(text.encode("latin-1")).report

    assert (report.errors, len(report.problems)) == (30, 1)
    problem = report.problems[0]
    assert (problem.rule, problem.line) == ("V01", 29)
    assert problem.message == "byte 0xFC is not UTF-8; in Windows-1252 the cell is 'Glühlampe'"
    assert problem.remedy == "Save the file as UTF-8"


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        (
            "".join(f"{number},{row}\n" for number, row in enumerate(ROWS)),
            "the rows have 4 cells, the schema has 3 columns",
            "The first column looks like a row number; write the file without it",
        ),
        (
            TEXT.replace(".5", ",5"),
            "the rows have 4 cells, the schema has 3 columns",
            "If '1,5' is one number, use a decimal point",
        ),
        (
            TEXT.replace(",lamp", ""),
            "the rows have 2 cells, the schema has 3 columns",
            "'item_id' seems to be missing. If the files have no such column because they contain one series",
        ),
        (
            "timestamp,target_value,item_id,color\n" + TEXT.replace("lamp", "lamp,red"),
            "the header has 4 columns, the schema has 3; not in the schema: 'color'",
            "Remove 'color' from the file, or add {",
        ),
    ],
)
def test_v04_another_number_of_columns_throughout_is_one_problem(
    import_files: ImportFiles, text: str, message: str, remedy: str
) -> None:
    error = import_files(text).error

    assert (error.rule, error.line) == ("V04", 1)
    assert error.message.startswith(message)
    assert error.remedy.startswith(remedy)


def test_v05_columns_in_another_order_are_one_problem(import_files: ImportFiles) -> None:
    text = "".join(",".join(reversed(row.split(","))) + "\n" for row in ROWS)

    error = import_files(text).error

    assert (error.rule, error.line) == ("V05", 1)
    assert "not in the order of the schema" in error.message
    assert "'timestamp' is 'lamp', and 'item_id' is '2014-01-01 00:00:00'" in error.message
    assert error.remedy == "List Schema.Attributes in params.json in the order of the columns"


def test_v06_one_wrong_format_throughout_is_one_problem(import_files: ImportFiles) -> None:
    text = "".join(f"{day:02d}/01/2014,{day},lamp\n" for day in range(1, 29))

    error = import_files(text).error

    assert (error.rule, error.line) == ("V06", 1)
    assert error.message.startswith(
        "'timestamp' is '01/01/2014', not yyyy-MM-dd HH:mm:ss; all of the first 28 rows"
    )
    assert error.remedy.endswith("this looks like dd/MM/yyyy")


def test_v06_the_other_format_throughout_is_a_setting(import_files: ImportFiles) -> None:
    error = import_files(TEXT.replace(" 00:00:00", ""), frequency="D").error

    assert "set TimestampFormat to 'yyyy-MM-dd' in params.json" in error.remedy


def test_v05_decimal_commas_throughout_are_one_problem(import_files: ImportFiles) -> None:
    text = "".join(f'2014-01-{day:02d} 00:00:00,"{day},5",lamp\n' for day in range(1, 29))

    error = import_files(text).error

    assert (error.rule, error.line) == ("V05", 1)
    assert error.remedy == "Use a decimal point: 1.5"


def test_other_columns_are_still_checked_when_one_is_wrong_throughout(import_files: ImportFiles) -> None:
    text = "".join(f"{day:02d}/01/2014,{day},lamp\n" for day in range(1, 29)) + "29/01/2014,x,lamp\n"

    outcome = import_files(text)

    assert outcome.errors == [("V06", 1, None), ("V05", 29, "lamp")]
    assert outcome.written == []


def test_a_few_wrong_rows_are_each_reported(import_files: ImportFiles) -> None:
    outcome = import_files("01/01/2014,1,lamp\n02/01/2014,2,lamp\n")

    assert [line for _, line, _ in outcome.errors] == [1, 2]


def test_words_for_missing_values_throughout_are_not_another_order(import_files: ImportFiles) -> None:
    text = "".join(f"2014-01-{day:02d} 00:00:00,NULL,{day}\n" for day in range(1, 29))

    error = import_files(text).error

    assert (error.rule, error.line) == ("V05", 1)
    assert error.remedy == "Leave the cell empty if the value is missing"


def test_swapped_numbers_and_items_are_another_order(import_files: ImportFiles) -> None:
    text = "".join(f"2014-01-{day:02d} 00:00:00,lamp,{day}\n" for day in range(1, 29))

    assert "'target_value' is 'lamp', and 'item_id' is '1'" in import_files(text).error.message


@pytest.mark.parametrize("word", ["PAR1", "ORC", "BZh"])
def test_an_item_may_be_called_like_a_file_format(import_files: ImportFiles, word: str) -> None:
    columns = "item_id:string timestamp:timestamp target_value:float"

    assert list(import_files(f"{word},2014-01-01 00:00:00,1\n", columns=columns).series) == [word]


def test_v06_impossible_times_throughout_are_one_problem(import_files: ImportFiles) -> None:
    error = import_files(TEXT.replace("00:00:00", "25:00:00")).error

    assert error.message.startswith(
        "'timestamp' is '2014-01-01 25:00:00', which is not a valid date: hour must be in 0..23"
    )
    assert error.remedy == "Correct the date"
