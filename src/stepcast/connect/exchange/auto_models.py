"""Two parts of an AutoPredictor as formulas: its ridge and its trees, which all series have taught."""

from collections.abc import Iterator

import numpy as np

from stepcast.connect.errors import ConnectorError
from stepcast.connect.exchange.formulas import (
    Forest,
    Formula,
    Greatest,
    Least,
    Linear,
    Named,
    Number,
    Product,
    Sum,
    Table,
)
from stepcast.connect.exchange.item import Item
from stepcast.connect.exchange.item_model import CLOSE, ItemModel
from stepcast.connect.exchange.trees import Tree, pruned, read_booster, used_features
from stepcast.engine.auto.at_end import history_at_end, ridge_at_end
from stepcast.engine.auto.budget import FEW
from stepcast.engine.auto.series.covariates import Covariates
from stepcast.engine.auto.series.history import History
from stepcast.engine.auto.series.quantile_grid import MEDIAN, OUTERMOST
from stepcast.engine.auto.series.seasons import Seasons
from stepcast.engine.auto.shared import Shared
from stepcast.engine.auto.sources.trees import RECENT, features
from stepcast.engine.joined.algorithm import ensemble_of
from stepcast.engine.task import AUTO

__all__ = ["ridge_model", "trees_model"]

AS_GROWN = 1e-5  # what other programs compute with single precision, too


def ridge_model(item: Item) -> ItemModel:
    """The latest values, each times a weight of the step.

    Raises ConnectorError where the run has no ridge, or does not forecast the item by it.
    """
    shared, history = _read(item, "ridge")
    horizon, unit = item.task.horizon, np.ldexp(1.0, history.exponent)
    expected = ridge_at_end(history, horizon, shared.final)
    if expected is None:
        raise ConnectorError(
            f"the AutoPredictor {item.run.manifest.predictor} has no ridge: its series are too short or too "
            "few for one; export ETS, or send more history"
        )
    # Values are centred and scaled before they are weighted, and their mean added again: the scale cancels,
    # and the mean is a weight of its own on every value.
    coefficients = shared.final.after[""].coefficients
    weights = (coefficients + (1 - coefficients.sum(axis=0)) / len(coefficients))[::-1]
    places = len(history) - 1 - np.arange(len(weights))
    latest = history.values[np.maximum(places, 0)]
    linear = latest @ weights
    kept = history.values.min() >= 0
    if not np.allclose(np.maximum(linear, 0.0) if kept else linear, expected, rtol=CLOSE, atol=CLOSE):
        raise ConnectorError(
            f"item {item.name!r} cannot be exported by ridge: its forecast runs away from all that was "
            "observed, so the AutoPredictor takes the last value instead; export ETS"
        )
    point = Named("expected", "the weighted sum of the latest values", Linear(weights))
    form = f"a linear regression on the last {len(weights)} values, one for each step, fitted to all series"
    outputs: dict[str, Formula] = {"mean": Greatest((point, Number(0.0))) if kept else point}
    return ItemModel(item, "ridge", form, point, outputs, expected[:, None] * unit, latest * unit)


def trees_model(item: Item) -> ItemModel:
    """P10, P50 and P90 as LightGBM has learned them. Raises ConnectorError where the run has no trees.

    Features are the item's at each step; branches that it takes at none are left out.
    """
    shared, history = _read(item, "trees")
    horizon, trees = item.task.horizon, shared.final.trees
    if trees is None:
        why = shared.final.omitted or f"they are grown from {FEW} series with enough history on"
        raise ConnectorError(
            f"the AutoPredictor {item.run.manifest.predictor} has no trees: {why}; export ETS or ridge"
        )
    origin = np.array([len(history)])
    (table,), (middle,), (scale,) = features(history, origin, trees.seasons, np.arange(horizon)[None])
    unit = np.ldexp(1.0, history.exponent)
    columns = [
        Named(name, meaning, Table(column))
        for (name, meaning), column in zip(_described(history, trees.seasons), table.T, strict=True)
    ]
    grown = [pruned(read_booster(text), table) for text in trees.boosters]
    low, mid, high = (
        Named(
            f"trees_{name}",
            f"what the trees of {name} add up to, relative to the window",
            _forest(forest, columns),
        )
        for name, forest in zip(("p10", "p50", "p90"), grown, strict=True)
    )
    kept = history.values.min() >= 0

    def restored(formula: Formula) -> Formula:
        made = Sum((Number(middle * unit), Product((Number(scale * unit), formula))))
        return Greatest((made, Number(0.0))) if kept else made

    # Grown apart, they may cross: lowest, middle and highest of the three.
    between = Greatest((Least((low, mid)), Least((Greatest((low, mid)), high))))
    point = Named("expected", "the median, in the units of the series", restored(between))
    outputs: dict[str, Formula] = {
        "p10": restored(Least((low, mid, high))),
        "p50": point,
        "p90": restored(Greatest((low, mid, high))),
    }
    expected = trees.quantiles([history], origin, horizon)[0][:, [OUTERMOST, MEDIAN, -1 - OUTERMOST]] * unit
    expected = np.maximum(expected, 0.0) if kept else expected
    form = (
        f"gradient boosted trees of LightGBM for three quantiles, {len(grown[0])} each, grown on all series, "
        "with the branches that this item takes"
    )
    return ItemModel(item, "trees", form, point, outputs, expected, tolerance=AS_GROWN)


def _read(item: Item, part: str) -> tuple[Shared, History]:
    predictor = item.run.manifest.predictor
    if item.task.algorithm != AUTO:
        raise ConnectorError(
            f"{part} is a part of an AutoPredictor, and predictor {predictor} is {item.task.algorithm}: "
            "export ETS, or train with PerformAutoML true"
        )
    learned = item.run.learned()
    if learned is None:
        raise ConnectorError(f"what predictor {predictor} learned is no longer stored: run it again")
    shared = ensemble_of(item.task, learned)
    history = history_at_end(item.panel, item.task, shared)
    if not len(history):
        raise ConnectorError(
            f"item {item.name!r} cannot be exported: no value was observed; send at least one"
        )
    return shared, history


def _forest(trees: tuple[Tree, ...], columns: list[Named]) -> Forest:
    return Forest(trees, {place: columns[place] for place in sorted(used_features(trees))})


def _described(history: History, seasons: Seasons) -> Iterator[tuple[str, str]]:
    """Name and meaning of each of the trees' features, in the order of ``features``."""
    yield "periods_after_first", "periods after the first one that is forecast"
    for name, season, most in (("season", seasons.short, 3), ("long_season", seasons.long, 2)):
        if season > 1:
            for cycle in range(1, most + 1):
                yield (
                    f"value_{cycle}_{name}_before",
                    f"the value {cycle} times {season} periods earlier, relative",
                )
    for back in range(1, RECENT + 1):
        yield (
            f"last_value_{back}",
            f"the value {back} periods before the first one that is forecast, relative",
        )
    for name, meaning in (
        ("mean_3", "mean of the last 3 values, relative"),
        ("mean_6", "mean of the last 6 values, relative"),
        ("mean_long", "mean of twice the window, relative"),
        ("log_spread", "logarithm of the spread by the level"),
        ("log_length", "logarithm of the number of values"),
        ("lowest", "lowest value of the window, relative"),
        ("highest", "highest value of the window, relative"),
    ):
        yield name, meaning
    if seasons.short > 1:
        yield "season_change", "last value less that a season earlier, relative"
        yield "season_mean", "mean of the last season, relative"
        yield "season_mean_change", "mean of the last season less that before, relative"
    if history.covariates is not None:
        yield from _covariates(history.covariates)


def _covariates(covariates: Covariates) -> Iterator[tuple[str, str]]:
    for place in range(1, len(covariates.related) + 1):
        yield f"related_{place}", f"related feature {place}"
        yield f"related_{place}_relative", f"related feature {place}, relative to its usual value"
    if covariates.labels:
        for name in ("day_before", "day", "day_after"):
            yield f"holiday_{name}", f"whether the {name.replace('_', ' ')} is a holiday"
    for place in range(1, len(covariates.codes) + 1):
        yield f"category_{place}", f"number of the category of attribute {place}"
