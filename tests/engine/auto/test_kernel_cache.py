"""Kernels are compiled at set-up and in the image, and never in a run."""

import os
import subprocess
import sys
from pathlib import Path

from numba.core.dispatcher import Dispatcher

from stepcast.engine.auto import warm_up

ROOT = Path(__file__).parents[3]

# Odd and plain series of every layout that arrays come in, alone and in company.
RUNS = """
import sys
import numpy as np
from numba.core.dispatcher import Dispatcher
from stepcast.engine.auto import fit_shared, forecast, train, warm_up
from stepcast.engine.task import Task
sys.path.insert(0, ".")
from tests.engine.auto.panels import panel_of, shop
from tests.engine.auto.test_predictor import ODD

def compiled():
    return {
        (module, name): len(one.signatures)
        for module, loaded in sys.modules.items() if module.startswith("stepcast.engine.auto.")
        for name, one in vars(loaded).items() if isinstance(one, Dispatcher)
    }

warm_up()
before = compiled()
time = np.arange(2000)
loads = [10 + np.sin(time * np.pi / 12) + np.sin(time * np.pi / 84) + k * time / 1000 for k in range(3)]
fixed = loads[0].copy()
fixed.flags.writeable = False
panels = [
    panel_of(*(np.array(values) for values in ODD.values())),
    panel_of(*loads, fixed, np.stack([loads[0], loads[1]], axis=1)[:, 0], frequency="H"),
    shop(12),
]
for panel in panels:
    for task in (Task(horizon=1, outputs=("mean",)), Task(horizon=60, windows=3)):
        shared = fit_shared(panel, task)
        forecast(panel, task, train(panel, task, shared))
assert before and compiled() == before, (before, compiled())
"""


def test_arithmetic_is_exact_or_what_was_kept_on_disk_would_differ_from_what_was_just_compiled() -> None:
    warm_up()
    kernels = {
        name: kernel
        for module in [loaded for name, loaded in sys.modules.items() if name.startswith("stepcast.engine.")]
        for name, kernel in vars(module).items()
        if isinstance(kernel, Dispatcher)
    }

    assert kernels
    assert [name for name, kernel in kernels.items() if kernel.targetoptions.get("fastmath")] == []


def python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_series_needs_a_kernel_that_warming_up_did_not_compile() -> None:
    python(RUNS)


def test_what_was_compiled_beside_the_source_is_used_from_a_folder_that_can_be_written_to(
    tmp_path: Path,
) -> None:
    """As in Lambda, where the code is read-only: numba's own folders would be refused there."""
    warm_up()

    said = python(
        "from stepcast.engine.auto import warm_up; warm_up()",
        NUMBA_CACHE_DIR=str(tmp_path),
        NUMBA_CACHE_LOCATOR_CLASSES="stepcast.engine.auto.kernel_cache.SeededCache",
        NUMBA_DEBUG_CACHE="1",
    )

    assert f"data loaded from '{tmp_path}" in said
    assert "saved" not in said
