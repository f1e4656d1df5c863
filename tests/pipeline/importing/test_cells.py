"""Cells to values: the fast way for whole columns says the same as the definition for one cell."""

import math

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stepcast.pipeline.importing.columns.columns import Column
from stepcast.pipeline.importing.columns.numbers import FloatColumn, IntegerColumn, parse_float, parse_integer
from stepcast.pipeline.importing.columns.timestamp_formats import DAY, MOMENT, format_of
from stepcast.pipeline.importing.columns.timestamps import TimestampColumn

NUMBER_LIKE = st.one_of(
    st.text(st.sampled_from("0123456789+-.eExXnNaAiIfF _,\u0661\xa0"), max_size=12),
    st.floats().map(str),
    st.integers(-(2**70), 2**70).map(str),
)
MOMENT_LIKE = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat(" ", "seconds")),
    st.from_regex(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}", fullmatch=True),
    st.text(st.sampled_from("0123456789-: TZ+."), max_size=20),
)


@given(NUMBER_LIKE)
@example("nan(1)")
@example("0x1F")
@example("1e999")
@example("infinity")
def test_a_float_is_what_its_definition_says(cell: str) -> None:
    converted = FloatColumn("x").convert(pa.array([cell]))

    try:
        wanted = parse_float(cell)
    except ValueError:
        assert converted.bad is not None
        return
    assert converted.bad is None
    (got,) = converted.values.to_pylist()
    assert got == wanted or (wanted is not None and math.isnan(wanted) and math.isnan(got))


@given(NUMBER_LIKE)
@example("0x1F")
def test_an_integer_is_what_its_definition_says(cell: str) -> None:
    converted = IntegerColumn("x").convert(pa.array([cell]))

    try:
        wanted = parse_integer(cell)
    except ValueError:
        assert converted.bad is not None
        return
    assert converted.bad is None
    assert converted.values.to_pylist() == [wanted]


@given(cells=st.lists(MOMENT_LIKE, min_size=1, max_size=5), stated=st.sampled_from([DAY, MOMENT]))
def test_moments_are_the_same_alone_and_together(cells: list[str], stated: str) -> None:
    column = TimestampColumn("x", stated)  # type: ignore[arg-type]  # text of one of two literals

    together = column.convert(pa.array(cells))

    for row, cell in enumerate(cells):
        # With a wrong cell beside it, each is read by itself; alone, the fast way is tried.
        alone = column.convert(pa.array([cell]))
        assert alone.seconds is not None
        assert together.seconds is not None
        bad = together.bad is not None and bool(together.bad[row])
        assert (alone.bad is not None) == bad
        if not bad:
            assert alone.seconds[0] == together.seconds[row]
            assert alone.values[0].as_py() == together.values[row].as_py() == cell.strip()


@pytest.mark.parametrize(
    "column", [FloatColumn("x"), IntegerColumn("x"), TimestampColumn("x", "yyyy-MM-dd")], ids=lambda c: c.rule
)
def test_no_cells_are_no_problem(column: Column) -> None:
    assert column.convert(pa.array([], pa.string())).bad is None


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        (["2014-01-31 13:00:00"], "yyyy-MM-dd HH:mm:ss"),
        (["01/02/2014", "13/02/2014"], "dd/MM/yyyy"),
        (["01/02/2014", "02/13/2014"], "MM/dd/yyyy"),
        (["01/02/2014", "02/12/2014"], "dd/MM/yyyy or MM/dd/yyyy"),
        (["20140131"], "yyyyMMdd"),
        (["20140131130000"], "yyyyMMddHHmmss"),
        (["2014-01-31T13:00:00+01:00"], "yyyy-MM-ddTHH:mm:ssXXX"),
        (["2014-01-31T13:00:00.123456Z"], "yyyy-MM-ddTHH:mm:ss.SSSXXX"),
        (["1/31/2014 1:05 PM"], "M/d/yyyy h:mm a"),
        (["Jan 3, 2014"], "MMM d, yyyy"),
        (["3 Jan 2014"], "d MMM yyyy"),
        (["2014-01"], "yyyy-MM"),
        (["1388538000000"], "milliseconds since 1970"),
        (["tomorrow"], None),
        ([], None),
    ],
)
def test_the_format_that_timestamps_seem_to_have(cells: list[str], name: str | None) -> None:
    assert format_of(cells) == name
