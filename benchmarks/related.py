"""What related series and holidays are worth: simulated panels whose effects are known, and some without any.

    python benchmarks/related.py [--seeds 4]

For each panel the weighted quantile loss (wQL9) over one horizon that was held back, with the feature over
that without it. A feature of pure chance should change nothing; the oracle, which is given the true effect,
shows what there is to gain.
"""

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

import stepcast
from stepcast.engine.arrays import Floats

HORIZON = 14
QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
EFFECT = {"promotion": 0.4, "rare promotion": 0.4, "price": -0.3, "chance": 0.0}


def panel(kind: str, series: int, days: int, seed: int) -> pd.DataFrame:
    """Daily sales with a week, a wandering level and 10 % of noise, and one feature."""
    chance = np.random.default_rng(seed)
    size = days + HORIZON
    dates = pd.date_range("2024-01-01", periods=size)
    parts = []
    for item in range(series):
        feature = {
            "promotion": lambda: (chance.random(size) < 0.15).astype(float),
            "rare promotion": lambda: (chance.random(size) < 0.03).astype(float),
            "price": lambda: np.repeat(chance.normal(0, 1, -(-size // 10)), 10)[:size],
            "chance": lambda: chance.normal(0, 1, size),
        }[kind]()
        logs = chance.normal(3, 1) + np.cumsum(chance.normal(0, 0.02, size))
        logs = logs + 0.3 * np.sin(np.arange(size) * 2 * np.pi / 7) + chance.normal(0, 0.1, size)
        effect = np.exp(EFFECT[kind] * feature)
        parts.append(
            pd.DataFrame(
                {
                    "item_id": f"item {item}",
                    "timestamp": dates,
                    "target_value": np.exp(logs) * effect,
                    "feature": feature,
                    "effect": effect,
                }
            )
        )
    return pd.concat(parts)


def loss(made: pd.DataFrame, everything: pd.DataFrame) -> float:
    """wQL9, and nothing but: pinball losses over the sum of what came."""
    both = made.merge(everything, on=["item_id", "timestamp"])
    actual: Floats = both["target_value"].to_numpy()
    total = 0.0
    for quantile in QUANTILES:
        error = actual - both[f"p{quantile * 100:.0f}"].to_numpy()
        total += 2 * float(np.maximum(quantile * error, (quantile - 1) * error).sum())
    return total / len(QUANTILES) / float(np.abs(actual).sum())


def scores(kind: str, series: int, days: int, seed: int) -> tuple[float, float, float, float]:
    """wQL9 without the feature, with it, with the true effect taken away; and coverage with it."""
    everything = panel(kind, series, days, seed)
    last = everything["timestamp"].max() - pd.Timedelta(days=HORIZON)
    past = everything.loc[everything["timestamp"] <= last, ["item_id", "timestamp", "target_value", "effect"]]
    rows = past.drop(columns="effect")

    def forecast(df: pd.DataFrame, related: pd.DataFrame | None = None) -> pd.DataFrame:
        fitted = stepcast.Forecaster(HORIZON, quantiles=QUANTILES).fit(df, related=related)
        return fitted.predict()

    without = forecast(rows)
    with_it = forecast(rows, everything[["item_id", "timestamp", "feature"]])
    oracle = forecast(rows.assign(target_value=past["target_value"] / past["effect"]))
    names = [name for name in oracle if name.startswith("p")]
    effect = oracle.merge(everything, on=["item_id", "timestamp"])["effect"].to_numpy()
    oracle[names] = oracle[names].to_numpy() * effect[:, None]
    both = with_it.merge(everything, on=["item_id", "timestamp"])
    covered = both["target_value"].between(both["p10"], both["p90"]).mean()
    return loss(without, everything), loss(with_it, everything), loss(oracle, everything), float(covered)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    seeds = parser.parse_args().seeds
    print("wQL9 over one horizon of 14 days, over that without the feature (geometric mean of seeds)")
    print(f"{'feature':<16} {'series':>6} {'days':>5} {'with it':>8} {'oracle':>7} {'coverage':>9}")
    for kind in EFFECT:
        for series, days in ((1, 90), (3, 180), (3, 400), (30, 180)):
            found = np.array([scores(kind, series, days, seed) for seed in range(seeds)])
            ratios = np.exp(np.log(found[:, 1:3] / found[:, :1]).mean(axis=0))
            coverage = found[:, 3].mean()
            print(
                f"{kind:<16} {series:>6} {days:>5} {ratios[0]:>8.3f} {ratios[1]:>7.3f} {coverage:>9.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
