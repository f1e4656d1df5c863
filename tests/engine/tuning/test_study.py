"""Tuning: the same trials for the same seed, whatever interrupts them, and never worse than the default."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from stepcast.engine.panel import Panel
from stepcast.engine.task import Task
from stepcast.engine.tuning.ranges import Choices, Numbers, default_ranges
from stepcast.engine.tuning.settings import SamplerName, TuningSettings
from stepcast.engine.tuning.study import Trial, Tuned, tune
from tests.engine.given import a_panel

TASK = Task(horizon=7, algorithm="NPTS", windows=2)
RANGES = default_ranges("NPTS", 7, related=False, metadata=False)
WEIGHT = Numbers("exp_kernel_weights", 0.001, 1.0, whole=False)


class StoppedError(Exception):
    pass


@dataclass
class Kept:
    """A journal that outlives the study."""

    parts: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def read(self) -> list[dict[str, Any]]:
        return [record for number in sorted(self.parts) for record in self.parts[number]]

    def add(self, number: int, records: list[dict[str, Any]]) -> None:
        self.parts[number] = records


def panel(series: int = 6, length: int = 140) -> Panel:
    """Days with a week, a trend and noise."""
    noise, days = np.random.default_rng(0), np.arange(length)
    wave = 10 * np.sin(2 * np.pi * days / 7) + 0.1 * days
    return a_panel(
        *(50 + 10 * one + wave + noise.normal(scale=4, size=length) for one in range(series)), frequency="D"
    )


def alike(tuned: Tuned) -> list[Trial]:
    """The trials without the time they took."""
    return [replace(one, seconds=0.0) for one in tuned.trials]


@pytest.mark.parametrize("sampler", ["TPE", "random", "grid", "QMC"])
def test_a_study_that_is_interrupted_makes_the_trials_of_one_that_is_not(sampler: SamplerName) -> None:
    settings, journal = TuningSettings(trials=12, sampler=sampler, seed=5), Kept()
    begun = 0

    def stop() -> None:
        nonlocal begun
        begun += 1
        if begun % 3 == 0:
            raise StoppedError

    found = None
    while found is None:
        try:
            found = tune(panel(), TASK, RANGES, settings, journal, before_each=stop)
        except StoppedError:
            continue

    assert alike(found) == alike(tune(panel(), TASK, RANGES, settings))
    assert begun > len(found.trials)
    assert sorted(journal.parts) == [one.number for one in found.trials]
    other = tune(panel(), TASK, RANGES, replace(settings, seed=6))
    assert [one.parameters for one in other.trials] != [one.parameters for one in found.trials]


def test_the_default_is_the_first_trial_and_stays_where_none_is_better() -> None:
    worse = (Choices("use_seasonal_model", ("false",)),)
    found = tune(panel(), TASK, worse, TuningSettings(trials=3, prune=False))

    assert found.trials[0].parameters == {}
    assert found.best.number == 0
    assert found.trials[1].value is not None
    assert found.trials[1].value > (found.best.value or 0)


@pytest.mark.parametrize("metric", ["AverageWeightedQuantileLoss", "RMSE"])
def test_the_best_is_no_worse_than_the_default(metric: Any) -> None:
    found = tune(panel(), replace(TASK, metric=metric), RANGES, TuningSettings(trials=20))

    values = [one.value for one in found.trials if one.value is not None]
    assert found.best.value == min(values) < values[0]
    assert sum(found.importances.values()) == pytest.approx(1 if found.importances else 0)


def test_what_lies_behind_the_first_window_changes_no_trial() -> None:
    """The later windows may judge what was chosen: nothing of them was seen."""
    one = panel()
    changed = tuple(values.copy() for values in one.values)
    for values in changed:
        values[-7:] *= 3
    settings = TuningSettings(trials=5)

    assert alike(tune(replace(one, values=changed), TASK, RANGES, settings)) == alike(
        tune(one, TASK, RANGES, settings)
    )


def test_a_grid_has_each_combination_once() -> None:
    ranges = (Choices("kernel_type", ("exponential", "uniform")), WEIGHT)
    found = tune(panel(), TASK, ranges, TuningSettings(trials=9, sampler="grid", prune=False))

    drawn = [tuple(one.parameters.values()) for one in found.trials[1:]]
    assert len(drawn) == len(set(drawn)) == 8
    assert {weight for _, weight in drawn} == {"0.001", "0.01", "0.1", "1.0"}


def test_a_small_grid_ends_before_its_trials_are_used_up() -> None:
    ranges = (Choices("kernel_type", ("exponential", "uniform")),)
    found = tune(panel(), TASK, ranges, TuningSettings(trials=9, sampler="grid"))

    assert len(found.trials) == 3


@pytest.mark.parametrize("scaling", ["Linear", "Logarithmic", "ReverseLogarithmic"])
def test_numbers_are_drawn_on_their_scale(scaling: Any) -> None:
    ranges = (Numbers("exp_kernel_weights", 0.001, 0.999, whole=False, scaling=scaling),)
    settings = TuningSettings(trials=33, sampler="QMC", prune=False)
    drawn = [
        float(one.parameters["exp_kernel_weights"])
        for one in tune(panel(2), TASK, ranges, settings).trials[1:]
    ]

    assert all(0.001 <= value <= 0.999 for value in drawn)
    below = np.mean(np.array(drawn) < 0.5)
    assert below == pytest.approx(
        {"Linear": 0.5, "Logarithmic": 0.9, "ReverseLogarithmic": 0.1}[scaling], abs=0.07
    )


def test_a_trial_that_cannot_be_made_is_noted_and_others_go_on() -> None:
    ranges = (Numbers("exp_kernel_weights", -1.0, 1.0, whole=False),)
    found = tune(panel(), TASK, ranges, TuningSettings(trials=8, sampler="random"))

    failed = [one for one in found.trials if one.state == "failed"]
    assert failed
    assert all("write a number above 0" in one.note for one in failed)
    assert len(found.trials) == 8


def test_trials_that_are_clearly_worse_end_early() -> None:
    ranges = (Choices("use_seasonal_model", ("false",)),)
    found = tune(panel(20), TASK, ranges, TuningSettings(trials=2))

    assert [one.state for one in found.trials] == ["complete", "pruned"]
    assert found.trials[1].value is None
    assert found.trials[1].steps < found.trials[0].steps == 20


def test_parameters_that_were_tried_are_not_tried_again() -> None:
    ranges = (Choices("kernel_type", ("uniform",)),)
    found = tune(panel(), TASK, ranges, TuningSettings(trials=3, prune=False))

    assert [one.note for one in found.trials] == ["", "", "as trial 1"]
    assert found.trials[2].value == found.trials[1].value


def test_a_budget_ends_the_study() -> None:
    found = tune(panel(), TASK, RANGES, TuningSettings(trials=20, seconds=1e-9))

    assert [one.parameters for one in found.trials] == [{}]


def test_where_nothing_can_be_scored_the_default_stays() -> None:
    found = tune(panel(length=14), TASK, RANGES, TuningSettings(trials=5))

    (only,) = found.trials
    assert (only.state, only.value) == ("failed", None)
    assert "no observed value" in only.note
    assert found.best is only


@pytest.mark.parametrize("algorithm", ["ETS", "ARIMA"])
def test_models_of_single_series_are_tuned_over_their_own_ranges(algorithm: str) -> None:
    task = replace(TASK, algorithm=algorithm)
    ranges = default_ranges(algorithm, 7, related=False, metadata=False)
    found = tune(panel(2, 60), task, ranges, TuningSettings(trials=4, sampler="random"))

    assert [one.state for one in found.trials] == 4 * ["complete"]
    assert len({one.value for one in found.trials}) > 1
