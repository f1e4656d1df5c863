"""Forecasts of all levels of a hierarchy: reconciled, beside bottom-up, top-down and each level's own.

    python benchmarks/hierarchy.py [--seeds 5] [--only breaks,shocks]

Families of simulated hierarchies (simulated_hierarchies.py), of which a horizon is forecast from six origins,
each with the backtest of the two before it.
All levels are forecast by the AutoPredictor; what is compared is what happens then. Every figure is the
geometric mean of ratios to the levels' own forecasts, which do not add up and are made as if there were no
hierarchy: of the wQL of P10, P50 and P90 at each level, and of the squared error of the means of the total.
``alone`` is the total, forecast by itself; ``mixture`` are the sums' forecasts that MinT begins with, by what
all series teach and by what sums teach, before they are reconciled. ``best share`` knows the outcome: of the
forecasts that MinT combines, the best mixture by family, the same for all its totals. ``mint_shrink`` is that
of hierarchicalforecast (``pip install --group benchmark``), which is given the same means as MinT and the
errors of the same backtest, and reconciles means only.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy is imported: other work may share the machine

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from simulated_hierarchies import FAMILIES, UNTUNED, Simulated, simulated

from stepcast import engine
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.sums import shares_of
from stepcast.engine.frequency import Frequency
from stepcast.engine.hierarchy.reconcile import Base, Reconciliation
from stepcast.engine.hierarchy.tree import Tree
from stepcast.engine.losses import pinball_loss
from stepcast.engine.panel import Panel, Related
from stepcast.engine.sampling import Draw
from stepcast.engine.task import Task

Floats = np.ndarray
WINDOWS, ORIGINS = 2, 6
WAYS = ("alone", "mixture", "BottomUp", "TopDown", "MinT", "best share", "mint_shrink")
QUANTILES = [3, 7, 11]  # P10, P50, P90 among PROBABILITIES
LINE = "{:10} {:12} {:>7} {:>10} {:>7} {:>10} {:>9}"


@dataclass(frozen=True)
class Made:
    """Forecasts (1 + WINDOWS, nodes + series, horizon, ...) from one origin, then in the backtest."""

    tree: Tree
    tables: Floats
    actual: Floats  # of the windows
    outcome: Floats  # (nodes + series, horizon)
    own: Floats  # (nodes + series, horizon, ...) as if there were no hierarchy
    alone: Floats  # (horizon, ...) of the total

    def reconciled(self, way: str) -> Floats:
        """Tables of all levels (nodes + series, horizon, PROBABILITIES + 1)."""
        nodes, free = len(self.tree), np.full(len(self.tree.series), np.inf)
        part = Base(self.tables[:, nodes:], np.zeros_like(free), free)
        above, known = self.tables[:, :nodes], self.actual[:, :nodes]
        work = Reconciliation(self.tree, above, lambda: [part], known, way)
        (series,) = work.series()
        return np.concatenate([work.sums()[0], series[0]])

    def mint_shrink(self) -> Floats:
        """The means of all levels (nodes + series, horizon) by hierarchicalforecast."""
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

    def mixed(self, share: float) -> Floats:
        """The total (horizon, ...), with its parts' sum instead of a share of its own mean."""
        own, sums = self.tables[0, 0], self.tables[0, len(self.tree) :, :, -1].sum(axis=0)
        return own + share * (sums - own[:, -1])[:, None]


def _sums(tree: Tree, series: Floats) -> Floats:
    return tree.from_deepest(tree.children(tree.depth - 1).sums(series))


def forecasts(made: Simulated) -> Iterator[Made]:
    """From the latest origin to earlier ones; those before an origin are its backtest."""
    tree, _ = Tree.of(made.paths)
    horizon, nodes = made.horizon, len(tree)
    whole = np.concatenate([_sums(tree, made.values), made.values])
    end = whole.shape[1] - horizon
    related = None
    if made.feature is not None:
        members = _sums(tree, np.ones(len(made.feature)))[:, None]
        features = np.concatenate([_sums(tree, made.feature) / members, made.feature])
        related = Related(("promotion",), tuple(one[None] for one in features), horizon)
    panel = Panel(
        tuple(map(str, range(len(whole)))),
        tuple(row[:end].copy() for row in whole),
        tuple(np.ones(end, bool) for _ in whole),
        5_000 + end,
        Frequency.parse(made.frequency),
        related,
    )
    above, below = panel.take(list(range(nodes))), panel.take(list(range(nodes, len(whole))))
    windows = ORIGINS - 1 + WINDOWS
    task = Task(horizon=horizon, outputs=(*PROBABILITIES.tolist(), "mean"), windows=windows)
    shared = engine.fit_shared(Draw.of(below) + Draw.of(above), task)
    own, series = (made_by(part, task, shared) for part in (above, below))
    total = panel.take([0])
    by_sums, alone = (made_by(part, task, engine.fit_shared(Draw.of(part), task)) for part in (above, total))
    actual = np.stack(
        [whole[:, end - back : end - back + horizon] for back in horizon * np.arange(windows + 1)]
    )
    for origin in range(ORIGINS):
        used, known = slice(origin, origin + 1 + WINDOWS), actual[origin + 1 : origin + 1 + WINDOWS]
        sums = mixture(own[used], by_sums[used], known[:, :nodes])
        yield Made(
            tree,
            np.concatenate([sums, series[used]], axis=1),
            known,
            actual[origin],
            np.concatenate([own[origin], series[origin]]),
            alone[origin, 0],
        )


def mixture(own: Floats, by_sums: Floats, actual: Floats) -> Floats:
    """As TrainPredictor mixes both forecasts (1 + windows, nodes, horizon, ...) of sums by their windows."""
    each = (
        pinball_loss(actual[..., None] - one[1:, ..., :-1], PROBABILITIES).sum(axis=(2, 3)).T
        for one in (own, by_sums)
    )
    share = shares_of(*each).T[:, :, None, None]
    return own + share * (by_sums - own)


def made_by(panel: Panel, task: Task, shared: bytes) -> Floats:
    """Forecasts (1 + windows, series, horizon, ...)."""
    found = engine.train(panel, task, shared)
    ahead = engine.forecast(panel, task, found).values
    return np.concatenate([ahead[None], np.moveaxis(found.backtest.predicted[:, :, 0], 1, 0)])


def losses(tables: Floats, outcome: Floats) -> float:
    """Weighted quantile loss."""
    each = [
        2 * pinball_loss(outcome - tables[..., place], PROBABILITIES[place]).sum() / outcome.sum()
        for place in QUANTILES
    ]
    return float(np.mean(each))


def compare(family: str, seeds: int) -> dict[str, list[list[float]]]:
    """By way, for each origin: wQL of total, sums below and items, squared error of the total, coverage."""
    found: dict[str, list[list[float]]] = defaultdict(list)
    shares: list[list[float]] = []
    for seed in range(seeds):
        for made in forecasts(simulated(family, seed)):
            found["own"].append(judged(made, made.own))
            found["mixture"].append(judged(made, made.tables[0]))
            found["alone"].append(of_total(made, made.alone))
            shares.append([losses(made.mixed(share), made.outcome[0]) for share in np.linspace(0, 1, 11)])
            for way in ("BottomUp", "TopDown", "MinT"):
                found[way].append(judged(made, made.reconciled(way)))
            if find_spec("hierarchicalforecast") is not None:
                error = ((made.mint_shrink()[0] - made.outcome[0]) ** 2).mean()
                found["mint_shrink"].append([np.nan, np.nan, np.nan, float(error), np.nan])
    best = np.array(shares)[:, np.mean(shares, axis=0).argmin()]
    found["best share"] = [[loss, np.nan, np.nan, np.nan, np.nan] for loss in best]
    return found


def judged(made: Made, tables: Floats) -> list[float]:
    nodes, outcome = len(made.tree), made.outcome
    inside = (outcome[:nodes] >= tables[:nodes, :, 3]) & (outcome[:nodes] <= tables[:nodes, :, 11])
    between = losses(tables[1:nodes], outcome[1:nodes]) if nodes > 1 else np.nan
    items = losses(tables[nodes:], outcome[nodes:])
    top, *_, error, _ = of_total(made, tables[0])
    return [top, between, items, error, float(inside.mean())]


def of_total(made: Made, table: Floats) -> list[float]:
    error = float(((table[:, -1] - made.outcome[0]) ** 2).mean())
    return [losses(table, made.outcome[0]), np.nan, np.nan, error, np.nan]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default=",".join(FAMILIES))
    asked = parser.parse_args()
    print(LINE.format("family", "", "top", "categories", "items", "MSE of top", "coverage"))
    ratios: dict[str, dict[str, Floats]] = defaultdict(dict)
    for family in asked.only.split(","):
        found = compare(family, asked.seeds)
        own = np.array(found["own"])
        print(LINE.format(family, "own", "1", "1", "1", "1", f"{own[:, 4].mean():.2f}"))
        for way in WAYS:
            if way in found:
                table = np.array(found[way])
                ratio = table[:, :4].mean(axis=0) / own[:, :4].mean(axis=0)
                ratios[way][family] = ratio
                print(LINE.format("", way, *told(ratio), *told(table[:, 4:].mean(axis=0), 2)), flush=True)
    for name, families in (("all", FAMILIES), ("untuned", UNTUNED)):
        for place, (way, each) in enumerate(ratios.items()):
            logs = np.log([ratio for family, ratio in each.items() if family in families] or [[np.nan] * 4])
            known = np.isfinite(logs).any(axis=0)
            mean = np.full(4, np.nan)
            mean[known] = np.exp(np.nanmean(logs[:, known], axis=0))
            print(LINE.format("" if place else name, way, *told(mean), ""))


def told(numbers: Floats, digits: int = 3) -> list[str]:
    return ["" if np.isnan(one) else f"{one:.{digits}f}" for one in numbers]


if __name__ == "__main__":
    main()
