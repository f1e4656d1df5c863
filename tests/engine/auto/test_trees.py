"""Trees are worth having and can be done without."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stepcast.engine.auto.series.covariates import Covariates
from stepcast.engine.auto.series.history import history_of
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.sources.trees import features
from stepcast.engine.frequency import Frequency

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
from stepcast.engine import archive
from stepcast.engine.auto import Shared, fit_shared, forecast, train
from stepcast.engine.task import Task
from tests.engine.auto.panels import shop

panel, task = shop({series}), Task(horizon=6)
shared = archive.from_bytes(Shared, archive.to_bytes(fit_shared(panel, task)))
made = forecast(panel, task, train(panel, task, shared))
print(json.dumps({{
    "finite": bool(np.isfinite(made.values).all()),
    "notes": sorted(set(made.notes)),
    "sources": sorted({{name for word in made.explanations for name, _ in word.sources}}),
    "loaded": "lightgbm" in sys.modules,
}}))
"""


NONE, MONTH, DAY = Seasons(1, 0), Seasons(12, 0), Seasons(24, 168)


def plain(values: np.ndarray, origin: int, steps: np.ndarray, seasons: Seasons) -> list[list[float]]:
    """The columns of ``features`` from one origin, as one would write them down."""
    m, m2 = seasons.short, seasons.long
    past, size = values[:origin], max(2 * m, 12)
    window = past[-size:]
    middle = window.mean()
    scale = np.abs(window - middle).mean() + 1e-3 * abs(middle) + 1e-9

    def scaled(raw: float) -> float:
        return (raw - middle) / scale

    def back(count: int) -> float:
        return past[max(origin - 1 - count, 0)]

    own = [scaled(back(count)) for count in range(5)]
    own += [scaled(past[-length:].mean()) for length in (3, 6, 2 * size)]
    own += [np.log(scale / (abs(middle) + 1e-9)), np.log1p(origin)]
    own += [scaled(window.min()), scaled(window.max())]
    if m > 1:
        latest, earlier = scaled(past[-m:].mean()), scaled(past[-2 * m : -m].sum() / m)
        own += [scaled(back(0)) - scaled(back(m)), latest, latest - earlier]
    rows = []
    for step in steps:
        seasonal = []
        for season, most in ((m, 3), (m2, 2)):
            for cycle in range(1, most + 1) if season > 1 else ():
                place = origin + step % season - season * cycle
                seasonal.append(scaled(values[place]) if place >= 0 else np.nan)
        rows.append([step, *seasonal, *own])
    return rows


@pytest.mark.parametrize(
    ("length", "seasons", "origins"),
    [
        (1, NONE, [1]),
        (3, MONTH, [1, 2, 3]),
        (20, NONE, [1, 5, 12, 13, 20]),
        (60, MONTH, [2, 11, 12, 13, 24, 25, 36, 60]),
        (400, DAY, [1, 24, 47, 168, 200, 336, 400]),
    ],
)
def test_features_are_what_one_would_write_down(length: int, seasons: Seasons, origins: list[int]) -> None:
    """Near the beginning, too, where the windows reach before the first value."""
    draw = np.random.default_rng(5)
    history = history_of(draw.gamma(2.0, 1.0, length), 700, Frequency.parse("M"))
    steps = np.argsort(draw.random((len(origins), 30)), axis=1)

    table, _, _ = features(history, np.array(origins), seasons, steps)

    for found, origin, ahead in zip(table, origins, steps, strict=True):
        np.testing.assert_allclose(
            found, plain(history.values, origin, ahead, seasons), rtol=1e-9, atol=1e-12
        )


def test_what_equals_the_middle_of_the_window_is_zero_and_no_rounding() -> None:
    """Of zeros and their rounding the trees would make bins, and the machine would choose the splits."""
    history = history_of(np.random.default_rng(5).gamma(2.0, 1.0, 9), 700, Frequency.parse("M"))

    table, _, _ = features(history, np.arange(1, 10), NONE, np.zeros((9, 1), int))

    mean_of_all_before = table[:, 0, 1 + 5 + 2]
    assert (mean_of_all_before == 0).all()


def test_what_is_known_besides_comes_after_the_values_and_categories_last() -> None:
    values = np.arange(30.0) % 7
    alone = history_of(values, 700, Frequency.parse("M"))
    covariates = Covariates(
        ("price",), np.arange(32.0)[None], (True,), (), np.empty((32, 0)), np.array([4.0]), 2
    )
    steps = np.arange(2)[None]

    own, _, _ = features(alone, np.array([30]), NONE, steps)
    table, _, _ = features(history_of(values, 700, alone.frequency, covariates), np.array([30]), NONE, steps)

    assert (table[..., : own.shape[-1]] == own).all()
    assert table[0, :, own.shape[-1] :].tolist() == [[30, 30 - 23.5, 4], [31, 31 - 23.5, 4]]


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
        "trees were omitted because LightGBM cannot be loaded (on macOS, run brew install libomp)"
    ]


def test_many_series_grow_trees() -> None:
    found = told(20)

    assert found["loaded"]
    assert found["notes"] == [""]


def test_few_series_do_not_wait_for_lightgbm() -> None:
    assert not told(3)["loaded"]
