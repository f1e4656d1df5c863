"""Whatever is uploaded, the import ends with series or with problems in the report."""

import gzip

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.pipeline.importing.harness import ImportFiles, Outcome

FUZZ = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CELLS = """2014-01-01 00:00:00|2014-02-30 00:00:00|2014-01-01|0001-01-01 00:00:00|1.5|-3|nan|inf|1e400|| |
"|""|"a,b"|"a\nb"|lamp|timestamp|target_value|item_id|é|\x00"""
CELL = st.one_of(st.sampled_from(CELLS.split("|")), st.text(max_size=5))
TEXT = st.lists(
    st.tuples(st.lists(CELL, min_size=1, max_size=5), st.sampled_from(["\n", "\r\n", "\r", ""])), max_size=12
).map(lambda rows: "".join(",".join(cells) + end for cells, end in rows))


def holds(outcome: Outcome) -> None:
    """Either an error and nothing stored, or rows and shards."""
    if outcome.report.errors:
        assert outcome.written == []
        assert outcome.imported.shards == 0
    else:
        assert outcome.rows.num_rows == outcome.imported.rows > 0
        assert len(outcome.shards) == outcome.imported.shards > 0
        assert sum(map(len, outcome.series.values())) == outcome.imported.points
    for problem in outcome.report.problems:
        assert problem.message
        assert problem.remedy
        assert str(problem)


@FUZZ
@given(st.binary(max_size=300))
@example(gzip.compress(b"\x1f\x8b"))
@example(b"\x1f\x8b")
@example(b"\xef\xbb\xbf\xef\xbb\xbf")
def test_any_bytes_named_csv(import_files: ImportFiles, content: bytes) -> None:
    holds(import_files(content))


@FUZZ
@given(text=TEXT, encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]))
def test_any_csv(import_files: ImportFiles, text: str, encoding: str) -> None:
    holds(import_files(text.encode(encoding, "replace"), frequency="Y"))


@FUZZ
@given(text=TEXT, block=st.integers(3, 60))
def test_any_csv_after_good_rows_in_small_blocks(import_files: ImportFiles, text: str, block: int) -> None:
    good = "2014-01-01 00:00:00,1.5,lamp\n" * 3

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stepcast.pipeline.importing.files.csv_rows.BLOCK", block)
        in_blocks = import_files(good + text, frequency="Y")
    whole = import_files(good + text, frequency="Y")

    holds(in_blocks)
    assert in_blocks.report.errors == whole.report.errors


@settings(FUZZ, max_examples=25)
@given(st.binary(max_size=200).map(lambda content: b"PAR1" + content + b"PAR1"))
def test_any_bytes_named_parquet(import_files: ImportFiles, content: bytes) -> None:
    holds(import_files({"a.parquet": content}))
