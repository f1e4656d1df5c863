"""Items learn from one another what is wrong with the trees, and only that."""

import numpy as np
import pytest

from stepcast.engine import online
from stepcast.engine.auto.shared import Shared
from stepcast.engine.online.correction import solve
from stepcast.engine.online.layout import PLAN
from tests.engine.online.streams import Stream, same, seasonal, with_trees

ITEMS, TOLD = (
    12,
    9,
)  # fewer values than the lead of most scored forecasts: items alone hardly learn from these


@pytest.fixture(scope="module")
def stream() -> Stream:
    """Items that begin to rise when training is over, as none did before."""
    calm = seasonal(items=ITEMS, known=240, after=40)
    rise = np.maximum(np.arange(280) - 239, 0) * 0.08
    return Stream(calm.values * (1 + rise), 240, "H", calm.task)


@pytest.fixture(scope="module")
def shared(stream: Stream) -> Shared:
    return with_trees(stream, 0.75)


def started(stream: Stream, shared: Shared) -> online.State:
    return online.start(stream.panel, stream.task, shared)


@pytest.fixture(scope="module")
def told(stream: Stream, shared: Shared) -> bytes:
    state = started(stream, shared)
    online.update(state, *stream.observations(TOLD))
    return online.to_bytes(state)


@pytest.fixture
def state(stream: Stream, shared: Shared, told: bytes) -> online.State:
    return online.from_bytes(told, stream.task, shared)


def error(stream: Stream, state: online.State) -> float:
    """Of the medians of the horizon that follows, in sizes of the items."""
    came = stream.values[:, stream.known + TOLD :][:, : stream.task.horizon]
    return float((np.abs(online.forecast(state)[..., 1] - came).mean(axis=1) / came.mean(axis=1)).mean())


def test_what_happens_to_all_items_is_learned_before_it_is_over_for_one(
    stream: Stream, state: online.State
) -> None:
    alone = error(stream, state)

    online.learn_together(state)

    assert error(stream, state) < 0.8 * alone


def test_the_order_of_items_does_not_matter(
    stream: Stream, shared: Shared, told: bytes, state: online.State
) -> None:
    backward = online.start(stream.panel.take([]), stream.task, shared)
    places = np.arange(ITEMS)
    online.put_items(backward, online.items_to_bytes(state, places)[::-1])

    online.learn_together(state)
    online.learn_together(backward)

    assert online.items_to_bytes(backward, places)[::-1] == online.items_to_bytes(state, places)


def test_records_have_what_was_learned(stream: Stream, shared: Shared, state: online.State) -> None:
    online.learn_together(state)
    other = started(stream, shared)

    online.put_items(other, online.items_to_bytes(state, np.arange(ITEMS)))

    assert same(other, state)
    assert np.array_equal(online.forecast(other), online.forecast(state))


def test_corrections_that_made_forecasts_worse_are_not_followed(state: online.State) -> None:
    lay = state.common.layout
    coefficients = slice(lay.together, lay.effect - 1)
    before = online.forecast(state)
    applied = lay.path + lay.horizon * lay.columns + lay.facts + 1  # to the latest path
    state.rows[:, applied : applied + 2] = 100.0

    online.learn_together(state)

    assert np.abs(state.rows[:, coefficients]).max() < 1e-6
    np.testing.assert_allclose(online.forecast(state), before, rtol=1e-6)


def test_an_item_of_which_the_trees_are_right_is_left_alone(stream: Stream, state: online.State) -> None:
    lay = state.common.layout
    right, grown = 3, int(state.plans[3, PLAN.index("grown")])
    steps = np.arange(int(state.plans[right, PLAN.index("length")]) - grown)
    medians = lay.path + steps * lay.columns + lay.columns // 2
    state.rows[right, lay.rings + (grown + steps) % lay.ring] = state.rows[right, medians]
    state.plans[right, PLAN.index("former")] = -1
    before = online.forecast(state)

    online.learn_together(state)

    moved = np.abs(online.forecast(state) - before).mean(axis=(1, 2)) / before.mean(axis=(1, 2))
    assert moved[right] < 0.1 * np.median(moved)


def test_without_trees_and_with_few_items_nothing_changes(stream: Stream, shared: Shared) -> None:
    alone = online.start(stream.panel, stream.task, shared, trees=False)
    few = online.start(stream.panel.take([0, 1, 2]), stream.task, shared)
    for state in (alone, few):
        items, periods, values = stream.observations(TOLD)
        inside = items < len(state)
        online.update(state, items[inside], periods[inside], values[inside])
        before = online.from_bytes(online.to_bytes(state), stream.task, shared)

        online.learn_together(state)

        assert same(before, state)


def test_an_item_that_repeats_one_value_does_not_spoil_the_others(
    stream: Stream, shared: Shared, state: online.State
) -> None:
    (flat,) = online.add(state, ["flat"], [np.zeros(60)], 1000 + TOLD)
    online.update(state, np.full(8, flat), 1000 + TOLD + 1 + np.arange(8), np.zeros(8))

    online.learn_together(state)

    assert np.isfinite(online.forecast(state)).all()


def test_equations_are_solved() -> None:
    draw = np.random.default_rng(1)
    half = draw.normal(size=(6, 6))
    products, sums = half @ half.T + np.eye(6), draw.normal(size=6)
    found = sums.copy()

    solve(np.tril(products), found)

    np.testing.assert_allclose(found, np.linalg.solve(products, sums), rtol=1e-9)
