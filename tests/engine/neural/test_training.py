"""Which epoch's weights are kept."""

from typing import Any

import numpy as np
import pytest

from stepcast.engine.neural import training
from stepcast.engine.neural.training import Origins, Schedule, Span, fit
from stepcast.engine.neural.windows import Columns

ONE = np.array([0])


@pytest.mark.parametrize(("least", "kept"), [(1, 1), (3, 3)])
def test_the_best_epoch_is_kept_but_none_before_the_least(
    least: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights are the epoch's number here, and what is held back gets worse from the first one on."""

    def epoch(carry: Any, *_: Any) -> Any:
        later = {"number": np.asarray(carry[1]["number"]) + 1}
        return (later, later, carry[2]), 0.0

    def judge(weights: Any, _columns: Any, rows: Any, _origins: Any) -> Any:
        return np.full(len(rows), weights["number"][0])

    monkeypatch.setattr(training, "_compiled", lambda _: (epoch, judge, lambda _: None))
    numbers = np.zeros((1, 4))
    columns = Columns(numbers, numbers == 0, ONE, numbers.T, numbers[..., None], ONE, ONE[:, None])
    schedule = Schedule(epochs=20, batches=1, batch=1, rate=0.1, patience=4)
    heard: list[int] = []

    found, number = fit(
        None,  # type: ignore[arg-type]  # nothing asks it
        {"number": np.zeros(1)},
        columns,
        Span(ONE, ONE, ONE + 1),
        schedule,
        0,
        Origins(ONE, ONE),
        lambda number, *_: heard.append(number),
        least=least,
    )

    assert number == found["number"] == kept
    assert heard[-1] == kept + schedule.patience
