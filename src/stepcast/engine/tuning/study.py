"""The study: trials one after another, with parameters that Optuna draws from what came of earlier ones."""

import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.pruners import BasePruner, HyperbandPruner, WilcoxonPruner
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from stepcast.engine.errors import ForecastingError
from stepcast.engine.neural.parameters import NEURAL, settings_of
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task
from stepcast.engine.tuning.attempt import attempt, epochs_watched, sample_for
from stepcast.engine.tuning.journal import Journal, NoJournal, Records
from stepcast.engine.tuning.ranges import Choices, Range
from stepcast.engine.tuning.settings import TuningSettings

__all__ = ["Progress", "Trial", "Tuned", "tune"]

NAME = "tuning"  # Hyperband shares trials out by it: it must stay
STARTUP = 3  # TPE draws the first one in so many trials at random
WORSE = 0.05  # p-value of Wilcoxon's test below which a trial is given up
FIRST_PARTS = 5  # before which it is not
State = Literal["complete", "pruned", "failed"]


@dataclass(frozen=True)
class Trial:
    """``parameters`` in addition to the task's own; none is the default, trial 0.

    ``value``    of the metric on the tuning window, the less the better; None unless complete.
    ``seconds``  of CPU.
    ``steps``    epochs of a network, parts of the series otherwise, after which it was last judged.
    ``note``     why it failed, or which trial had the same parameters; "" otherwise.
    """

    number: int
    parameters: Mapping[str, str]
    value: float | None
    state: State
    seconds: float
    steps: int
    note: str


@dataclass(frozen=True)
class Tuned:
    """``importances`` of the parameters, adding up to one; empty where the trials cannot tell."""

    trials: tuple[Trial, ...]
    importances: Mapping[str, float]

    @property
    def best(self) -> Trial:
        """The default where none was better."""
        return best_of(self.trials)


@dataclass(frozen=True)
class Progress:
    """After ``trial``, of at most ``trials``."""

    trial: Trial
    trials: int
    best: Trial


def best_of(trials: tuple[Trial, ...]) -> Trial:
    return min(trials, key=lambda one: (math.inf if one.value is None else one.value, one.number))


class _GivenUpError(Exception):
    """The trial is clearly worse than others."""


def tune(
    panel: Panel,
    task: Task,
    ranges: tuple[Range, ...],
    settings: TuningSettings,
    journal: Journal | None = None,
    *,
    before_each: Callable[[], None] = lambda: None,
    heard: Callable[[Progress], None] = lambda _: None,
) -> Tuned:
    """Try parameters of ``ranges`` on the first window in time of ``task``, and first the task as it is.

    The same panel, task, ranges and settings make the same trials, however often the study is interrupted and
    resumed from its ``journal``; only how many of them fit a limit in seconds differs. ``before_each`` is
    called before each trial, and what it raises ends the study. Where nothing can be scored, the default is
    all that is tried.

    Raises ForecastingError where the default cannot be trained.
    """
    with _quiet():
        study = _Study(sample_for(panel, task.algorithm), task, ranges, settings, journal or NoJournal())
        while study.goes_on():
            before_each()
            heard(study.next())
        return Tuned(study.trials(), study.importances())


class _Study:
    def __init__(
        self, panel: Panel, task: Task, ranges: tuple[Range, ...], settings: TuningSettings, journal: Journal
    ) -> None:
        self._task, self._settings = task, settings
        self._try = attempt(panel, task)
        self._ranges = {one.name: one for one in ranges}
        self._distributions = {one.name: self._distribution(one) for one in ranges}
        self._grid = self._points() if settings.sampler == "grid" else []
        self._most = min(settings.trials, 1 + len(self._grid)) if self._grid else settings.trials
        self._records = Records(journal)
        self._study = optuna.create_study(
            study_name=NAME,
            storage=optuna.storages.JournalStorage(self._records),
            pruner=self._pruner(),
            load_if_exists=True,
        )

    def goes_on(self) -> bool:
        made = self.trials()
        if not made:
            return True
        limit = self._settings.seconds
        spent = sum(one.seconds for one in made)
        return made[0].state == "complete" and len(made) < self._most and (limit is None or spent < limit)

    def next(self) -> Progress:
        """Make a trial and keep it."""
        made = self.trials()
        number = len(made)
        self._study.sampler = self._sampler(number)
        if number and self._grid:
            self._study.enqueue_trial(self._grid[number - 1])
        trial = self._study.ask(self._distributions if number else None)
        parameters = {name: self._text(name, value) for name, value in trial.params.items()}
        trial.set_user_attr("parameters", parameters)
        began = time.process_time()
        state, value, note = self._outcome(trial, parameters, made)
        trial.set_user_attr("seconds", time.process_time() - began)
        trial.set_user_attr("note", note)
        if value is not None:
            self._study.tell(trial, value)
        else:
            self._study.tell(trial, state=TrialState.FAIL if state == "failed" else TrialState.PRUNED)
        self._records.keep(number)
        made = self.trials()
        return Progress(made[-1], self._most, best_of(made))

    def _outcome(
        self, trial: optuna.Trial, parameters: Mapping[str, str], made: tuple[Trial, ...]
    ) -> tuple[State, float | None, str]:
        """State, metric and note."""
        default = trial.number == 0
        for one in made[1:]:
            if one.parameters == parameters and one.state != "failed":
                for step, seen in self._study.trials[one.number].intermediate_values.items():
                    trial.report(seen, step)
                return one.state, one.value, f"as trial {one.number}"

        def watch(step: int, value: float) -> None:
            trial.report(value, step)
            # The default takes part in what later ones are compared with, but is never given up itself.
            if trial.should_prune() and self._settings.prune and not default:
                raise _GivenUpError

        try:
            value = self._try(parameters, watch)
        except _GivenUpError:
            return "pruned", None, ""
        except ForecastingError as error:
            if default:
                raise
            return "failed", None, str(error)
        if not math.isfinite(value):
            return "failed", None, "no observed value lies both before and in the tuning window"
        return "complete", value, ""

    def trials(self) -> tuple[Trial, ...]:
        words: dict[str, State] = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
        return tuple(
            Trial(
                number=one.number,
                parameters=one.user_attrs["parameters"],
                value=one.value if one.state.name == "COMPLETE" else None,
                state=words[one.state.name],
                seconds=one.user_attrs["seconds"],
                steps=one.last_step or 0,
                note=one.user_attrs["note"],
            )
            for one in self._study.get_trials(deepcopy=False)
        )

    def importances(self) -> dict[str, float]:
        values = {one.value for one in self.trials()[1:] if one.value is not None}
        if len(values) < 2:
            return {}
        drawn = optuna.create_study()  # without the default, which has no parameters
        drawn.add_trials(self._study.get_trials(deepcopy=False)[1:])
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # that the trials are too few, or too much alike
            try:
                return dict(optuna.importance.get_param_importances(drawn))
            except UserWarning:
                return {}

    def _text(self, name: str, value: Any) -> str:
        of = self._ranges[name]
        if isinstance(of, Choices):
            return str(value)
        return of.text(1 - value if of.scale == "ReverseLogarithmic" else value)

    def _distribution(self, of: Range) -> BaseDistribution:
        if isinstance(of, Choices):
            return CategoricalDistribution(of.values)
        if of.whole:
            return IntDistribution(int(of.low), int(of.high), log=of.scale == "Logarithmic")
        if of.scale == "ReverseLogarithmic":  # what is drawn is its distance from 1
            return FloatDistribution(1 - of.high, 1 - of.low, log=True)
        return FloatDistribution(of.low, of.high, log=of.scale == "Logarithmic")

    def _points(self) -> list[dict[str, Any]]:
        """The grid in an order that is random and the same for the same seed.

        Numbers have as many values as make no more points than there are trials, two at least.
        """
        levels = 2
        while self._count(levels + 1) < self._settings.trials and levels < self._settings.trials:
            levels += 1
        axes = {name: self._levels(one, levels) for name, one in self._distributions.items()}
        points = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
        order = np.random.default_rng(self._settings.seed).permutation(len(points))
        return [points[place] for place in order]

    def _count(self, levels: int) -> int:
        return math.prod(len(self._levels(one, levels)) for one in self._distributions.values())

    def _levels(self, of: Any, count: int) -> list[Any]:
        if isinstance(of, CategoricalDistribution):
            return list(of.choices)
        space = np.geomspace if of.log else np.linspace
        values = np.clip(space(of.low, of.high, count), of.low, of.high)
        if isinstance(of, IntDistribution):
            return sorted({round(value) for value in values.tolist()})
        return sorted(set(values.tolist()))

    def _sampler(self, number: int) -> BaseSampler:
        """A new one for each trial, seeded by its number: a study that is resumed draws the same."""
        seed = self._settings.seed
        own = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
        if number == 0 or self._settings.sampler in ("random", "grid"):
            return RandomSampler(own)
        if self._settings.sampler == "QMC":
            return _Qmc(self._distributions, seed)
        startup = min(10, self._settings.trials // STARTUP)
        return TPESampler(multivariate=True, group=True, n_startup_trials=startup, seed=own)

    def _pruner(self) -> BasePruner:
        if self._task.algorithm not in NEURAL:
            return WilcoxonPruner(p_threshold=WORSE, n_startup_steps=FIRST_PARTS)
        task = self._task
        epochs = int(settings_of(task.algorithm, task.parameters, task.horizon)["epochs"])
        least, reduction, watched = epochs_watched(epochs)
        return HyperbandPruner(least, watched[-1], reduction)


class _Qmc(QMCSampler):
    """Over all parameters: the first trial, from which it would read them, has none."""

    def __init__(self, distributions: Mapping[str, BaseDistribution], seed: int) -> None:
        super().__init__(scramble=True, seed=seed, warn_independent_sampling=False)
        self._drawn = {name: one for name, one in distributions.items() if not one.single()}

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, BaseDistribution]:  # noqa: ARG002
        return self._drawn


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what Optuna says to those who call it: that samplers and pruners may change, and each trial."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield
