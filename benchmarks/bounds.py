"""What known bounds are worth: simulated panels whose values lie on a bound at times.

    python benchmarks/bounds.py [--seeds 6] [--only percent,capacity,solar]

- ``percent``: 12 daily series of percentages near 100, as of a service's availability; at most 100.
- ``capacity``: 12 daily series of sales with a week, each up to its own capacity (metadata) at most, which
  some reach on one day of three.
- ``solar``: 6 hourly series of plants, zero at night and at most each one's capacity; days grow longer.

The AutoPredictor forecasts four windows, each from what was known before it: as it is, with
``Predictor.Bounds``, and as it is with quantiles and mean clipped afterwards, as anyone can do; beside it
SeasonalNaive. Printed are the weighted quantile loss (wQL9) and the mean squared error of the mean, over
those of the AutoPredictor as it is; coverage of P10 to P90; the share of outputs outside of the bounds; and
the share of nights, at zero, that are forecast without width.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: other work may share the machine

import argparse
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from stepcast import engine
from stepcast.engine.frequency import Frequency
from stepcast.engine.known_bounds import Bounds
from stepcast.engine.losses import pinball_loss
from stepcast.engine.panel import Metadata, Panel
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

Floats = np.ndarray
QUANTILES = np.linspace(0.1, 0.9, 9)
WINDOWS = 4
LINE = "{:10} {:14} {:>7} {:>12} {:>9} {:>9} {:>8}"


@dataclass(frozen=True)
class Case:
    """``values`` (series, time) within ``low`` and ``high`` (series,), which ``bounds`` tell the product."""

    values: Floats
    low: Floats
    high: Floats
    bounds: Bounds
    frequency: str
    horizon: int

    def panel(self) -> Panel:
        capacity = tuple((repr(float(one)),) for one in self.high)
        return Panel(
            tuple(map(str, range(len(self.values)))),
            tuple(self.values),
            tuple(np.ones(len(row), bool) for row in self.values),
            5_000 + self.values.shape[1],
            Frequency.parse(self.frequency),
            metadata=Metadata(("capacity",), capacity),
        )


def walk(chance: np.random.Generator, memory: float, size: float, length: int) -> Floats:
    noise, result = chance.normal(0, size, length), np.zeros(length)
    for step in range(1, length):
        result[step] = memory * result[step - 1] + noise[step]
    return result


def percent(chance: np.random.Generator, length: int = 365) -> Case:
    rows = []
    for _ in range(12):
        moves = walk(chance, 0.9, 0.25, length) + chance.normal(0, 0.6, length)
        missing = np.maximum(chance.uniform(-0.5, 1.5) + moves + 0.4 * (np.arange(length) % 7 == 0), 0)
        rows.append(100 - np.minimum(missing, 100))
    low, high = np.zeros(12), np.full(12, 100.0)
    return Case(np.stack(rows), low, high, Bounds(0.0, 100.0), "D", 14)


def capacity(chance: np.random.Generator, length: int = 365) -> Case:
    rows, limits = [], []
    for _ in range(12):
        level, week = np.exp(chance.normal(3.5, 0.6)), chance.normal(0, 0.35, 7)
        demand = level * np.exp(week[np.arange(length) % 7] + walk(chance, 0.8, 0.12, length))
        limits.append(np.quantile(demand, chance.uniform(0.65, 0.98)).round(1))
        rows.append(np.minimum(demand, limits[-1]))
    return Case(np.stack(rows), np.zeros(12), np.array(limits), Bounds(0.0, "capacity"), "D", 14)


def solar(chance: np.random.Generator, length: int = 24 * 60) -> Case:
    time, rows, limits = np.arange(length), [], []
    longer = 0.35 + 0.25 * np.sin(2 * np.pi * (time / 24 / 365 - 0.15))
    sun = np.maximum(np.sin(2 * np.pi * (time % 24 - 6) / 24) + longer - 0.35, 0)
    for _ in range(6):
        limits.append(np.exp(chance.normal(3, 0.5)).round(1))
        clear = 1 / (1 + np.exp(-1.0 - 3 * walk(chance, 0.9, 0.35, length)))
        rows.append(np.minimum(1.3 * limits[-1] * sun * clear, limits[-1]))
    return Case(np.stack(rows), np.zeros(6), np.array(limits), Bounds(0.0, "capacity"), "H", 24)


KINDS: dict[str, Callable[[np.random.Generator], Case]] = {
    one.__name__: one for one in (percent, capacity, solar)
}


def tested(case: Case, bounds: Bounds) -> tuple[Floats, Floats, Floats]:
    """The outcome (series, windows, horizon), forecasts (..., outputs), and those of SeasonalNaive."""
    panel = case.panel()
    outputs = (*QUANTILES.round(1).tolist(), "mean")
    task = Task(case.horizon, outputs=outputs, windows=WINDOWS, bounds=bounds)
    found = engine.train(panel, task, engine.fit_shared(Draw.of(panel), replace(task, bounds=Bounds())))
    return found.backtest.actual, found.backtest.predicted[:, :, 0], found.backtest.predicted[:, :, -1]


def judged(case: Case, actual: Floats, made: Floats) -> list[float]:
    """wQL9, mean squared error of the mean, coverage, the share outside, and that of nights without width."""
    quantiles, mean = made[..., :-1], made[..., -1]
    loss = (
        2 * pinball_loss(actual[..., None] - quantiles, QUANTILES).sum(axis=(0, 1, 2)).mean() / actual.sum()
    )
    scale = actual.mean(axis=(1, 2), keepdims=True)
    error = (((mean - actual) / scale) ** 2).mean()
    inside = (actual >= quantiles[..., 0]) & (actual <= quantiles[..., -1])
    low, high = (one[:, None, None, None] for one in (case.low, case.high))
    outside = ((made < low - 1e-9) | (made > high + 1e-9)).mean()
    night = actual == case.low[:, None, None]
    without_width = quantiles[..., 0] == quantiles[..., -1]
    known = without_width[night].mean() if night.any() else np.nan
    return [float(one) for one in (loss, error, inside.mean(), outside, known)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--only", default=",".join(KINDS))
    asked = parser.parse_args()
    print(LINE.format("panels", "", "wQL9", "MSE of mean", "coverage", "outside", "nights"))
    for kind in asked.only.split(","):
        found: dict[str, list[list[float]]] = defaultdict(list)
        for seed in range(asked.seeds):
            case = KINDS[kind](np.random.default_rng((list(KINDS).index(kind), seed)))
            actual, plain, naive = tested(case, Bounds())
            _, kept, _ = tested(case, case.bounds)
            low, high = (one[:, None, None, None] for one in (case.low, case.high))
            ways = {"as it is": plain, "bounds": kept, "clipped": np.clip(plain, low, high), "naive": naive}
            for way, made in ways.items():
                found[way].append(judged(case, actual, made))
        base = np.array(found["as it is"]).mean(axis=0)
        for way, each in found.items():
            loss, error, *rest = np.array(each).mean(axis=0)
            ratios = (loss / base[0], error / base[1]) if way != "as it is" else (1.0, 1.0)
            told = ["" if np.isnan(one) else f"{one:.3f}" for one in (*ratios, *rest)]
            print(LINE.format("" if way != "as it is" else kind, way, *told), flush=True)


if __name__ == "__main__":
    main()
