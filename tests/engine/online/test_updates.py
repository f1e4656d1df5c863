"""Observations of an item in their order make its state; how they were batched does not matter."""

import numpy as np
import pytest

from stepcast.engine import online
from stepcast.engine.online.layout import leads_of
from stepcast.engine.online.thirds import thirds_of
from tests.engine.online.streams import END, Stream, same, seasonal


@pytest.fixture(scope="module")
def stream() -> Stream:
    return seasonal()


@pytest.fixture(scope="module")
def told(stream: Stream) -> online.State:
    """A state that was told of everything at once."""
    state = stream.start()
    online.update(state, *stream.observations())
    return state


@pytest.mark.parametrize("size", [1, 7, 50])
def test_batches_of_any_size_give_the_same_state(stream: Stream, told: online.State, size: int) -> None:
    state, observations = stream.start(), stream.observations()

    for begin in range(0, len(observations[0]), size):
        online.update(state, *(column[begin : begin + size] for column in observations))

    assert same(state, told)


def test_items_do_not_depend_on_one_another(stream: Stream, told: online.State) -> None:
    items, periods, values = stream.observations()
    order = np.argsort(items, kind="stable")  # item by item instead of period by period
    state = stream.start()

    online.update(state, items[order], periods[order], values[order])

    assert same(state, told)


def test_a_state_goes_on_from_its_records(stream: Stream, told: online.State) -> None:
    items, periods, values = stream.observations()
    half = len(items) // 2
    before, after = stream.start(), stream.start()
    online.update(before, items[:half], periods[:half], values[:half])

    places = online.put_items(after, online.items_to_bytes(before, np.arange(len(before))))
    online.update(after, items[half:], periods[half:], values[half:])

    assert places.tolist() == list(range(len(before)))
    assert same(after, told)


def test_an_observation_of_a_period_that_is_over_changes_nothing(stream: Stream) -> None:
    state, untouched = stream.start(), stream.start()

    outcome = online.update(state, np.array([0, 1]), np.array([END, END - 5]), np.array([9.0, 9.0]))

    assert outcome.late.all()
    assert np.isnan(outcome.error).all()
    assert same(state, untouched)


@pytest.mark.parametrize("horizon", [1, 2, 5, 7, 10, 13, 27, 28, 48, 365, 500])
def test_scored_forecasts_lie_inside_the_horizon_one_in_each_third(horizon: int) -> None:
    leads = leads_of(horizon)

    assert (leads[:, 0] == leads[:, 1] * leads[:, 2]).all()
    assert (leads[:, 0] <= horizon).all()
    if horizon >= 5:
        assert thirds_of(horizon)[leads[:, 0] - 1].tolist() == [0, 1, 2]
