"""What is drawn of a panel does not show how it came."""

from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepcast.engine import sampling
from stepcast.engine.panel import Metadata, Panel, Related
from stepcast.engine.sampling import Draw, sample_of
from tests.engine.auto.panels import panel_of, part

lengths = st.lists(st.integers(0, 12), min_size=1, max_size=20)


def described(panel: Panel) -> Panel:
    """The same with a feature and an attribute, whose values are those of the series."""
    related = Related(("price",), tuple(values[None] for values in panel.values), ahead=0)
    metadata = Metadata(("name",), tuple((name,) for name in panel.ids))
    return Panel(
        panel.ids,
        panel.values,
        panel.observed,
        panel.end,
        panel.frequency,
        related=related,
        metadata=metadata,
    )


@settings(deadline=None)
@given(lengths=lengths, cuts=st.sets(st.integers(1, 19)), most=st.integers(1, 8), points=st.integers(1, 60))
def test_draws_of_parts_add_up_to_that_of_the_whole(
    lengths: list[int], cuts: set[int], most: int, points: int
) -> None:
    panel = described(panel_of(*(np.arange(length) + 1.0 for length in lengths)))
    edges = [0, *sorted(cut for cut in cuts if cut < len(panel)), len(panel)]
    places = [list(range(*bounds)) for bounds in pairwise(edges)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "SAMPLE_SERIES", most)
        patch.setattr(sampling, "SAMPLE_POINTS", points)

        drawn = reduce(add, (Draw.of(panel.take(own)) for own in places))
        whole = sample_of(panel)

    assert (drawn.series, drawn.points) == (len(lengths), sum(lengths))
    assert drawn.sample.ids == whole.ids
    assert [values.tolist() for values in drawn.sample.values] == [v.tolist() for v in whole.values]
    assert drawn.sample.metadata == whole.metadata
    assert drawn.sample.related is not None
    assert [rows[0].tolist() for rows in drawn.sample.related.values] == [v.tolist() for v in whole.values]


def test_a_draw_remembers_which_of_its_series_are_sums() -> None:
    panel = panel_of(*(np.arange(length) + 1.0 for length in (3, 4, 5, 6)))

    drawn = Draw.of(panel.take([0])) + Draw.of(panel.take([1, 2]), sums=True)
    drawn += Draw.of(panel.take([3]), sums=True)

    assert drawn.series == 4
    assert drawn.sums is not None
    assert (drawn.sums.series, drawn.sums.points, drawn.sums.sums) == (3, 15, None)
    assert drawn.sums.sample.ids == panel.ids[1:]
    assert Draw.of(panel).sums is None


def test_a_draw_keeps_no_part_alive() -> None:
    """Series of a shard are cut out of one large array, which would stay in memory for a single one."""
    flat = np.arange(100.0)
    panel = panel_of(flat[:50], flat[50:])

    drawn = Draw.of(panel).sample

    assert all(values.base is None for values in (*drawn.values, *drawn.observed))


def test_panels_on_different_grids_do_not_go_together() -> None:
    with pytest.raises(ValueError, match="cannot be combined"):
        panel_of(np.ones(3)) + panel_of(np.ones(3), frequency="D")


def test_a_part_of_a_panel_is_a_panel() -> None:
    panel = panel_of(np.ones(3), np.ones(2))

    assert (part(panel, 0, 1) + part(panel, 1, 2)).ids == panel.ids
