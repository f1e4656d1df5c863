"""Trees in a state: their quantiles count as in the AutoPredictor, and records hold what they forecast."""

import numpy as np
import pytest

from stepcast.engine import online
from stepcast.engine.auto.series.history import histories_of
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.shared import Shared
from stepcast.engine.online.forecast import tables
from tests.engine.online.streams import Stream, same, seasonal, with_trees

ITEMS, SHARE = 4, 0.75


@pytest.fixture(scope="module")
def stream() -> Stream:
    return seasonal(items=ITEMS, known=240, after=40)


@pytest.fixture(scope="module")
def shared(stream: Stream) -> Shared:
    return with_trees(stream, SHARE)


def test_quantiles_are_blended_with_those_of_the_trees(stream: Stream, shared: Shared) -> None:
    state = online.start(stream.panel, stream.task, shared)
    alone = online.start(stream.panel, stream.task, shared, trees=False)
    histories = histories_of(stream.panel, shared.encoder, 12)
    assert shared.final.trees is not None
    grown = shared.final.trees.quantiles(histories, np.full(ITEMS, 240), 12)
    grown = np.ldexp(grown, np.array([history.exponent for history in histories])[:, None, None])
    items = np.arange(ITEMS)

    made = tables(state, items)

    expected = (1 - SHARE) * tables(alone, items) + SHARE * grown
    assert made.shape[-1] == len(PROBABILITIES)
    np.testing.assert_allclose(made, expected, rtol=1e-7)  # the least weight of a member is 1e-9


def test_batches_and_records_do_not_change_what_trees_add(stream: Stream, shared: Shared) -> None:
    once, stepwise = (online.start(stream.panel, stream.task, shared) for _ in range(2))
    observations = stream.observations()

    online.update(once, *observations)
    for begin in range(0, len(observations[0]), 3 * ITEMS):
        online.update(stepwise, *(column[begin : begin + 3 * ITEMS] for column in observations))
        online.put_items(stepwise, online.items_to_bytes(stepwise, np.arange(ITEMS)))

    assert same(once, stepwise)
    assert np.array_equal(online.forecast(once), online.forecast(stepwise))
