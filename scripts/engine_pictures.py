"""Draw the pictures of docs/explanation/engine.md, of the project's own data."""

from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib import pyplot as plt

import stepcast

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "explanation" / "engine"
DATA = ROOT / "testing-data" / "train" / "households-2024-25.csv"
HORIZON = 72  # hours
LEVELS = tuple(round(0.05 * step, 2) for step in range(1, 20))
ITEM = "villa"
ACTUAL, FORECAST = "#444444", "#3f51b5"


def main() -> None:
    mpl.use("Agg")
    mpl.rcParams.update(
        {"svg.hashsalt": "stepcast", "svg.fonttype": "none", "font.size": 9, "axes.spines.top": False}
    )
    mpl.rcParams.update({"axes.spines.right": False, "figure.figsize": (7.5, 2.6)})
    mpl.rcParams["date.converter"] = "concise"
    df = pd.read_csv(DATA, names=["timestamp", "target_value", "item_id"], parse_dates=["timestamp"])
    df = df[df["timestamp"] >= "2025-04-01"]
    fitted = stepcast.Forecaster(HORIZON, quantiles=LEVELS, windows=5).fit(df)
    origins(df, fitted.backtest())
    weights(fitted)
    fan(df, fitted.predict())


def origins(df: pd.DataFrame, tested: pd.DataFrame) -> None:
    """What would have been forecast from five origins, and what came."""
    one = tested[tested["item_id"] == ITEM]
    past = df[(df["item_id"] == ITEM) & (df["timestamp"] >= one["timestamp"].min() - pd.Timedelta(days=4))]
    figure, axes = plt.subplots()
    axes.plot(past["timestamp"], past["target_value"], color=ACTUAL, lw=0.8, label="what came")
    for number, (_, window) in enumerate(one.groupby("window")):
        axes.plot(window["timestamp"], window["p50"], color=FORECAST, lw=1.2, label=None if number else "p50")
        axes.fill_between(window["timestamp"], window["p10"], window["p90"], color=FORECAST, alpha=0.2, lw=0)
        axes.axvline(window["timestamp"].min(), color=ACTUAL, lw=0.6, ls=":")
    axes.legend(frameon=False, loc="upper right", ncols=2)
    axes.set_ylabel("kWh")
    keep(figure, "origins")


def weights(fitted: stepcast.Forecaster) -> None:
    """The heaviest members of two items."""
    figure, both = plt.subplots(1, 2, layout="constrained")
    for axes, item in zip(both, (ITEM, "attic"), strict=True):
        heaviest = fitted.explain(item).weights[:7][::-1]
        axes.barh([name for name, _ in heaviest], [weight for _, weight in heaviest], color=FORECAST)
        axes.set_title(item)
    keep(figure, "weights")


def fan(df: pd.DataFrame, made: pd.DataFrame) -> None:
    """All quantiles of one forecast."""
    one = made[made["item_id"] == ITEM]
    past = df[(df["item_id"] == ITEM) & (df["timestamp"] >= df["timestamp"].max() - pd.Timedelta(days=4))]
    figure, axes = plt.subplots()
    axes.plot(past["timestamp"], past["target_value"], color=ACTUAL, lw=0.8)
    for low, high in zip(LEVELS[:9], LEVELS[:9:-1], strict=True):
        name = [f"p{round(level * 100)}" for level in (low, high)]
        axes.fill_between(one["timestamp"], one[name[0]], one[name[1]], color=FORECAST, alpha=0.09, lw=0)
    axes.plot(one["timestamp"], one["p50"], color=FORECAST, lw=1.2)
    axes.set_ylabel("kWh")
    keep(figure, "fan")


def keep(figure: plt.Figure, name: str) -> None:
    figure.savefig(OUT / f"{name}.svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
