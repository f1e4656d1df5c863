"""Trees are worth having and can be done without."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]

SCRIPT = """
import json, sys
import numpy as np

class Broken:
    def find_spec(self, name, path=None, target=None):
        if name == "lightgbm":
            raise {error}

if {broken}:
    sys.meta_path.insert(0, Broken())
sys.path.insert(0, ".")
from stepcast.engine.auto import Shared, fit_shared, forecast, train
from stepcast.engine.task import Task
from tests.engine.auto.panels import shop

panel, task = shop({series}), Task(horizon=6)
shared = Shared.from_bytes(fit_shared(panel, task).to_bytes())
made = forecast(panel, task, train(panel, task, shared))
print(json.dumps({{
    "finite": bool(np.isfinite(made.values).all()),
    "notes": sorted(set(made.notes)),
    "sources": sorted({{name for word in made.explanations for name, _ in word.sources}}),
    "loaded": "lightgbm" in sys.modules,
}}))
"""


def told(series: int, error: str | None = None) -> dict[str, Any]:
    """Of a forecast in a fresh interpreter, in which importing lightgbm raises ``error``."""
    script = SCRIPT.format(series=series, broken=error is not None, error=error or "ImportError")
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


@pytest.mark.parametrize(
    "error", ["OSError('dlopen: Library not loaded: libomp.dylib')", "ModuleNotFoundError('lightgbm')"]
)
def test_without_lightgbm_everything_is_forecast_and_every_note_says_so(error: str) -> None:
    found = told(12, error)

    assert found["finite"]
    assert "trees" not in found["sources"]
    assert found["notes"] == [
        "trees were left out: LightGBM cannot be loaded (on macOS, brew install libomp helps)"
    ]


def test_many_series_grow_trees() -> None:
    found = told(20)

    assert found["loaded"]
    assert found["notes"] == [""]


def test_few_series_do_not_wait_for_lightgbm() -> None:
    assert not told(3)["loaded"]
