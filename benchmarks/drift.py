"""How well drift is found, on simulated panels with each kind of it in one item of twenty.

    python benchmarks/drift.py [--items 120] [--seeds 11 12 13 14 15]

Six sorts of items: AR(1) with coefficient 0.9; a season (daily panels: with weeks that return each year); a
season and AR(0.9); a season and a trend; intermittent counts; a season on a random walk. A price, AR(0.9)
itself, moves all but one of the sorts. What drifts, from the first new period on, in 5% of the items:

    concept   the price begins to work the other way, four times as much
    data      the price rises by 6 standard deviations, and nothing else happens
    label     the level doubles (counts: three times as many)
    seasonal  the daily, weekly or yearly shape moves by half of its length

New periods are a week of hours, nine weeks of days (whose longer season is the year), a year of weeks.
Found is an item that any test reports, of whatever kind: one that doubles has drifted, whether it is its
label or its forecast's loss that shows it. Which kinds were named stands in the last column. A concept is
looked for once more without the price, as where the feature that matters is not known.

River's detectors see the same standardized errors, one by one, as their users would use them.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stepcast import engine
from stepcast.engine.drift import KINDS, Watched, drifts, examine
from stepcast.engine.drift.outcomes import outcomes
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Panel, Related
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

Floats = NDArray[np.float64]
SHARE = 0.05  # of the items drift
RATE = 0.05  # Sensitivity: medium
SEEDS = range(11, 16)  # the tests were made on seeds 1 to 4
SORTS = ("AR(0.9)", "season", "season and AR(0.9)", "season and trend", "counts", "season on a walk")
BUDGET = 5.0  # CPU seconds that the AutoPredictor may take for a panel
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Rhythm:
    """A panel's grid: how much is known, how long one season is, and what of it counts as new."""

    name: str
    frequency: str
    reference: int
    seasons: tuple[int, ...]
    year: int
    new: int


RHYTHMS = (
    Rhythm("hourly", "H", 24 * 7 * 8, (24, 168), 0, 168),
    Rhythm("daily", "D", 365 * 3, (7,), 365, 63),
    Rhythm("weekly", "W", 52 * 8, (52,), 0, 52),
)


def ar(random: np.random.Generator, items: int, time: int, again: float) -> Floats:
    """AR(1) with standard deviation 1."""
    shocks = random.standard_normal((items, time + 100)) * np.sqrt(1 - again**2)
    for step in range(1, time + 100):
        shocks[:, step] += again * shocks[:, step - 1]
    return shocks[:, 100:]


def shapes(random: np.random.Generator, items: int, length: int) -> Floats:
    """Smooth seasons (items, length), from about -1 to 1."""
    phase = np.arange(length) / length * 2 * np.pi
    waves = range(1, 4)
    size = random.uniform(0.3, 1.0, (items, 3, 1)) / np.array([1, 2, 3])[:, None]
    moved = random.uniform(0, 2 * np.pi, (items, 3, 1))
    shape = (size * np.sin(phase * np.array(waves)[:, None] + moved)).sum(axis=1)
    return shape / np.abs(shape).max(axis=1, keepdims=True)


@dataclass
class Simulated:
    values: Floats
    price: Floats
    drifted: NDArray[np.bool_]


def simulate(random: np.random.Generator, rhythm: Rhythm, items: int, kind: str | None) -> Simulated:
    """Six sorts of items in equal parts; one item in twenty drifts from the first new period on."""
    time = rhythm.reference + rhythm.new
    now = np.arange(time)
    after = now >= rhythm.reference
    sort = np.arange(items) % 6
    drifted = np.zeros(items, bool)
    if kind is not None:
        able = np.flatnonzero((sort != 0) | (kind != "seasonal"))  # items of sort 0 have no season to lose
        drifted[random.choice(able, round(SHARE * items), replace=False)] = True
    at = drifted[:, None] & after  # where it has begun
    season = rhythm.seasons[0]
    shape = shapes(random, items, season)
    moved = np.roll(shape, season // 2, axis=1) if kind == "seasonal" else shape
    wave = np.where(at, moved[:, now % season], shape[:, now % season])
    if len(rhythm.seasons) > 1:
        wave = wave + 0.3 * shapes(random, items, rhythm.seasons[1])[:, now % rhythm.seasons[1]]
    strong = random.uniform(0.3, 0.6, items) + 0.3 * (sort == 4)  # a season that a count can show
    strong = np.where(sort == 0, 0.0, strong)[:, None]
    wave = 1 + strong * wave
    if rhythm.year and season != rhythm.year:  # the year comes again, with weeks of its own at its end
        wave *= 1 + 0.2 * np.sin(2 * np.pi * now / rhythm.year)[None]
        peak = (now - rhythm.reference - 7) % rhythm.year < 21
        wave *= np.where((sort == 1)[:, None] & peak, 1.8, 1.0)
    price = 10 + ar(random, items, time, 0.9) + 0.5 * np.sin(2 * np.pi * now / season)
    price = price + np.where(at & (kind == "data"), 6.0, 0.0)
    elastic = np.where(sort == 1, 0.0, -0.1)[:, None] * np.where(at & (kind == "concept"), -4.0, 1.0)
    if kind == "concept":  # what never listened to the price begins to
        elastic = np.where(at & (sort == 1)[:, None], 0.4, elastic)
    if kind == "data":  # a price that leaves its range, and a target that stays what it is
        elastic = np.where(drifted[:, None], 0.0, elastic)
    again = np.isin(sort, (0, 2))[:, None]
    noise = np.where(again, ar(random, items, time, 0.9), random.standard_normal((items, time)))
    noise = noise * random.uniform(0.05, 0.1, (items, 1))
    level = 100 * np.exp(random.normal(0, 1, (items, 1)))
    trend = 1 + np.where(sort == 3, random.uniform(0.3, 1.0, items), 0.0)[:, None] * now / time
    walk = np.cumsum(random.standard_normal((items, time)) * 0.01, axis=1) * (sort == 5)[:, None]
    grow = np.where(at & (kind == "label"), 2.0, 1.0)
    expected = wave * trend * grow * np.exp(walk + elastic * (price - 10))
    values = level * expected * np.maximum(1 + noise, 0)
    rate = 0.8 * wave * np.where(at & (kind == "label"), 3.0, 1.0) * np.exp(3 * elastic * (price - 10))
    counts = random.poisson(np.clip(rate, 0.02, 50))
    values = np.where((sort == 4)[:, None], counts, values)
    return Simulated(values, price, drifted)


def watched_of(simulated: Simulated, rhythm: Rhythm) -> Watched:
    values, horizon = simulated.values, rhythm.new
    trained = values[:, : rhythm.reference]
    panel = Panel(
        ids=tuple(map(str, range(len(values)))),
        values=tuple(trained),
        observed=tuple(np.ones(trained.shape, bool)),
        end=rhythm.reference - 1,
        frequency=Frequency.parse(rhythm.frequency),
        related=Related(("price",), tuple(simulated.price[:, None]), horizon),
    )
    task = Task(horizon=horizon, outputs=QUANTILES, windows=2, budget_seconds=BUDGET)
    fitted = engine.train(panel, task, engine.fit_shared(Draw.of(panel), task))
    forecast = engine.forecast(panel, task, fitted).values
    tested = fitted.backtest
    items = len(values)
    return Watched(
        values=values,
        new=rhythm.new,
        seasons=rhythm.seasons,
        year=rhythm.year,
        quantiles=QUANTILES,
        forecast=forecast,
        tested_actual=tested.actual.reshape(items, -1),
        tested_forecast=tested.predicted[:, :, 0].reshape(items, -1, len(QUANTILES)),
        features={"price": simulated.price},
    )


Detect = Callable[[], Any]


def peers() -> dict[str, Detect]:
    """River's detectors as they come."""
    from river import drift as river  # of the dependency group benchmark

    return {"river PageHinkley": river.PageHinkley, "river ADWIN": river.ADWIN}


def by_peer(make: Detect, watched: Watched) -> NDArray[np.bool_]:
    """Which items a detector alarms for in the new periods, fed with the standardized errors one by one.

    It has seen the backtest's before. Each item by itself, with the detector's defaults, as its users would.
    """
    before = outcomes(watched.tested_actual, watched.tested_forecast, watched.quantiles).error
    new = outcomes(watched.values[:, -watched.new :], watched.forecast, watched.quantiles).error
    alarms = []
    for old, fresh in zip(before, new, strict=True):
        detector, alarm = make(), False
        for error in old[np.isfinite(old)]:
            detector.update(float(error))
        for error in fresh[np.isfinite(fresh)]:
            detector.update(float(error))
            alarm = alarm or detector.drift_detected
        alarms.append(alarm)
    return np.array(alarms)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=120, help="in a panel")
    parser.add_argument("--seeds", type=int, nargs="+", default=[*SEEDS], help="of the panels")
    parser.add_argument("--keep", type=Path, help="a folder for forecasts, made once for the same panels")
    asked = parser.parse_args()
    print(f"{asked.items} items in a panel; seeds {' '.join(map(str, asked.seeds))}: a panel each a row")
    print(f"forecasts are the AutoPredictor's in {BUDGET:g} CPU seconds a panel")
    print(f"{'rhythm':<8}{'new':>5} {'injected':<10}{'drifted':>8}{'found':>7}{'false':>7}   by kind")
    total: dict[str, NDArray[np.int64]] = {}
    for rhythm in RHYTHMS:
        for kind in (None, *KINDS):
            row, kinds = np.zeros(3, np.int64), np.zeros(len(KINDS), np.int64)
            for seed in asked.seeds:
                random = np.random.default_rng([seed, KINDS.index(kind) if kind else len(KINDS), rhythm.new])
                simulated = simulate(random, rhythm, asked.items, kind)
                name = f"{rhythm.name}_{kind}_{seed}_{asked.items}.npz"
                watched = (
                    kept(asked.keep / name, simulated, rhythm)
                    if asked.keep
                    else watched_of(simulated, rhythm)
                )
                found = drifts(examine(watched).p, RATE)
                kinds += found.sum(axis=0)
                flagged = {"stepcast": found.any(axis=1)}
                flagged["stepcast, no price"] = drifts(examine(replace(watched, features={})).p, RATE).any(1)
                flagged |= {name: by_peer(make, watched) for name, make in peers().items()}
                for name, items in flagged.items():
                    keys = [f"{name}, {kind}", f"{name}, all"]
                    if name == "stepcast":
                        row += counted(simulated, items, np.ones_like(items))
                        keys.append(f"{rhythm.name}")
                        for number, sort in enumerate(SORTS):
                            of_sort = np.arange(asked.items) % len(SORTS) == number
                            add(total, sort, counted(simulated, items, of_sort))
                    for key in keys:
                        add(total, key, counted(simulated, items, np.ones_like(items)))
            named = ", ".join(f"{name} {count}" for name, count in zip(KINDS, kinds, strict=True) if count)
            cells = (
                f"{rhythm.name:<8}{rhythm.new:>5} {kind or 'nothing':<10}{row[0]:>8}{row[1]:>7}{row[2]:>7}"
            )
            print(f"{cells}   {named}", flush=True)
    print("\nintervals are of 95% (Wilson); panels in which nothing drifts count in all, not in a kind")
    print(f"{'':<29}{'drifted':>8}{'found':>21}{'reported':>10}{'false discoveries':>20}")
    for key in [f"stepcast, {kind}" for kind in (*KINDS, "all")]:
        print(figures(key, total[key]))
    for key in (*[rhythm.name for rhythm in RHYTHMS], *SORTS):
        print(figures(f"  {key}", total[key]))
    print(figures("stepcast, no price, concept", total["stepcast, no price, concept"]))
    for name in peers():
        for kind in (*KINDS, "all"):
            print(figures(f"{name}, {kind}", total[f"{name}, {kind}"]))


def counted(simulated: Simulated, flagged: NDArray[np.bool_], these: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Of ``these`` items how many drifted, how many of them were found, and how many others reported."""
    drifted = simulated.drifted & these
    return np.array([drifted.sum(), (flagged & drifted).sum(), (flagged & these & ~drifted).sum()])


def add(total: dict[str, NDArray[np.int64]], key: str, counts: NDArray[np.int64]) -> None:
    total[key] = total.get(key, np.zeros(3, np.int64)) + counts


def figures(name: str, counts: NDArray[np.int64]) -> str:
    """Share of the drifted items that was found, and share of what was reported that had not drifted."""
    drifted, found, false = counts
    reported = found + false
    return f"{name:<29}{drifted:>8}{share(found, drifted):>21}{reported:>10}{share(false, reported):>20}"


def share(part: int, whole: int) -> str:
    """With its interval.

    Source: Wilson (1927), Probable Inference, the Law of Succession, and Statistical Inference.
    """
    if not whole:
        return "-"
    z, rate = 1.96, part / whole
    middle = (rate + z**2 / (2 * whole)) / (1 + z**2 / whole)
    half = z / (1 + z**2 / whole) * np.sqrt(rate * (1 - rate) / whole + z**2 / (4 * whole**2))
    return f"{rate:.0%} ({max(middle - half, 0):.0%} to {middle + half:.0%})"


FORECASTS = ("values", "forecast", "tested_actual", "tested_forecast")


def kept(path: Path, simulated: Simulated, rhythm: Rhythm) -> Watched:
    """The panel with the forecasts in ``path``, which are made where they are not there yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = watched_of(simulated, rhythm)
        np.savez(path, **{name: getattr(made, name) for name in FORECASTS})
    with np.load(path) as file:
        if not np.array_equal(file["values"], simulated.values):
            raise SystemExit(f"{path} is of another panel: delete it")
        arrays: dict[str, Any] = {name: file[name] for name in FORECASTS}
    return Watched(
        new=rhythm.new,
        seasons=rhythm.seasons,
        year=rhythm.year,
        quantiles=QUANTILES,
        features={"price": simulated.price},
        **arrays,
    )


if __name__ == "__main__":
    main()
