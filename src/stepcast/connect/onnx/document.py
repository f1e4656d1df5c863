"""An item's model as an ONNX file. Source: https://onnx.ai/onnx/intro/concepts.html."""

import numpy as np

from stepcast.connect.exchange.formulas import Sum, Table
from stepcast.connect.exchange.item_model import ItemModel
from stepcast.connect.exchange.words import STEP, documentation, output_meaning, step_meaning
from stepcast.connect.onnx.formulas import Writer
from stepcast.connect.onnx.graph import Graph
from stepcast.connect.onnx.networks import NETWORKS, add_network
from stepcast.version import __version__

__all__ = ["document"]

LATEST = "latest_values"


def document(model: ItemModel) -> bytes:
    """The file; the same model gives the same bytes. Input and outputs are (steps,)."""
    model.check()
    graph = Graph()
    index = _index(graph, model)
    latest = ""
    if len(model.latest):
        meaning = "the last value first; where they are left out, those that the run knew"
        latest = graph.optional(LATEST, model.latest, meaning)
    made = (
        _networks(graph, model, index, latest)
        if model.algorithm in NETWORKS
        else _formulas(graph, model, index, latest)
    )
    for name, value in made.items():
        graph.output(name, value, ["steps"], output_meaning(name))
    return _finished(graph, model)


def _formulas(graph: Graph, model: ItemModel, index: str, latest: str) -> dict[str, str]:
    writer = Writer(graph, index, model.horizon, latest)
    # One for each step, also where the formula is a number.
    zeros = Table(np.zeros(model.horizon))
    return {name: writer.write(Sum((formula, zeros))) for name, formula in model.outputs.items()}


def _networks(graph: Graph, model: ItemModel, index: str, latest: str) -> dict[str, str]:
    """A network forecasts all steps at once: those that are asked for are picked."""
    made = add_network(graph, model, latest)
    return {name: graph.add("Gather", value, index) for name, value in made.items()}


def _index(graph: Graph, model: ItemModel) -> str:
    """The place of each step, from 0 on. One that is no step is given a place that does not exist, because
    runtimes refuse that, but count places below 0 from the end."""
    step = graph.input(STEP, np.int64, ["steps"], step_meaning(model))
    one = graph.constant(np.int64(1))
    place = graph.add("Sub", step, one)
    before = graph.add("Less", step, one)
    return graph.add("Where", before, graph.constant(np.int64(model.horizon)), place)


def _finished(graph: Graph, model: ItemModel) -> bytes:
    item, manifest = model.item, model.item.run.manifest
    properties = {
        "item": item.name,
        "target": item.target,
        "algorithm": model.algorithm,
        "predictor": manifest.predictor,
        "vintage": manifest.vintage,
        "first": item.moments[0],
        "last": item.moments[-1],
    }
    lines = "\n".join(documentation(model, LATEST))
    return graph.model(model.algorithm, lines, __version__, properties)
