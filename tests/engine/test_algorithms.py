import sys
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
import pytest

from stepcast import engine
from stepcast.engine import algorithms
from stepcast.engine.algorithms import ALGORITHMS, Algorithm
from stepcast.engine.models import MODELS
from stepcast.engine.neural.parameters import NEURAL
from stepcast.engine.own_model.parameters import OWN_MODELS
from stepcast.engine.sampling import Draw
from stepcast.engine.task import AUTO, Task
from stepcast.pipeline import rules
from tests.engine.given import a_panel, monthly


def test_every_model_is_listed_and_so_is_all_that_params_json_may_name() -> None:
    assert set(ALGORITHMS) == {AUTO, *MODELS, *NEURAL, *OWN_MODELS}
    assert set(rules.ALGORITHMS) < set(ALGORITHMS)


@pytest.mark.parametrize("name", [AUTO, "NPTS", "SeasonalNaive"])
def test_one_door_leads_to_all_of_them(name: str) -> None:
    panel, task = a_panel(monthly(60), monthly(48, seed=1)), Task(horizon=3, algorithm=name)

    shared = engine.fit_shared(Draw.of(panel), task)
    made = engine.forecast(panel, task, engine.train(panel, task, shared))

    assert made.models == (name, name)
    assert made.values.shape == (2, 3, 3)
    assert bool(shared) == ALGORITHMS[name].learns_jointly


def test_a_further_algorithm_is_a_module_and_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    naive, further = Task(horizon=2, algorithm="SeasonalNaive"), ModuleType("further")
    vars(further).update(
        fit_shared=lambda draw, _: str(draw.series).encode(),
        train=lambda panel, _, shared: (engine.train(panel, naive), shared),
        forecast=lambda panel, _, trained: engine.forecast(panel, naive, trained[0]),
    )
    monkeypatch.setitem(sys.modules, "further", further)
    listed = {**ALGORITHMS, "Further": Algorithm("Further", "further", learns_jointly=True)}
    monkeypatch.setattr(algorithms, "ALGORITHMS", MappingProxyType(listed))
    panel, task = a_panel(monthly(30)), Task(horizon=2, algorithm="Further")

    trained: Any = engine.train(panel, task, engine.fit_shared(Draw.of(panel), task))

    assert trained[1] == b"1"
    assert np.isfinite(engine.forecast(panel, task, trained).values).all()
