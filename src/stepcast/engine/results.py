"""What training and forecasting give back, whichever engine did it."""

from dataclasses import dataclass

from stepcast.engine.accuracy import EachSums
from stepcast.engine.arrays import Flags, Floats, Integers
from stepcast.engine.task import Task

__all__ = ["Backtest", "Explanation", "Forecast", "Trained", "coverage_of"]


@dataclass(frozen=True)
class Backtest:
    """What was forecast for windows whose outcome is known, and the outcome.

    Window 0 is the latest. A series is left out of a window (nan everywhere) where nothing was observed
    before it or in it. Filled values are never scored.

    ``starts``     (windows,) the number of each window's first period.
    ``actual``     (series, windows, horizon), nan where not observed.
    ``predicted``  (series, windows, models, horizon, outputs).
    ``scale``      (series, windows) MASE's denominator, from observed values before the window; nan where
                   there is none.
    ``season``     (series,) the season that scale and models used in the latest window; earlier windows fall
                   back to 1 where less than two seasons lie before them.
    ``whole``      (series, windows) whether the window has no filled value: only then the service tests.
    """

    starts: Integers
    actual: Floats
    predicted: Floats
    scale: Floats
    season: Integers
    whole: Flags


@dataclass(frozen=True)
class Explanation:
    """Why a series is forecast as it is.

    ``weights``   of the members that matter, mean over the steps, heaviest first; a named algorithm has all.
    ``sources``   shares of the distribution: the members' own errors, past values themselves, trees.
    ``seasons``   season lengths found, shortest first; empty without one.
    ``note``      "", or what was missing and what was done instead.
    ``impacts``   how far related series and holidays move the forecast, the farthest first: mean absolute
                  change over the horizon, .12 is 12 %; negative where a larger value lowers it.
    """

    weights: tuple[tuple[str, float], ...]
    sources: tuple[tuple[str, float], ...]
    seasons: tuple[int, ...]
    note: str
    impacts: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Trained:
    """``backtest`` of the columns ``models``, and a word on every series.

    ``models``        what is scored, then SeasonalNaive for comparison.
    ``explanations``  (series,) what makes the forecast, and what was odd in the backtest.
    ``coverage``      (series,) share of the backtest's outcomes between the lowest and the highest quantile;
                      nan where nothing was scored or fewer than two quantiles are asked for.
    ``tables``        (series, horizon, columns) of what learns jointly: quantiles and the mean of what comes
                      after the end; None of an algorithm that is fitted to each series again.
    """

    models: tuple[str, ...]
    backtest: Backtest
    explanations: tuple[Explanation, ...]
    coverage: Floats
    tables: Floats | None = None


@dataclass(frozen=True)
class Forecast:
    """``values`` (series, horizon, outputs) with outputs as the task has them; always finite, quantiles rise.

    ``models``        (series,) the model that was really used.
    ``explanations``  (series,) why the forecast is as it is.
    """

    values: Floats
    models: tuple[str, ...]
    explanations: tuple[Explanation, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """(series,) "", or what was odd."""
        return tuple(explanation.note for explanation in self.explanations)


def coverage_of(tested: Backtest, task: Task) -> Floats:
    """Coverage (series,) of the first column of a backtest, as ``Trained`` has it."""
    return EachSums.of(tested.actual, tested.predicted[:, :, 0], task.outputs, tested.scale).coverage
