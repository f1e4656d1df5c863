"""CNN-QR and LSTM as ONNX: the weights that the run has learned, and all that makes windows of values."""

import numpy as np

from stepcast.connect.errors import ConnectorError
from stepcast.connect.exchange.formula_models import NEAREST, exported, spelled
from stepcast.connect.exchange.formulas import Named, Table
from stepcast.connect.exchange.item import Item
from stepcast.connect.exchange.item_model import ItemModel
from stepcast.connect.onnx.graph import Graph
from stepcast.connect.onnx.traced import Traced
from stepcast.engine import archive
from stepcast.engine.arrays import Floats
from stepcast.engine.auto.series.quantile_grid import MEDIAN, outputs_of
from stepcast.engine.neural.arrays import Array
from stepcast.engine.neural.grid import grid_of
from stepcast.engine.neural.learned import Learned
from stepcast.engine.neural.units import prescaled
from stepcast.engine.neural.windows import columns_of
from stepcast.engine.task import Outputs
from stepcast.pipeline.params import ALGORITHM_ARN, output_label

__all__ = ["NETWORKS", "add_network", "onnx_model"]

NETWORKS = ("CNN-QR", "LSTM")
SINGLE = 1e-5  # networks are of single precision


def onnx_model(item: Item, algorithm: str) -> ItemModel:
    """What can be exported as formulas, or a network. Raises ConnectorError where it is neither."""
    name = spelled(algorithm)
    return _network_model(item, name) if name in NETWORKS else exported(item, name)


def _network_model(item: Item, algorithm: str) -> ItemModel:
    """What the network forecasts for the item, as a table: ``add_network`` writes the network itself.

    Raises ConnectorError where the run has no such network, or the item no value.
    """
    learned = _learned(item, algorithm)
    tables = learned.tables(item.panel, learned.final, 0)
    outputs: Outputs = (*item.task.quantiles, "mean")
    expected = outputs_of(tables, outputs)[0]
    shape, count = learned.shape, len(learned.final.networks)
    networks = "one network" if count == 1 else f"the mean of {count} networks"
    form = (
        f"{networks} of single precision on the last {shape.context} values, and some up to {shape.seen} back"
    )
    columns = {
        output_label(output): Table(column) for output, column in zip(outputs, expected.T, strict=True)
    }
    point = Named("expected", "the point forecast", columns["mean"])
    return ItemModel(item, algorithm, form, point, dict(columns), expected, _latest(item, shape.seen), SINGLE)


def add_network(graph: Graph, model: ItemModel, latest: str) -> dict[str, str]:
    """Each output (horizon,) by name, computed from the input ``latest``: the last value first."""
    item = model.item
    learned = _learned(item, model.algorithm)
    network, shape = learned.network(), learned.shape
    small, (power,) = prescaled(item.panel, shape.units, 0)
    grid = grid_of(small, learned.encoder, shape.seen, shape.horizon)
    columns = columns_of(grid, shape, learned.encoder)
    given: Array = Traced(graph, latest, model.latest)[::-1] * float(np.ldexp(1.0, -power))
    known = np.logical_not(np.isnan(given))
    values = np.where(known, given, 0.0)
    # Room on both sides, as ``columns_of`` leaves it.
    before, after = np.zeros(shape.seen), np.zeros(shape.horizon)
    values = np.concatenate([before, values, after]).reshape(1, -1)
    known = np.concatenate([before > 0, known, after > 0]).reshape(1, -1)
    columns = columns._replace(values=values, known=known)
    row, origin, seed = np.zeros(1, np.int64), np.array([grid.length]), np.zeros(1, np.int64)
    made = [network.forecast(weights, columns, row, origin, seed) for weights in learned.final.networks]
    table = sum(made[1:], made[0])[0] / float(len(made))
    quantiles, median = table[..., :-1], table[..., MEDIAN : MEDIAN + 1]
    quantiles = median + (quantiles - median) * learned.final.width
    table = np.concatenate([quantiles, table[..., -1:]], axis=-1) * float(np.ldexp(1.0, power))
    if np.nanmin(item.history) >= 0:
        table = np.maximum(table, 0.0)
    outputs: Outputs = (*item.task.quantiles, "mean")
    columns_made: Array = outputs_of(table, outputs)
    return {output_label(one): columns_made[..., place].name for place, one in enumerate(outputs)}


def _learned(item: Item, algorithm: str) -> Learned:
    content = item.run.learned() if item.task.algorithm == algorithm else None
    if content is None:
        part = "of which it is only a part" if item.task.network == algorithm else "which did not train it"
        raise ConnectorError(
            f"{algorithm} cannot be exported: predictor {item.run.manifest.predictor} forecasts by "
            f"{item.task.algorithm}, {part}; {NEAREST}, or run again with "
            f'"AlgorithmArn": "{ALGORITHM_ARN}{algorithm}" and without PerformAutoML in params.json'
        )
    if not np.isfinite(item.history).any():
        raise ConnectorError(
            f"item {item.name!r} cannot be exported: no value was observed; send at least one"
        )
    return archive.from_bytes(Learned, content)


def _latest(item: Item, count: int) -> Floats:
    """The last ``count`` values, the last one first; nan before the first."""
    latest = np.full(count, np.nan)
    values = item.history[::-1][:count]
    latest[: len(values)] = np.where(np.isfinite(values), values, np.nan)
    return latest
