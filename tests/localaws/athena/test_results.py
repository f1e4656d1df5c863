"""The result files, byte by byte."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localaws.athena.results.column_info import ColumnInfo
from localaws.athena.results.csv_file import read_rows
from localaws.athena.results.metadata_file import metadata_file
from localaws.athena.results.text_file import read_lines, text_file
from tests.localaws.athena.lake import Lake

# A short name stands for a long cell, longer than a block: Hypothesis would print, and keep, the cell itself.
LONG = "long"
CELLS = st.none() | st.text(st.characters(codec="utf-8"), max_size=10) | st.just(LONG)


def test_a_csv_quotes_every_value_and_leaves_null_bare(lake: Lake) -> None:
    execution = lake.ask('SELECT 1 AS n, \'a"b\' AS "l""abel", NULL AS nothing, \'\' AS empty').execution

    written = lake.read(execution["ResultConfiguration"]["OutputLocation"])

    assert written == b'"n","l""abel","nothing","empty"\n"1","a""b",,""\n'


def test_a_query_without_rows_leaves_its_labels(lake: Lake) -> None:
    answer = lake.ask("SELECT x FROM (VALUES 1) AS t(x) WHERE x > 1")

    assert answer.rows == []
    assert lake.read(answer.execution["ResultConfiguration"]["OutputLocation"]) == b'"x"\n'


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # both are times, of a busy machine
@given(shapes=st.lists(st.tuples(CELLS, CELLS), max_size=6), page=st.integers(1, 4))
def test_pages_put_together_are_the_file(
    tmp_path_factory: pytest.TempPathFactory, shapes: list[tuple[str | None, str | None]], page: int
) -> None:
    rows = [["x" * 70_000 if cell == LONG else cell for cell in row] for row in shapes]
    path = tmp_path_factory.mktemp("pages") / "rows.csv"
    path.write_bytes(
        "".join(
            ",".join("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row) + "\n"
            for row in rows
        ).encode()
    )
    found: list[list[str | None]] = []
    offset: int | None = 0
    while offset is not None:
        part, offset = read_rows(path, offset, page)
        found += part
        assert len(part) <= page

    assert found == rows


def test_a_huge_value_is_read_in_one_go(tmp_path: Path) -> None:
    """Looking again from its start at every block would take hours for this one."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b'"' + b"x" * (64 << 20) + b'"\n"y"\n')

    ((huge,),), offset = read_rows(path, 0, 1)
    rest, end = read_rows(path, offset or 0, 1)

    assert len(huge or "") == 64 << 20
    assert (rest, end) == ([["y"]], None)


def test_pages_of_text_put_together_are_the_file(tmp_path: Path) -> None:
    rows: list[list[str | None]] = [["a", "b"], ["", "ä"], ["c", ""]]
    path = tmp_path / "x.txt"
    path.write_bytes(text_file([[str(cell) for cell in row] for row in rows]))

    first, offset = read_lines(path, 0, 2)
    assert offset is not None
    rest, end = read_lines(path, offset, 2)

    assert (first + rest, end) == (rows, None)


def test_the_metadata_file_describes_every_column(lake: Lake) -> None:
    execution = lake.ask("SELECT CAST(1 AS decimal(10, 2)) AS price, 'x' AS name").execution
    location = execution["ResultConfiguration"]["OutputLocation"]

    fields = decoded(lake.read(f"{location}.metadata"))

    assert [number for number, _ in fields] == [1, 4, 4]
    assert fields[0][1] == execution["QueryExecutionId"].encode()
    price, name = (decoded(content) for _, content in fields[1:])
    assert price == [
        (1, b"hive"),
        (4, b"price"),
        (5, b"price"),
        (6, b"decimal"),
        (7, 10),
        (8, 2),
        (9, 3),
        (10, 0),
    ]
    assert name == [
        (1, b"hive"),
        (4, b"name"),
        (5, b"name"),
        (6, b"varchar"),
        (7, 1),
        (8, 0),
        (9, 3),
        (10, 1),
    ]


def test_long_values_have_long_lengths() -> None:
    column = ColumnInfo("x" * 300, "varchar", 2147483647, 0, case_sensitive=True)

    ((_, identifier), (_, content)) = decoded(metadata_file("id", [column]))

    assert identifier == b"id"
    assert dict(decoded(content))[4] == b"x" * 300
    assert dict(decoded(content))[7] == 2147483647


def decoded(content: bytes) -> list[tuple[int, bytes | int]]:
    """Protocol buffers' fields, in order: numbers and strings."""
    fields: list[tuple[int, bytes | int]] = []
    at = 0

    def number() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = content[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(content):
        tag = number()
        value = number()
        if tag & 7 == 2:
            fields.append((tag >> 3, content[at : at + value]))
            at += value
        else:
            fields.append((tag >> 3, value))
    return fields
