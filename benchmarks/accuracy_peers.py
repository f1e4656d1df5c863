"""statsforecast's models on the windows of a suite, bounded in history and in time."""

import signal
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from accuracy_suite import QUANTILES, SuiteTask, Window, naive, without_gaps

from stepcast.engine.seasonality import season_length

__all__ = ["PEERS", "PeerRun", "run_peer", "warm_up_peers"]

PEERS = ("SeasonalNaive", "AutoETS", "AutoARIMA", "AutoTheta")
LEVELS = (20, 40, 60, 80)
# Points of a history that peers see, or this many seasons of it: AutoARIMA takes minutes otherwise.
LONGEST, SEASONS = 1_500, 3
# A longer season takes AutoARIMA minutes and gigabytes; a model that was too slow so often is given up.
LONGEST_ARIMA_SEASON, OFTEN = 100, 3


@dataclass(frozen=True)
class PeerRun:
    """Forecasts (windows, horizon, quantiles), CPU seconds, how many windows fell back to naive and why."""

    values: np.ndarray
    seconds: float
    fallen: int
    reason: str


class OutOfTime(Exception):
    """A model has used all the CPU time that it is given for a series, or would."""

    def __str__(self) -> str:
        return "out of time"


def run_peer(name: str, windows: list[Window], task: SuiteTask, most_seconds: float) -> PeerRun:
    """Forecast every window by the model ``name`` with the natural season of the frequency.

    Where it fails, gives what is not finite or takes more than ``most_seconds`` of CPU (or did so three times
    in this task), seasonal naive of the same season takes over.
    """
    from statsforecast import models

    natural = season_length(task.frequency)
    values = np.empty((len(windows), task.horizon, len(QUANTILES)))
    fallen, slow, reason = 0, 0, ""
    began = time.process_time()
    for place, window in enumerate(windows):
        past = without_gaps(window.past)[-max(LONGEST, SEASONS * natural) :]
        season = natural if len(past) >= 2 * natural else 1
        try:
            if slow >= OFTEN or (name == "AutoARIMA" and season > LONGEST_ARIMA_SEASON):
                raise OutOfTime
            with _at_most(most_seconds):
                values[place] = _forecast(getattr(models, name)(season_length=season), past, task.horizon)
        except Exception as error:  # a peer's failure is its own: it is said, and nothing stops
            values[place] = naive(past, task.horizon, season)
            slow += isinstance(error, OutOfTime)
            fallen, reason = fallen + 1, f"{type(error).__name__}: {error}".splitlines()[0][:60]
    return PeerRun(values, time.process_time() - began, fallen, reason)


def warm_up_peers() -> None:
    """Compile what the peers compile, so that the first series does not pay for it."""
    from statsforecast import models

    past = np.random.default_rng(0).normal(10, 1, 60)
    for name in PEERS:
        for season in (1, 4):
            _forecast(getattr(models, name)(season_length=season), past, 2)


def _forecast(model: object, past: np.ndarray, horizon: int) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = model.forecast(y=past, h=horizon, level=list(LEVELS))  # type: ignore[attr-defined]
    columns = [made[f"lo-{level}"] for level in reversed(LEVELS)] + [made["mean"]]
    table = np.column_stack(columns + [made[f"hi-{level}"] for level in LEVELS])
    if not np.isfinite(table).all():
        raise ValueError("its forecast is not finite")
    return table


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in this block after so many seconds of CPU time."""

    def stop(_number: int, _frame: object) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
