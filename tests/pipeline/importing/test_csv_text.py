"""Ways to write the same rows as CSV, and the line numbers that messages give."""

import gzip

import pytest

from tests.pipeline.importing.harness import ImportFiles

ROWS = ["2014-01-01 00:00:00,1.5,lamp", "2014-01-01 01:00:00,2.5,lamp"]
PLAIN = "\n".join(ROWS) + "\n"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(PLAIN.encode(), id="plain"),
        pytest.param(b"\xef\xbb\xbf" + PLAIN.encode(), id="byte order mark"),
        pytest.param("\r\n".join(ROWS).encode() + b"\r\n", id="CRLF"),
        pytest.param("\r".join(ROWS).encode() + b"\r", id="CR"),
        pytest.param("\n".join(ROWS).encode(), id="no line break at the end"),
        pytest.param(PLAIN.encode() + b"\n\r\n  \n\n", id="blank lines at the end"),
        pytest.param(b"\n\n" + PLAIN.replace("\n", "\n\n").encode(), id="blank lines between"),
        pytest.param(
            b'"2014-01-01 00:00:00","1.5","lamp"\n"2014-01-01 01:00:00","2.5","lamp"\n', id="quotes"
        ),
        pytest.param(
            b" 2014-01-01 00:00:00 , 1.5 ,lamp\n2014-01-01 01:00:00, 2.5\t,lamp\n", id="blanks around numbers"
        ),
        pytest.param(gzip.compress(PLAIN.encode()), id="gzip"),
        pytest.param(
            gzip.compress(ROWS[0].encode() + b"\n") + gzip.compress(ROWS[1].encode()),
            id="gzip in two members",
        ),
    ],
)
def test_the_same_rows_written_in_another_way_are_the_same_rows(
    import_files: ImportFiles, content: bytes
) -> None:
    outcome = import_files(content)

    assert outcome.report.errors == 0, outcome.report.to_markdown()
    assert outcome.series == {"lamp": [1.5, 2.5]}
    assert outcome.rows["timestamp"].to_pylist() == ["2014-01-01 00:00:00", "2014-01-01 01:00:00"]


@pytest.mark.parametrize("name", ["a.csv.gz", "a.CSV", "a.csv"])
def test_whether_it_is_gzip_is_told_by_the_content(import_files: ImportFiles, name: str) -> None:
    assert import_files({name: gzip.compress(PLAIN.encode())}).imported.rows == 2
    assert import_files({name: PLAIN}).imported.rows == 2


@pytest.mark.parametrize(
    ("cell", "item"),
    [
        ('"bulb, 60 W"', "bulb, 60 W"),
        ('"12"" pipe"', '12" pipe'),
        ('12" pipe', '12" pipe'),
        (" lamp ", " lamp "),
        ("Glühlampe 電球", "Glühlampe 電球"),
        ('""""', '"'),
    ],
)
def test_an_item_is_named_as_it_is_written(import_files: ImportFiles, cell: str, item: str) -> None:
    outcome = import_files(f"2014-01-01 00:00:00,1,{cell}\n" + PLAIN)

    assert outcome.report.errors == 0, outcome.report.to_markdown()
    assert sorted(outcome.series) == sorted([item, "lamp"])
    assert outcome.rows["item_id"].to_pylist()[0] == item


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("", 3),
        ("timestamp,target_value,item_id\n", 4),
        ("\n\n", 5),
        ('2014-01-01 00:00:00,1,"three\nlong\r\nlines"\n', 6),
        ('2014-01-01 00:00:00,1,"a ""quoted""\nname"\n2014-01-01 00:00:00,1,12" pipe\n', 6),
    ],
)
def test_the_line_of_a_problem_is_the_line_in_the_file(
    import_files: ImportFiles, before: str, line: int
) -> None:
    outcome = import_files(before + PLAIN + "2014-01-01 02:00:00,x,lamp\n")

    assert outcome.errors[-1] == ("V05", line, "lamp")


def test_lines_are_right_in_every_block_of_a_large_file(
    import_files: ImportFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stepcast.pipeline.importing.files.csv_rows.BLOCK", 50)
    name = '"a\nb"'

    outcome = import_files(f"2014-01-01 00:00:00,1,{name}\n" * 20 + "2014-01-01 02:00:00,x,lamp\n")

    assert [line for _, line, _ in outcome.errors] == [*range(1, 40, 2), 41]


def test_a_quote_that_never_closes_is_found_where_it_opens(import_files: ImportFiles) -> None:
    error = import_files(PLAIN + '2014-01-01 02:00:00,1,"lamp\n' + PLAIN).error

    assert (error.rule, error.file, error.line) == ("V01", "train/a.csv", 3)
    assert "never closes" in error.message
    assert "double it" in error.remedy


def test_a_quote_that_never_closes_does_not_fill_the_memory(
    import_files: ImportFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stepcast.pipeline.importing.files.csv_rows.BLOCK", 100)
    monkeypatch.setattr("stepcast.pipeline.importing.files.blocks.LONGEST_RECORD", 1000)

    error = import_files(PLAIN + '"2014-01-01 02:00:00,1,lamp\n' + PLAIN * 100).error

    assert (error.rule, error.line) == ("V01", 3)


def test_a_long_line_is_read(import_files: ImportFiles) -> None:
    name = "x" * 1_000_000

    assert list(import_files(f"2014-01-01 00:00:00,1,{name}\n").series) == [name]


def test_a_damaged_gzip_file_is_named(import_files: ImportFiles) -> None:
    error = import_files({"a.csv.gz": gzip.compress(PLAIN.encode() * 1000)[:-20]}).error

    assert (error.rule, error.file) == ("V01", "train/a.csv.gz")
    assert "truncated" in error.message
    assert error.remedy == "Compress and upload the file again"
