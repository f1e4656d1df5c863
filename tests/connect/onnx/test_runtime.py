"""ONNX Runtime computes what the engine forecasts, at every step of every kind of model."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from stepcast.cli.kept_run import RUN, read_run
from stepcast.connect.errors import ConnectorError
from stepcast.connect.exchange.item import Item, find_item
from stepcast.connect.exchange.item_model import ItemModel
from stepcast.connect.finished_run import find
from stepcast.connect.onnx.document import document
from stepcast.connect.onnx.networks import onnx_model
from stepcast.engine import archive
from stepcast.engine.auto.series.covariates import fit_encoder
from stepcast.engine.neural.grid import grid_of
from stepcast.engine.neural.learned import Fitted, Learned, Typical
from stepcast.engine.neural.shape import shape_of
from stepcast.engine.panel import Panel
from stepcast.engine.task import Task
from stepcast.pipeline import layout
from tests.connect.exchange.runs import ITEMS, SHORT, explained


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return explained(tmp_path_factory)


@pytest.fixture(scope="module")
def items(kept: Path) -> list[Item]:
    run = find(read_run(kept), "")
    return [find_item(run, f"item {number}") for number in range(ITEMS)]


@pytest.fixture(scope="module", params=["CNN-QR", "LSTM"])
def network(
    kept: Path, items: list[Item], request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[Item]:
    """Items of a run that keeps a network, whose weights nobody has trained: any others would do as well."""
    algorithm = request.param
    folder = tmp_path_factory.mktemp("network")
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    run = find(read_run(folder), "")
    (shard,) = run.shards()
    task = replace(items[0].task, algorithm=algorithm)
    learned = untrained(shard.panel, task)
    (folder / RUN / layout.kept_shared(run.manifest.predictor)).write_bytes(archive.to_bytes(learned))
    return [replace(item, run=run, task=task) for item in items]


def untrained(panel: Panel, task: Task) -> Learned:
    """Two networks, with related features and categories, that look back for two weeks."""
    encoder = fit_encoder(panel, task)
    shape = shape_of(panel.frequency, max(map(len, panel.values)), task.horizon, 16)
    grid = grid_of(panel, encoder, shape.seen, task.horizon)
    typical = Typical(np.empty((0, 1), np.int64), np.empty(0), np.empty(0))
    none = Fitted((), 1.0)
    shared = grid.shared.shape[1]
    learned = Learned(task.algorithm, {}, encoder, shape, shared, none, none, typical)
    networks = tuple(learned.network().weights(seed) for seed in (1, 2))
    random = np.random.default_rng(3)
    for weights in networks:
        for name, array in weights.items():
            weights[name] = array + random.normal(scale=0.05, size=array.shape).astype("f4")
    return replace(learned, final=Fitted(networks, 1.2))


def session_of(model: ItemModel) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it refuses is raised, too
    return onnxruntime.InferenceSession(document(model), options, providers=["CPUExecutionProvider"])


def computed(model: ItemModel, **inputs: Any) -> Any:
    """(steps, outputs) as the model has them; all steps unless ``inputs`` has others."""
    given = {"step": np.arange(1, model.horizon + 1), **inputs}
    return np.stack(session_of(model).run(list(model.outputs), given), axis=-1)


@pytest.mark.parametrize("algorithm", ["SeasonalNaive", "ETS", "ARIMA", "ridge", "trees"])
def test_every_step_is_the_engines(items: list[Item], algorithm: str) -> None:
    for item in items:
        model = onnx_model(item, algorithm)

        size = np.abs(model.expected).max()
        np.testing.assert_allclose(computed(model), model.expected, rtol=1e-5, atol=1e-5 * size)


def test_every_step_of_a_network_is_the_engines(network: list[Item]) -> None:
    """Related features, categories and all that is known of the calendar included."""
    for item in network:
        model = onnx_model(item, item.task.algorithm)
        made = computed(model)

        size = np.abs(model.expected).max()
        np.testing.assert_allclose(made, model.expected, rtol=1e-5, atol=1e-5 * size)


def test_a_network_takes_newer_values(network: list[Item]) -> None:
    """It sees values in units of their own: twice as large, they are forecast twice as large."""
    item = network[0]
    model = onnx_model(item, item.task.algorithm)

    doubled = computed(model, latest_values=2 * model.latest)
    unknown = computed(model, latest_values=np.full_like(model.latest, np.nan))
    np.testing.assert_allclose(doubled, 2 * model.expected, rtol=1e-5)
    assert np.isfinite(unknown).all()


def test_the_ridge_takes_newer_values(items: list[Item]) -> None:
    model = onnx_model(items[0], "ridge")

    moved = computed(model, latest_values=model.latest + 1000.0)
    np.testing.assert_allclose(moved, model.expected + 1000.0, rtol=1e-9)


@pytest.mark.parametrize("algorithm", ["SeasonalNaive", "ETS", "trees"])
@pytest.mark.parametrize("step", [0, -1, 8, -(2**40)])
def test_what_is_no_step_is_refused(items: list[Item], algorithm: str, step: int) -> None:
    """ETS of the short item is one number at every step: it refuses them, too."""
    with pytest.raises(Exception, match="out of data bounds"):
        computed(onnx_model(items[SHORT], algorithm), step=np.array([1, step]))


def test_the_file_says_what_it_is_and_is_always_the_same(items: list[Item]) -> None:
    model = onnx_model(items[0], "ridge")
    made = onnx.load_from_string(document(model))

    assert document(model) == document(onnx_model(items[0], "Ridge"))
    assert {one.key: one.value for one in made.metadata_props}["item"] == "item 0"
    assert "Output mean: the point forecast." in made.graph.doc_string
    assert [one.name for one in made.graph.input] == ["step", "latest_values"]
    assert "1 is 2026-07-20" in made.graph.input[0].doc_string


@pytest.mark.parametrize(
    ("algorithm", "match"),
    [
        ("Deep_AR_Plus", "quantiles are those of paths that it samples; train CNN-QR or LSTM"),
        ("AutoPredictor", "no single model; export ETS, ARIMA or SeasonalNaive"),
        (
            "CNN-QR",
            r"forecasts by AutoPredictor, which did not train it; export ETS, ARIMA or SeasonalNaive, .* its "
            r'ridge or trees, or run again with "AlgorithmArn": "arn:aws:forecast:::algorithm/CNN-QR"',
        ),
    ],
)
def test_what_cannot_be_exported_is_refused_with_the_nearest_that_can(
    items: list[Item], algorithm: str, match: str
) -> None:
    with pytest.raises(ConnectorError, match=match):
        onnx_model(items[0], algorithm)


def test_a_network_that_has_joined_the_autopredictor_is_no_model_by_itself(items: list[Item]) -> None:
    joined = replace(items[0], task=replace(items[0].task, network="LSTM"))

    with pytest.raises(
        ConnectorError, match="forecasts by AutoPredictor, of which it is only a part; export"
    ):
        onnx_model(joined, "LSTM")
