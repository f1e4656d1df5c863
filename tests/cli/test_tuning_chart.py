"""Charts of tuning: whatever came of the trials, a picture comes of them."""

from pathlib import Path

import pytest

from stepcast.cli.tuning_chart import draw_tuning
from stepcast.engine.task import Task
from stepcast.engine.tuning.study import Trial, Tuned
from stepcast.pipeline.tuned import TunedParameters
from stepcast.pipeline.tuning.table import trials_table

DEFAULT = Trial(0, {}, 0.5, "complete", 1.0, 3, "")
WORDS = Trial(1, {"error": "additive", "context_length": "50"}, 0.4, "complete", 1.0, 3, "")
MORE = Trial(2, {"error": "$x_1$", "context_length": "900"}, 0.6, "complete", 1.0, 3, "")
GIVEN_UP = Trial(3, {"error": "additive", "context_length": "60"}, None, "pruned", 0.1, 1, "")


@pytest.mark.parametrize(
    "trials",
    [
        (DEFAULT,),
        (DEFAULT, WORDS),
        (DEFAULT, WORDS, MORE, GIVEN_UP),
        (DEFAULT, GIVEN_UP),
        (Trial(0, {}, None, "failed", 1.0, 0, "nothing to score"),),
    ],
    ids=["default", "one", "all", "given up", "failed"],
)
def test_trials_of_every_state_are_drawn(tmp_path: Path, trials: tuple[Trial, ...]) -> None:
    found = Tuned(trials, {"error": 0.75, "context_length": 0.25} if len(trials) > 2 else {})
    table = trials_table(found, Task(horizon=7, algorithm="ETS"), run="r", vintage="v", predictor="p")
    chosen = TunedParameters(
        predictor="p",
        algorithm="ETS",
        parameters=dict(found.best.parameters),
        trial=found.best.number,
        trials=len(trials),
        metric="RMSE",
        value=found.best.value,
        default=trials[0].value,
        seconds=3.0,
        importances=dict(found.importances),
    )
    draw_tuning(table, chosen, tmp_path / "tuning.png")

    assert (tmp_path / "tuning.png").read_bytes().startswith(b"\x89PNG")
    assert table["best"].to_pylist().count(True) == 1
