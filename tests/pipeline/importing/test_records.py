"""Records and blocks: exact however the bytes are cut, and the same as Arrow reads them."""

import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv

from stepcast.pipeline.importing.file_problem import FileProblem
from stepcast.pipeline.importing.files.blocks import blocks
from stepcast.pipeline.importing.files.records import records

CSV_LIKE = st.lists(
    st.sampled_from([b'"', b'""', b",", b"\n", b"\r\n", b"\r", b"a", b"1", b" ", "é".encode()])
)
"""Pieces that matter to a CSV reader, put together at random."""


@given(pieces=CSV_LIKE, size=st.integers(1, 30))
def test_blocks_hold_the_records_of_the_whole_with_their_lines(pieces: list[bytes], size: int) -> None:
    data = b"".join(pieces)
    wanted = [(record.line, record.cells) for record in records(data) if record.closed]
    unclosed = [record.line for record in records(data) if not record.closed]

    got, stopped = [], []
    try:
        for block in blocks(io.BytesIO(data), size):
            got += [(record.line, record.cells) for record in records(block.data, block.line)]
    except FileProblem as problem:
        stopped.append(problem.line)

    assert got == wanted
    assert stopped == unclosed


@given(pieces=CSV_LIKE)
def test_records_are_what_arrow_reads(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    found = list(records(data))
    # Arrow leaves out lines of which nothing is there, and closes a quote at the end.
    rows = [
        record.cells for record in found if record.start != record.end and data[record.start] not in b"\r\n"
    ]
    if not rows or not found[-1].closed or len({len(row) for row in rows}) > 1:
        return
    names = [str(place) for place in range(len(rows[0]))]

    table = csv.read_csv(
        pa.BufferReader(data),
        csv.ReadOptions(column_names=names, use_threads=False, block_size=len(data) + 1),
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(column_types=dict.fromkeys(names, pa.binary()), strings_can_be_null=False),
    )

    assert list(zip(*(column.to_pylist() for column in table.columns), strict=True)) == rows


@pytest.mark.parametrize("size", [3, 1000])
def test_a_byte_order_mark_is_no_part_of_the_first_cell(size: int) -> None:
    found = b"".join(block.data for block in blocks(io.BytesIO(b"\xef\xbb\xbfa,b\n"), size))

    assert found == b"a,b\n"
