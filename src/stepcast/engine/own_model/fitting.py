"""From a model's file and a sample to what the shards forecast with."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Floats, Integers
from stepcast.engine.auto.series.covariates import fit_encoder
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.errors import ImpossibleTask, UnusableModel
from stepcast.engine.neural.grid import Grid, grid_of
from stepcast.engine.neural.progress import Epoch, report
from stepcast.engine.own_model.examples import (
    Examples,
    Scaling,
    examples_of,
    typical_units,
    units_of,
    widths,
)
from stepcast.engine.own_model.learned import Learned, usual_change
from stepcast.engine.own_model.parameters import settings_of
from stepcast.engine.own_model.runtime import Predict, Runtime, Signature, Trainer, runtime_of
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task
from stepcast.engine.training_parameters import AUTOMATIC, Settings

__all__ = ["learn"]

EPOCHS = 100
PATIENCE = 12  # epochs without anything better
FINISH = 0.25  # of the epochs: what was held back is learned so
FEWEST = 32  # windows: with fewer there is nothing to learn from
MOST_NUMBERS = 10_000_000  # in the windows together: 80 MB while they are made
FEWEST_ERRORS = 20  # of a period of the horizon, for a spread of its own


def learn(sample: Panel, task: Task) -> Learned:
    """The same sample, task and file give the same on one machine.

    Raises BadParameter, MissingPackage, UnusableModel where the file cannot be used or has other shapes than
    the task, and ImpossibleTask where there is too little to learn from.
    """
    settings = settings_of(task.algorithm, task.parameters)
    if not task.model:
        raise ImpossibleTask(f"{task.algorithm} needs the file of a model, and the task has none")
    runtime = runtime_of(task.algorithm)
    signature = runtime.inspect(task.model)
    context = _context(signature, settings, task)
    encoder = fit_encoder(sample, task)
    length = max(map(len, sample.values), default=1)
    grid = grid_of(sample, encoder, max(length, 1), task.horizon)
    _check(signature, settings, task, widths(grid))
    scaling: Scaling = settings["scaling"]  # type: ignore[assignment]  # one of its choices
    windows = Windows(
        sample,
        grid,
        scaling,
        (context, task.horizon),
        signature.features,
        encoder.forward if signature.future is not None else None,
        int(settings["seed"]),
    )
    back = task.window_start(task.windows)
    if signature.is_compiled and settings["epochs"] != 0:
        backtest, final, errors = _trained(runtime, windows, back, settings, task)
    else:
        backtest = final = task.model
        judged = windows.before(back)
        errors = _errors(runtime.open(task.model), judged.of(*judged.pairs), task) if len(judged) else None
    pointed = signature.outputs == 1
    if pointed and errors is None:
        raise ImpossibleTask(
            f"{task.algorithm} has no window before the backtest that tells how far a point forecast is off: "
            "give more history, or a model that forecasts quantiles"
        )
    return Learned(
        algorithm=task.algorithm,
        parameters=dict(task.parameters),
        encoder=encoder,
        scaling=scaling,
        context=context,
        horizon=task.horizon,
        features=signature.features,
        given=signature.future is not None,
        quantiles=() if pointed else task.quantiles,
        errors=errors if errors is not None and pointed else np.zeros((task.horizon, len(PROBABILITIES))),
        typical=typical_units(sample, scaling),
        backtest=np.frombuffer(backtest, np.uint8),
        final=np.frombuffer(final, np.uint8),
    )


@dataclass(frozen=True)
class Windows:
    """How windows are cut out of the sample."""

    sample: Panel
    grid: Grid
    scaling: Scaling
    size: tuple[int, int]
    features: int
    forward: tuple[bool, ...] | None
    seed: int

    def before(self, back: int) -> "Part":
        """Those whose horizon ends ``back`` periods before the end or earlier, and whose outcome is known."""
        horizon = self.size[1]
        stop = self.grid.length - back
        gone = np.cumsum(np.pad(~self.grid.known, ((0, 0), (1, 0))), axis=1)  # unknown values before a column
        rows, origins = [], []
        for row, first in enumerate(self.grid.first):
            places = np.arange(max(int(first), 0) + 1, stop - horizon + 1)
            places = places[gone[row, places + horizon] == gone[row, places]]
            rows.append(np.full(len(places), row))
            origins.append(places)
        none = np.empty(0, np.int64)
        pairs = np.concatenate([none, *rows]), np.concatenate([none, *origins])
        context, horizon = self.size
        more = widths(self.grid)[1] if self.forward is not None else 0
        most = max(1, MOST_NUMBERS // (context * self.features + horizon * (1 + more)))
        if len(pairs[0]) > most:
            kept = np.sort(np.random.default_rng(self.seed).choice(len(pairs[0]), most, replace=False))
            pairs = pairs[0][kept], pairs[1][kept]
        return Part(self, back, pairs)


@dataclass(frozen=True)
class Part:
    """Windows by series and column (``pairs``), which know the units of what lies before ``back``."""

    windows: Windows
    back: int
    pairs: tuple[Integers, Integers]

    def __len__(self) -> int:
        return len(self.pairs[0])

    def of(self, rows: Integers, origins: Integers) -> "Judged":
        windows = self.windows
        units = units_of(windows.sample, windows.scaling, self.back)
        shown = examples_of(
            windows.grid,
            rows,
            origins,
            units,
            windows.scaling,
            windows.size,
            windows.features,
            windows.forward,
        )
        changes = np.array(
            [usual_change(values[: len(values) - self.back]) for values in windows.sample.values]
        )
        return Judged(shown, changes[rows])

    def split(self, share: float) -> tuple["Judged", "Judged"]:
        """The first ``share`` of each series to train on, and those that begin after these end."""
        rows, origins = self.pairs  # one series after the other, each in the order of time
        begins = np.flatnonzero(np.diff(rows, prepend=-1))
        counts = np.diff(np.append(begins, len(rows)))
        first, last = origins[begins], origins[begins + counts - 1]
        border = np.repeat(np.ceil(first + share * (last + 1 - first)), counts)
        train, held = origins + self.windows.size[1] <= border, origins >= border
        return self.of(rows[train], origins[train]), self.of(rows[held], origins[held])


@dataclass(frozen=True)
class Judged:
    """Examples, and the usual change (batch,) of the series of each."""

    examples: Examples
    change: Floats


def _trained(
    runtime: Runtime, windows: Windows, back: int, settings: Settings, task: Task
) -> tuple[bytes, bytes, Floats | None]:
    """The file for the backtest, that for the forecast, and the errors in windows that were held back."""
    earlier, whole = windows.before(back), windows.before(0)
    train, held = earlier.split(float(settings["train_share"]))
    if len(train.examples) < FEWEST or not len(held.examples):
        raise ImpossibleTask(
            f"{task.algorithm} needs {FEWEST} windows to learn from before the backtest and has "
            f"{len(train.examples)}: give more history, shorten the context or the horizon, or bring a model "
            "that is trained already"
        )
    batch = int(settings["batch_size"])
    most = EPOCHS if settings["epochs"] == AUTOMATIC else int(settings["epochs"])

    def begin() -> Trainer:
        return runtime.trainer(task.model, task.quantiles, int(settings["seed"]))

    def fit(trainer: Trainer, phase: str, examples: Examples, held: Examples | None, epochs: int) -> int:
        def heard(number: int, loss: float, judged: float | None) -> None:
            report(Epoch(task.algorithm, phase, number, epochs, loss, judged))

        return trainer.fit(examples, held, epochs, batch, PATIENCE, heard)

    for_backtest = begin()
    best = fit(for_backtest, "learning", train.examples, held.examples, most)
    errors = _errors(for_backtest.predict, held, task)
    more = max(1, round(FINISH * best))
    fit(for_backtest, "backtest", earlier.of(*earlier.pairs).examples, None, more)
    backtest = for_backtest.file()
    for_forecast = begin()  # anew: going on, it would hardly learn from the latest periods
    fit(for_forecast, "forecast", whole.of(*whole.pairs).examples, None, best + more)
    return backtest, for_forecast.file(), errors


def _errors(predict: Predict, judged: Judged, task: Task) -> Floats:
    """Quantiles (horizon, PROBABILITIES) of the errors of point forecasts, in usual changes of the series."""
    examples = judged.examples
    told = predict(examples.context, examples.future)
    if not np.isfinite(told).all():
        what = "it forecasts what is not a number from the history of these items"
        raise UnusableModel(
            task.algorithm, what, "check its weights, and that scaling is as it was trained with"
        )
    missed = (examples.outcome - told[..., 0]) * examples.units.scale[:, None] / judged.change[:, None]
    if len(missed) < FEWEST_ERRORS:
        return np.tile(np.quantile(missed, PROBABILITIES), (missed.shape[1], 1))
    by_step: Floats = np.quantile(missed, PROBABILITIES, axis=0).T
    return by_step


def _context(signature: Signature, settings: Settings, task: Task) -> int:
    asked = settings["context_length"]
    if signature.context is None:
        if asked == AUTOMATIC:
            what = "it takes a context of any length"
            remedy = "write the length to use as context_length in TrainingParameters"
            raise UnusableModel(task.algorithm, what, remedy)
        return int(asked)
    if asked not in (AUTOMATIC, signature.context):
        what = f"it takes a context of {signature.context} periods, and context_length is {asked}"
        raise UnusableModel(
            task.algorithm, what, "leave out context_length, or save the model for that length"
        )
    return signature.context


def _check(signature: Signature, settings: Settings, task: Task, most: tuple[int, int]) -> None:
    """Raises UnusableModel where the shapes are not those of the task."""
    name, (widest, ahead) = task.algorithm, most
    if signature.horizon != task.horizon:
        what = f"it forecasts {signature.horizon} periods, and the horizon is {task.horizon}"
        remedy = f"set ForecastHorizon to {signature.horizon}, or save a model with an output of "
        raise UnusableModel(name, what, f"{remedy}({task.horizon}, {max(1, len(task.quantiles))})")
    if signature.outputs not in (1, len(task.quantiles)):
        asked = ", ".join(f"{quantile:g}" for quantile in task.quantiles) or "the mean alone"
        what = f"it gives {signature.outputs} numbers of a period, and ForecastTypes asks for {asked}"
        remedy = "it should give one for each quantile in ascending order, or one: a point forecast"
        raise UnusableModel(name, what, remedy)
    if signature.features not in (1, 2, widest):
        what = f"it takes {signature.features} numbers of each period of the context"
        remedy = "let it take 1 (the value), 2 (also whether it is known)"
        raise UnusableModel(name, what, f"{remedy} or, with these data, {widest} (also covariates)")
    if signature.future not in (None, ahead):
        what = f"it takes {signature.future} numbers of each period of the horizon"
        raise UnusableModel(
            name, what, f"with these data there are {ahead}: calendar, holidays, related series"
        )
    if not signature.is_compiled and settings["epochs"] not in (AUTOMATIC, 0):
        what = f"it is not compiled, and epochs is {settings['epochs']}"
        remedy = "compile it with an optimizer before it is saved, or leave out epochs if it is trained"
        raise UnusableModel(name, what, remedy)
