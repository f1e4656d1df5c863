"""Forecasts of all levels of a hierarchy: reconciled, beside bottom-up, top-down and each level's own.

    python benchmarks/hierarchy.py [--seeds 3] [--only breaks,shocks]

Five families of simulated days, three categories of twelve items each, of which 14 days are forecast from two
origins. Items of ``arima`` are random walks with a week; those of ``seasons`` have weeks and slow waves of
their own, those of ``breaks`` also new levels; in ``shocks`` the total and the categories move together
beside the items, and ``counts`` are small numbers with such shocks. All levels are forecast by the
AutoPredictor; what is compared is what happens then. Every figure is the geometric mean of ratios to the
levels' own forecasts, which do not add up: of the wQL of P10, P50 and P90 at each level, and of the squared
error of the means of the total. ``mint_shrink`` is that of hierarchicalforecast (``pip install --group
benchmark``), which is given the same means and the errors of the same backtest, and reconciles means only.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: other work may share the machine

import argparse
from collections import defaultdict
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from stepcast import engine
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.frequency import Frequency
from stepcast.engine.hierarchy.reconcile import Base, Reconciliation
from stepcast.engine.hierarchy.tree import Tree
from stepcast.engine.losses import pinball_loss
from stepcast.engine.panel import Panel
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

Floats = np.ndarray
CATEGORIES, ITEMS, DAYS, HORIZON, WINDOWS = 3, 12, 400, 14, 2
ORIGINS = (DAYS - HORIZON, DAYS - 3 * HORIZON)
FAMILIES = ("arima", "seasons", "breaks", "shocks", "counts")
WAYS = ("BottomUp", "TopDown", "MinT", "mint_shrink")
QUANTILES = [3, 7, 11]  # P10, P50, P90 among PROBABILITIES
LINE = "{:9} {:12} {:>7} {:>10} {:>7} {:>10} {:>9}"


def walk(chance: np.random.Generator, memory: float, size: float) -> Floats:
    noise, result = chance.normal(0, size, DAYS), np.zeros(DAYS)
    for day in range(1, DAYS):
        result[day] = memory * result[day - 1] + noise[day]
    return result


def simulated(family: str, seed: int) -> Floats:
    """Items (CATEGORIES * ITEMS, DAYS), category by category."""
    chance, days = np.random.default_rng((FAMILIES.index(family), seed)), np.arange(DAYS)
    shared = family in ("shocks", "counts")
    total = walk(chance, 0.95, 0.05) if shared else np.zeros(DAYS)
    rows = []
    for _ in range(CATEGORIES):
        category = walk(chance, 0.9, 0.08) if shared else np.zeros(DAYS)
        usual = chance.normal(0, 0.3, 7)
        for _ in range(ITEMS):
            level = np.exp(chance.normal(0.5 if family == "counts" else 3, 0.8))
            week = (usual if shared else chance.normal(0, 0.3, 7))[days % 7]
            if family == "arima":
                walked = np.cumsum(chance.normal(0, 0.15, DAYS)) + chance.normal(0, 1, DAYS)
                rows.append(np.maximum(level * (1 + 0.1 * walked + week), 0))
                continue
            wave = 1 + 0.3 * np.sin(2 * np.pi * (days / 365 + chance.random()))
            values = level * wave * np.exp(week + walk(chance, 0.7, 0.15) + total + category)
            for _ in range(2 if family == "breaks" else 0):
                values[chance.integers(50, DAYS) :] *= np.exp(chance.normal(0, 0.4))
            rows.append(chance.poisson(values).astype(float) if family == "counts" else values)
    return np.stack(rows)


@dataclass(frozen=True)
class Made:
    """Forecasts (1 + WINDOWS, nodes + series, HORIZON, ...) from one origin, then in the backtest."""

    tree: Tree
    tables: Floats
    actual: Floats  # of the windows
    outcome: Floats  # (nodes + series, HORIZON)

    def reconciled(self, way: str) -> Floats:
        """Tables of all levels (nodes + series, HORIZON, PROBABILITIES + 1)."""
        nodes, free = len(self.tree), np.full(len(self.tree.series), np.inf)
        part = Base(self.tables[:, nodes:], np.zeros_like(free), free)
        above, known = self.tables[:, :nodes], self.actual[:, :nodes]
        work = Reconciliation(self.tree, above, lambda: [part], known, way)
        (series,) = work.series()
        return np.concatenate([work.sums()[0], series[0]])

    def mint_shrink(self) -> Floats:
        """The means of all levels (nodes + series, HORIZON) by hierarchicalforecast."""
        from hierarchicalforecast.methods import MinTrace

        count = len(self.tree.series)
        sums = np.concatenate([_sums(self.tree, np.eye(count)), np.eye(count)])
        flat = self.actual.transpose(1, 0, 2).reshape(len(sums), -1)
        fitted = self.tables[1:, ..., -1].transpose(1, 0, 2).reshape(len(sums), -1)
        own = self.tables[0, ..., -1]
        made = MinTrace(method="mint_shrink").fit_predict(
            S=sums, y_hat=own, y_insample=flat, y_hat_insample=fitted
        )
        return np.asarray(made["mean"])


def _sums(tree: Tree, series: Floats) -> Floats:
    return tree.from_deepest(tree.children(tree.depth - 1).sums(series))


def forecast(values: Floats, origin: int) -> Made:
    tree, _ = Tree.of([(f"{row // ITEMS}",) for row in range(len(values))])
    whole = np.concatenate([_sums(tree, values), values])
    known = tuple(row[:origin].copy() for row in whole)
    ids = tuple(map(str, range(len(known))))
    observed = tuple(np.ones(origin, bool) for _ in known)
    panel = Panel(ids, known, observed, 20_000 + origin, Frequency.parse("D"))
    task = Task(horizon=HORIZON, outputs=(*PROBABILITIES.tolist(), "mean"), windows=WINDOWS)
    trained = engine.train(panel, task, engine.fit_shared(Draw.of(panel), task))
    ahead = engine.forecast(panel, task, trained).values
    tested = np.moveaxis(trained.backtest.predicted[:, :, 0], 1, 0)
    tables = np.concatenate([ahead[None], tested])
    actual = np.moveaxis(trained.backtest.actual, 1, 0)
    return Made(tree, tables, actual, whole[:, origin : origin + HORIZON])


def losses(tables: Floats, outcome: Floats) -> float:
    """Weighted quantile loss."""
    each = [
        2 * pinball_loss(outcome - tables[..., place], PROBABILITIES[place]).sum() / outcome.sum()
        for place in QUANTILES
    ]
    return float(np.mean(each))


def compare(family: str, seeds: int) -> dict[str, list[list[float]]]:
    """By way, for each origin: wQL of total, categories and items, squared error of the total, coverage."""
    found: dict[str, list[list[float]]] = defaultdict(list)
    for seed in range(seeds):
        values = simulated(family, seed)
        for origin in ORIGINS:
            made = forecast(values, origin)
            nodes = len(made.tree)
            parts = (slice(0, 1), slice(1, nodes), slice(nodes, None))
            for way in ("own", *WAYS):
                if way == "mint_shrink":
                    if find_spec("hierarchicalforecast") is None:
                        continue
                    error = ((made.mint_shrink()[:1] - made.outcome[:1]) ** 2).mean()
                    found[way].append([np.nan, np.nan, np.nan, float(error), np.nan])
                    continue
                tables = made.tables[0] if way == "own" else made.reconciled(way)
                error = float(((tables[:1, :, -1] - made.outcome[:1]) ** 2).mean())
                inside = (made.outcome[:nodes] >= tables[:nodes, :, 3]) & (
                    made.outcome[:nodes] <= tables[:nodes, :, 11]
                )
                wql = [losses(tables[part], made.outcome[part]) for part in parts]
                found[way].append([*wql, error, float(inside.mean())])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default=",".join(FAMILIES))
    asked = parser.parse_args()
    print(LINE.format("family", "", "top", "categories", "items", "MSE of top", "coverage"))
    ratios: dict[str, list[Floats]] = defaultdict(list)
    for family in asked.only.split(","):
        found = compare(family, asked.seeds)
        own = np.array(found["own"])
        print(LINE.format(family, "own", "1", "1", "1", "1", f"{own[:, 4].mean():.2f}"))
        for way in WAYS:
            if way in found:
                table = np.array(found[way])
                ratio = np.append(
                    table[:, :3].mean(axis=0) / own[:, :3].mean(axis=0), table[:, 3].mean() / own[:, 3].mean()
                )
                ratios[way].append(ratio)
                told = ["" if np.isnan(one) else f"{one:.3f}" for one in ratio]
                print(LINE.format("", way, *told, f"{table[:, 4].mean():.2f}".replace("nan", "")), flush=True)
    for way, each in ratios.items():
        told = ["" if np.isnan(one) else f"{one:.3f}" for one in np.exp(np.log(each).mean(axis=0))]
        print(LINE.format("all" if way == WAYS[0] else "", way, *told, ""))


if __name__ == "__main__":
    main()
