import subprocess
import sys

import pytest


def loaded_by(module: str) -> set[str]:
    """The top-level packages that a fresh interpreter has after importing ``module``."""
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_frequency_needs_no_numpy() -> None:
    """The light functions read params.json, and start without the engine's packages."""
    assert "numpy" not in loaded_by("stepcast.engine.frequency")
    assert "numpy" not in loaded_by("stepcast.pipeline.read_params")


@pytest.mark.parametrize(
    "module", ["stepcast.engine.models.local", "stepcast.engine.results", "stepcast.engine.accuracy"]
)
def test_the_predictor_needs_numpy_only(module: str) -> None:
    """Statsmodels takes a second: it is imported by the models that use it, when they are used."""
    assert not loaded_by(module) & {"statsmodels", "scipy", "pandas", "boto3", "pyarrow", "pydantic", "numba"}


def test_the_autopredictor_waits_for_lightgbm_until_trees_are_grown() -> None:
    assert "lightgbm" not in loaded_by("stepcast.engine.auto")


@pytest.mark.parametrize("step", ["import_data", "export", "update_athena"])
def test_a_step_that_forecasts_nothing_needs_no_compiler(step: str) -> None:
    """Numba takes most of a second, too."""
    assert not loaded_by(f"stepcast.pipeline.steps.{step}") & {"numba", "lightgbm", "statsmodels"}


def test_drift_is_found_without_the_distributions_of_scipy() -> None:
    """They take most of a second, and every run looks for drift."""
    code = "import sys, stepcast.pipeline.steps.monitor_drift; print('scipy.stats' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
