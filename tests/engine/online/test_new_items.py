"""Items that come later, and predictors that do."""

import numpy as np
import pytest

from stepcast.engine import online
from stepcast.engine.auto.series.history import LONGEST
from tests.engine.online.streams import END, Stream, panel_of, same, seasonal


@pytest.fixture(scope="module")
def stream() -> Stream:
    return seasonal(items=6, known=240, after=120)


def test_a_new_item_is_like_a_typical_one_until_it_is_known(stream: Stream) -> None:
    state = stream.start()
    (new,) = online.add(state, ["new"])
    levels = stream.values[:, :240].mean(axis=1)

    unknown = online.forecast(state, np.array([new]))[0]
    online.update(state, np.array([new]), np.array([END + 1]), np.array([1000.0]))
    known = online.forecast(state, np.array([new]))[0]

    assert (unknown[:, 1] > levels.min()).all()
    assert (unknown[:, 1] < levels.max()).all()
    assert (known[:, 0] < 1000).all()
    assert (known[:, 2] > 1000).all()


def test_a_new_item_learns_its_season_and_ends_like_one_that_was_always_there(stream: Stream) -> None:
    state, values = stream.start(), stream.values[2]
    (new,) = online.add(state, ["new"])
    periods = END - 240 + 1 + np.arange(360)

    online.update(state, np.full(240, new), periods[:240], values[:240])
    online.update(state, np.full(120, 2), periods[240:], values[240:])
    online.update(state, np.full(120, new), periods[240:], values[240:])

    old, late = online.forecast(state, np.array([2, new]))
    spread = values.std()
    assert np.abs(old[:, 1] - late[:, 1]).mean() < 0.25 * spread


def test_a_new_item_does_not_depend_on_how_it_was_told_of(stream: Stream) -> None:
    once, stepwise = stream.start(), stream.start()
    values, periods = stream.values[1, :80], END + 1 + np.arange(80)
    for state in (once, stepwise):
        online.add(state, ["new"])

    online.update(once, np.full(80, 6), periods, values)
    for period, value in zip(periods, values, strict=True):
        online.update(stepwise, np.array([6]), np.array([period]), np.array([value]))
        online.put_items(stepwise, online.items_to_bytes(stepwise, np.array([6])))

    assert same(once, stepwise)


def test_an_item_that_comes_back_after_a_very_long_gap_is_started(stream: Stream) -> None:
    """All that is known of it lies in the part that learning rates would be chosen on."""
    values = np.full((1, LONGEST + 1000), np.nan)
    values[0, 0], values[0, -200:] = 5.0, stream.values[0, :200]

    state = online.start(panel_of(values, END, "H"), stream.task, stream.shared)

    assert np.abs(online.forecast(state)[0, :, 1] - values[0, -200:].mean()).max() < values[0, -200:].mean()


def test_an_item_is_added_once(stream: Stream) -> None:
    with pytest.raises(ValueError, match="'item-1' is there already"):
        online.add(stream.start(), ["new", "item-1"])


def test_a_newer_predictor_carries_on_where_the_old_one_is(stream: Stream) -> None:
    state = stream.start()
    items, periods, values = stream.observations()
    online.update(state, items, periods, values)
    online.add(state, ["late"], [np.array([5.0, 6.0, 5.5])], END + 120)
    until = 80  # what the newer one was trained on
    panel = panel_of(stream.values[:, : 240 + until], END + until, "H")
    newer = Stream(stream.values, 240 + until, "H", stream.task)
    expected = online.start(panel, stream.task, newer.shared)
    rest = slice(until * 6, None)
    online.update(expected, items[rest], periods[rest], values[rest])

    made = online.take_over(state, online.start(panel, stream.task, newer.shared))

    assert made.ids == [*state.ids]
    assert np.array_equal(online.forecast(made, np.arange(6)), online.forecast(expected))
    assert np.isfinite(online.forecast(made)).all()
