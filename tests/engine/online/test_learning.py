"""With each outcome the state learns: which members to trust, how wide to be, that something has changed."""

import numpy as np
import pytest

from stepcast.engine import online
from stepcast.engine.auto import panel_fit
from stepcast.engine.losses import pinball_loss
from stepcast.engine.online.layout import CHANGES, HEAD, PLAN, RATES
from stepcast.engine.online.observing import _stretch, weigh
from stepcast.engine.task import Task
from tests.engine.online.streams import END, Stream, seasonal


def losses(stream: Stream, learn: bool, since: int = 0) -> tuple[float, float]:
    """Mean pinball loss over forecasts of 12 hours, a new one every 6, and the share of outcomes between the
    outer quantiles, both from ``since`` hours after the start on."""
    state = stream.start()
    items, periods, values = stream.observations()
    width, total, inside, count = len(state), 0.0, 0, 0
    after = stream.values[:, stream.known :]
    for begin in range(0, after.shape[1] - 12, 6):
        forecast, actual = online.forecast(state), after[:, begin : begin + 12]
        if begin >= since:
            for column, quantile in enumerate((0.1, 0.5, 0.9)):
                total += float(pinball_loss(actual - forecast[..., column], quantile).mean())
            inside += int(((actual >= forecast[..., 0]) & (actual <= forecast[..., 2])).sum())
            count += actual.size
        now = slice(begin * width, (begin + 6) * width)
        online.update(state, items[now], periods[now], values[now], learn=learn)
    return total, inside / count


def changed(stream: Stream, change: np.ndarray) -> Stream:
    values = stream.values.copy()
    values[:, stream.known :] = change
    return Stream(values, stream.known, stream.frequency, stream.task)


def test_learning_helps_once_the_season_is_gone() -> None:
    stream = seasonal(items=6, known=480, after=300)
    level = np.cumsum(np.random.default_rng(3).normal(0, 1, (6, 300)), axis=1)
    walk = changed(stream, stream.values[:, 479:480] * (1 + level / 20))

    learned, held = losses(walk, True)[0], losses(walk, False)[0]

    assert learned < 0.95 * held


def test_learning_does_no_harm_while_nothing_changes() -> None:
    stream = seasonal(items=6, known=480, after=300)

    learned, held = losses(stream, True)[0], losses(stream, False)[0]

    assert learned < 1.02 * held


@pytest.mark.parametrize("logs", [0.0, 0.5, 1.0])
def test_a_wave_that_the_history_does_not_show_is_followed(
    logs: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel_fit, "_share_of_logs", lambda _: logs)  # whatever the history tells
    time = np.arange(220)
    noise = 1 + np.random.default_rng(2).normal(0, 0.03, (4, 220))
    daily = 50 / np.cosh((time - np.array([[140], [150], [160], [170]])) / 14) ** 2 + 0.5
    wave = Stream(np.cumsum(daily * noise, axis=1), 110, "D", Task(horizon=12))

    learned, held = losses(wave, True)[0], losses(wave, False)[0]

    assert learned < 0.97 * held


def test_weights_stay_while_losses_do_whatever_the_exponent_and_in_a_drift() -> None:
    state = seasonal(known=480, after=0).start()
    layout, plan, row = state.common.layout, state.plans[0], state.rows[0]
    weights = slice(layout.weights, layout.weights + 3 * layout.most)
    before = row[weights].copy()

    for exponent, drift in ((0.0, -1), (4.0, -1), (4.0, END)):
        row[RATES], plan[PLAN.index("drift")] = exponent, drift
        for bucket in range(3):
            weigh(plan, row, layout, bucket)

        assert before[0] > 0
        assert np.allclose(row[weights], before, atol=1e-6)


def test_changes_are_stretched_as_far_as_that_would_have_helped() -> None:
    row = np.zeros(HEAD)
    forecast, came, error, count = 10.0, 16.0, 36.0, 1.0  # changes of 10 were forecast, of 16 came
    facts = [forecast * forecast, forecast * came, error, count]
    helped, silent, harmed = row.copy(), row.copy(), row.copy()
    helped[CHANGES : CHANGES + 18] = 3 * [*facts, 6.0, 4.0]  # mean errors, without and with stretching
    harmed[CHANGES : CHANGES + 18] = 3 * [*facts, 6.0, 9.0]

    stretch, share = _stretch(helped, 1)

    assert 1.1 < stretch < 1.6
    assert share > 0.8
    assert _stretch(harmed, 1)[1] < 0.1
    assert _stretch(silent, 1) == (1.0, 0.0)


def test_coverage_is_kept_when_noise_grows() -> None:
    stream = seasonal(items=6, known=480, after=600)
    noise = np.random.default_rng(1).normal(0, 1, (6, 600))
    after = stream.values[:, 480:] + noise * 2 * stream.values[:, :480].std(axis=1, keepdims=True)
    noisy = changed(stream, after)

    learned, held = losses(noisy, True, since=200)[1], losses(noisy, False, since=200)[1]

    assert held < 0.6  # of the 0.8 that are promised
    assert 0.72 < learned < 0.9


def test_a_changed_level_is_a_drift_since_it_changed_and_noise_is_none() -> None:
    stream = seasonal(items=8, known=480, after=200)
    values = stream.values.copy()
    spread = stream.values[:, :480].std(axis=1)
    rise = np.arange(1, 121) * spread[0] * 0.6  # faster than any member follows
    values[0, 560:] += rise
    drifting = Stream(values, 480, "H", stream.task)
    state = drifting.start()

    outcome = online.update(state, *drifting.observations(), learn=False)

    last = outcome.drift.reshape(200, 8)[-1]
    since = int(last[0]) - (END + 1)
    assert 60 <= since <= 100
    assert (last[1:] == -1).all()


def test_errors_are_standardized_and_probabilities_uniform() -> None:
    stream = seasonal(items=20, known=480, after=100)
    state = stream.start()

    outcome = online.update(state, *stream.observations())

    assert 0.8 < outcome.error.std() < 1.25
    assert abs(outcome.error.mean()) < 0.15
    assert abs(outcome.pit.mean() - 0.5) < 0.05
    assert 0.7 < ((outcome.pit > 0.1) & (outcome.pit < 0.9)).mean() < 0.9
