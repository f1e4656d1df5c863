"""From a sample to weights: first of what lies before the backtest, then anew and alike of all that is known.

Where the latest periods are unlike all before, as in a wave of an epidemic, a forecast was much worse than
its backtest when the first network was only trained on, gently, and when another one was trained for as many
epochs as the first, on values in the first one's units.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stepcast.engine.arrays import Integers
from stepcast.engine.auto.series.covariates import CovariateEncoder, fit_encoder
from stepcast.engine.auto.series.quantile_grid import MEDIAN, PROBABILITIES
from stepcast.engine.errors import ImpossibleTask
from stepcast.engine.losses import pinball_loss
from stepcast.engine.neural.arrays import Weights
from stepcast.engine.neural.grid import Grid, grid_of
from stepcast.engine.neural.held_back import Split, split
from stepcast.engine.neural.learned import TOGETHER, Fitted, Learned, Typical
from stepcast.engine.neural.network import Network, network_of
from stepcast.engine.neural.parameters import settings_of
from stepcast.engine.neural.progress import Epoch, report
from stepcast.engine.neural.shape import Shape, shape_of
from stepcast.engine.neural.training import Origins, Schedule, Span, fit
from stepcast.engine.neural.units import adds_up, check_values, prescaled, units_of
from stepcast.engine.neural.windows import Columns, columns_of, outcomes_at
from stepcast.engine.panel import Panel
from stepcast.engine.seasonality import season_length
from stepcast.engine.task import Task
from stepcast.engine.training_parameters import AUTOMATIC, Settings

__all__ = ["Course", "Stopped", "course_of", "learn"]

Watch = Callable[[int, Callable[[], Learned]], None]
WatchWeights = Callable[[int, Callable[[], Weights]], None]

FEWEST = 32  # windows: with fewer there is nothing to learn from
MOST_VALUES = 4_000_000  # of the sample and its features that are trained on, the latest of each series
SHORTEST = 2_048  # periods that are trained on of each series, however many there are
LONGEST_CONTEXT = 512  # that is chosen
BATCH = {"Deep_AR_Plus": 64}
USUAL_BATCH = 128
BATCHES = {"Deep_AR_Plus": 8}
USUAL_BATCHES = 16  # of an epoch, at most: beyond 1,000 series or so, an epoch is a part of them
PATIENCE = 12  # epochs without anything better
FINISH = 0.25  # of the epochs, at as much of the rate: what was held back is learned so
RATE = 0.003
WIDTHS = np.array([0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0])
FEWEST_OUTCOMES = 100  # held back, for a width
SPEED = 2e10  # operations of training in a second of one core; 3e10 were measured
USUAL_SECONDS = 40.0  # of one core and training, where neither epochs nor a budget are given


def learn(sample: Panel, task: Task, watch: Watch | None = None) -> Learned:
    """The same sample, task and seed give the same on one machine.

    ``watch`` can see what the first network has learned after each epoch; what it raises ends the training.
    With it, only what forecasts the backtest is trained, and stands for the forecast too.

    Raises BadParameter, and ImpossibleTask where there is too little to learn from.
    """
    back = task.window_start(task.windows)
    course = course_of(sample, task, back)
    found, backtest = course.trained(back, ("learning", "backtest"), watch=watch)
    if watch is not None:
        return course.learned(found, backtest, backtest)
    _, final = course.trained(0, ("forecast", "forecast"), found)
    return course.learned(found, backtest, final)


@dataclass(frozen=True)
class Stopped:
    """The best epoch of each seed and its weights; ``width`` and ``cost`` as ``Trainer.width`` has them."""

    network: Network
    weights: Sequence[Weights]
    epochs: list[int]
    width: float
    cost: float


@dataclass(frozen=True)
class Course:
    """Trainings that are alike but for how much of the past they know.

    ``length``  periods that are trained on, up to the end of all that is known.
    ``shared``  features of a period that all series share.
    ``times``   trainings in all.
    """

    sample: Panel
    task: Task
    settings: Settings
    encoder: CovariateEncoder
    shapes: list[Shape]
    length: int
    shared: int
    times: int

    def trained(
        self,
        back: int,
        phases: tuple[str, str],
        after: Stopped | None = None,
        watch: Watch | None = None,
    ) -> tuple[Stopped, Fitted]:
        """On what lies ``back`` periods and more before the end, in units that tell nothing of what is later.

        ``after`` is an earlier training; this one takes its network and as many epochs, or more: what is held
        back may look best after a few, by chance.
        """
        first = int(self.settings["seed"])
        seeds = range(first, first + int(self.settings.get("num_averaged_models", 1)))
        small, _ = prescaled(self.sample, self.shapes[0].units, back)
        grid = grid_of(small, self.encoder, self.length, self.task.horizon)
        parts = split(grid, self.shapes[0], self.length - back, first)
        if after is None and parts.train.windows < FEWEST:
            raise ImpossibleTask(
                f"{self.task.algorithm} needs {FEWEST} windows to learn from before the backtest and has "
                f"{parts.train.windows}: give more history, shorten the horizon, or set PerformAutoML to true"
            )
        networks = self._networks() if after is None else [after.network]

        def seen(number: int, weights: Callable[[], Weights]) -> None:
            if watch is not None:
                now = Fitted((weights(),), 1.0)
                watch(number, lambda: self._learned(networks[0], now, now))

        schedule = _schedule(self.task, self.settings, networks[0], len(self.shapes), self.times, parts.all)
        columns = columns_of(grid, networks[0].shape, self.encoder, "f4")
        trainer = Trainer(self.task.algorithm, schedule, seeds, grid, columns, self.encoder)
        return trainer.best(networks, parts, phases, after.epochs if after else [1] * len(seeds), seen)

    def learned(self, found: Stopped, backtest: Fitted, final: Fitted) -> Learned:
        """What two trainings of the network that was ``found`` have learned."""
        return self._learned(found.network, backtest, final)

    def _networks(self) -> list[Network]:
        own, categories = 2 * len(self.encoder.features), tuple(map(len, self.encoder.categories))
        return [
            network_of(self.task.algorithm, self.settings, shape, own, self.shared, categories)
            for shape in self.shapes
        ]

    def _learned(self, network: Network, backtest: Fitted, final: Fitted) -> Learned:
        return Learned(
            algorithm=self.task.algorithm,
            parameters=dict(self.task.parameters),
            encoder=self.encoder,
            shape=network.shape,
            shared_features=self.shared,
            backtest=backtest,
            final=final,
            typical=_typical(self.sample, self.encoder, network.shape),
        )


def course_of(sample: Panel, task: Task, back: int, times: int = 2) -> Course:
    """For ``times`` trainings, the first of what lies ``back`` periods and more before the end."""
    settings = settings_of(task.algorithm, task.parameters, task.horizon)
    check_values(sample, settings)
    encoder = _encoder(sample, task, settings)
    longest = max(map(len, sample.values), default=0)
    many = max(len(sample), 1) * (1 + len(encoder.features))
    length = max(1, min(longest, max(SHORTEST, MOST_VALUES // many)))
    shared = grid_of(sample.take([]), encoder, 1, task.horizon).shared.shape[1]
    shapes = _shapes(sample, task, settings, back)
    return Course(sample, task, settings, encoder, shapes, length, shared, times)


@dataclass(frozen=True)
class Trainer:
    """What all of the training is about."""

    algorithm: str
    schedule: Schedule
    seeds: range
    grid: Grid
    columns: Columns
    encoder: CovariateEncoder

    def best(
        self,
        networks: list[Network],
        parts: Split,
        phases: tuple[str, str],
        least: Sequence[int],
        watch: WatchWeights,
    ) -> tuple[Stopped, Fitted]:
        """Of ``networks`` the one that forecasts what is held back best, then trained on that, too.

        Each seed takes ``least`` epochs, or more. ``watch`` sees the first network, with the first seed.
        """
        learning, finishing = phases
        tried = [
            self._until_it_gets_worse(
                network, parts, learning, least, watch if network is networks[0] else lambda *_: None
            )
            for network in networks
        ]
        found = min(tried, key=lambda one: one.cost)
        each = zip(found.weights, found.epochs, self.seeds, strict=True)
        return found, Fitted(
            tuple(self._finished(found.network, parts.all, finishing, *one) for one in each), found.width
        )

    def _until_it_gets_worse(
        self, network: Network, parts: Split, phase: str, least: Sequence[int], watch: WatchWeights
    ) -> Stopped:
        stopped = [
            fit(
                network,
                network.weights(seed),
                self.columns,
                parts.train,
                self.schedule,
                seed,
                parts.held,
                self._reporting(phase, self.schedule),
                watch if seed == self.seeds[0] else lambda *_: None,
                min(epochs, self.schedule.epochs),
            )
            for seed, epochs in zip(self.seeds, least, strict=True)
        ]
        weights, epochs = [one for one, _ in stopped], [number for _, number in stopped]
        return Stopped(network, weights, epochs, *self.width(network, weights, parts.held))

    def _finished(
        self, network: Network, span: Span, phase: str, weights: Weights, epochs: int, seed: int
    ) -> Weights:
        """Trained on, gently, for a part of the ``epochs`` that it took."""
        schedule = replace(
            self.schedule, epochs=max(1, round(FINISH * epochs)), rate=FINISH * self.schedule.rate, decays=0
        )
        reporting = self._reporting(phase, schedule)
        return fit(network, weights, self.columns, span, schedule, seed + 1, report=reporting)[0]

    def width(self, network: Network, weights: Sequence[Weights], held: Origins) -> tuple[float, float]:
        """What to multiply the spread of the quantiles by, so that ``held`` windows cost least, and the cost.

        The cost is relative to the size of a window. 1 and 0 where nothing can be told, and for counts and
        shares: multiplied, they would be neither.
        """
        shape = network.shape
        if shape.units not in ("level", "change"):
            return 1.0, 0.0
        columns = columns_of(self.grid, shape, self.encoder)
        values, known = outcomes_at(columns, shape, held.rows, held.columns)
        if known.sum() < FEWEST_OUTCOMES:
            return 1.0, 0.0
        table = np.concatenate(
            [
                np.mean([network.forecast(one, columns, rows, origins, rows) for one in weights], axis=0)[
                    ..., :-1
                ]
                for rows, origins in _batches(held)
            ]
        )
        median = table[..., MEDIAN : MEDIAN + 1]
        size = np.abs(np.where(known, values, 0.0)).mean(axis=1)
        some = size > 0  # relative to nothing, any error outvotes all other windows
        if not some.any():
            return 1.0, 0.0
        costs = []
        for width in WIDTHS:
            error = values[..., None] - (median + width * (table - median))
            cost = np.where(known, pinball_loss(error, PROBABILITIES).mean(axis=-1), 0.0)
            costs.append(float((cost.mean(axis=1)[some] / (size[some] + 1e-9)).mean()))
        return float(WIDTHS[int(np.argmin(costs))]), min(costs)

    def _reporting(self, phase: str, schedule: Schedule) -> Callable[[int, float, float | None], None]:
        def each(number: int, loss: float, held: float | None) -> None:
            report(Epoch(self.algorithm, phase, number, schedule.epochs, loss, held))

        return each


def _batches(windows: Origins) -> Iterator[tuple[Integers, Integers]]:
    """Rows and columns of a few windows at a time: paths take memory."""
    for begin in range(0, len(windows.rows), TOGETHER):
        part = slice(begin, begin + TOGETHER)
        yield windows.rows[part], windows.columns[part]


def _schedule(
    task: Task, settings: Settings, network: Network, tried: int, times: int, span: Span
) -> Schedule:
    """The epochs that the parameters or the budget allow: by estimate, so that no clock counts.

    ``tried`` networks are trained the first of all ``times``, and the best of them again.
    """
    batch = BATCH.get(task.algorithm, USUAL_BATCH)
    most = BATCHES.get(task.algorithm, USUAL_BATCHES)
    batches = int(np.clip(span.windows // batch, 2, most))
    epochs = int(settings["epochs"])
    seconds = task.budget_seconds
    if seconds is None and "epochs" not in task.parameters:
        seconds = USUAL_SECONDS * times
    if seconds is not None:
        networks = int(settings.get("num_averaged_models", 1))
        cost = network.cost * batch * batches * (tried + times - 1 + times * FINISH) * networks / SPEED
        epochs = int(np.clip(seconds / cost, 1, epochs))
    return Schedule(
        epochs=epochs,
        batches=batches,
        batch=batch,
        rate=float(settings.get("learning_rate", RATE)),
        patience=PATIENCE,
        decays=int(settings.get("max_learning_rate_decays", 0)),
        decay=float(settings.get("learning_rate_decay", 0.5)),
    )


def _encoder(sample: Panel, task: Task, settings: Settings) -> CovariateEncoder:
    """How covariates are read, without those that the algorithm does not take or was not to take."""
    encoder = fit_encoder(sample, task)
    wanted = settings.get("use_related_data", "FORWARD_LOOKING")
    kept = [
        number
        for number, forward in enumerate(encoder.forward)
        if wanted == "ALL"
        or (wanted == "FORWARD_LOOKING" and forward)
        or (wanted == "HISTORICAL" and not forward)
    ]
    some = {
        name: tuple(getattr(encoder, name)[number] for number in kept)
        for name in ("features", "forward", "logs", "scales")
    }
    if settings.get("use_item_metadata") == "NONE":
        some |= {"attributes": (), "categories": ()}
    if wanted in ("NONE", "HISTORICAL"):
        some["countries"] = ()
    return replace(encoder, **some)


def _shapes(sample: Panel, task: Task, settings: Settings, back: int) -> list[Shape]:
    """With a context of two seasons and of twice the horizon, as far as the series before the backtest go.

    Where series add up, as totals do, Deep_AR_Plus is tried on their changes first.
    """
    lengths = [len(values) - back for values in sample.values if len(values) > back]
    length = int(np.median(lengths)) if lengths else 1
    wanted = settings.get("context_length", settings.get("look_back", AUTOMATIC))
    if wanted == AUTOMATIC:
        season = season_length(sample.frequency)
        most = max(8, length // 2)
        wanted = max(8, min(2 * season, most), min(2 * task.horizon, most))
        wanted = min(wanted, LONGEST_CONTEXT)
    context = int(wanted)
    if task.algorithm == "CNN-QR":  # convolutions halve it again and again
        context = max(2, 1 << (context - 1).bit_length())
    shape = shape_of(sample.frequency, length, task.horizon, context, units_of(settings))
    if task.algorithm == "Deep_AR_Plus" and shape.units == "level" and adds_up(sample, back, context):
        return [replace(shape, units="change"), shape]
    return [shape]


def _typical(sample: Panel, encoder: CovariateEncoder, shape: Shape) -> Typical:
    """Level and scale of the sample's items, by category."""
    codes, levels, scales = [], [], []
    for values, covariates in zip(sample.values, encoder.encode(sample, 0), strict=True):
        recent = values[-shape.context :]
        recent = recent[np.isfinite(recent)]
        if not len(recent):
            continue
        level = float(recent.mean()) if shape.units in ("level", "change") else 0.0
        apart = np.diff(recent) if shape.units == "change" and len(recent) > 1 else recent - level
        scale = float(np.abs(apart).mean()) or 1.0
        known = np.empty(0) if covariates is None else covariates.codes
        codes.append(np.where(np.isfinite(known), known + 1, 0).astype(np.int64))
        levels.append(level)
        scales.append(scale if shape.units != "own" else 1.0)
    made = np.array(codes, np.int64).reshape(len(levels), -1)
    return Typical(made, np.array(levels), np.array(scales))
