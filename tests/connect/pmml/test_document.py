"""A PMML file explains itself, whatever items and columns are called, and says no where it cannot."""

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from stepcast.cli.app import app
from stepcast.cli.kept_run import read_run
from stepcast.connect.errors import ConnectorError
from stepcast.connect.exchange.formula_models import exported
from stepcast.connect.exchange.item import Item, find_item
from stepcast.connect.finished_run import FinishedRun, find
from stepcast.connect.pmml.document import document
from stepcast.engine.panel import Panel
from tests.connect.exchange.runs import finished
from tests.pipeline.given import MINIMAL

PMML = "{http://www.dmg.org/PMML-4_4}"
ODD = """<a & "b" 'c'> Öl\u200b\ufffe"""  # the last of which no XML can hold
DAYS = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a run by NPTS, of items with odd names in two shops."""
    path = tmp_path_factory.mktemp("odd")
    dataset = copy.deepcopy(MINIMAL["Datasets"][0])
    columns = ("item_id", "timestamp", "target_value", "shop")
    kinds = ("string", "timestamp", "float", "string")
    dataset["Schema"]["Attributes"] = [
        {"AttributeName": name, "AttributeType": kind} for name, kind in zip(columns, kinds, strict=True)
    ]
    predictor = {
        "PredictorName": "Odd",
        "ForecastHorizon": 3,
        "FeaturizationConfig": {"ForecastFrequency": "D", "ForecastDimensions": ["shop"]},
        "AlgorithmArn": "arn:aws:forecast:::algorithm/NPTS",
    }
    days = np.datetime64("2026-01-01") + np.arange(DAYS)
    quoted = '"' + ODD.replace('"', '""') + '"'
    series = [(quoted, "Köln"), ("lamp", "Köln"), ("lamp", "Rome")]
    lines = [
        f"{item},{day},{number % 7 + number / 10},{shop}\n"
        for item, shop in series
        for number, day in enumerate(days)
    ]
    finished(path, "".join(lines), Datasets=[dataset], Predictor=predictor)
    return path


@pytest.fixture(scope="module")
def run(folder: Path) -> FinishedRun:
    return find(read_run(folder), "")


def texts(content: bytes, element: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(content).iter(PMML + element)]  # noqa: S314 - ours


def test_a_name_may_hold_what_xml_reserves(run: FinishedRun) -> None:
    item = find_item(run, ODD)
    content = document(exported(item, "SeasonalNaive"))
    series, *_ = texts(content, "Annotation")
    assert series.startswith("Series: item_id ")
    assert "Öl" in series
    assert "\\ufffe" in series
    assert "shop 'Köln'; target target_value; a period is D." in series


def test_the_same_run_gives_the_same_bytes(run: FinishedRun) -> None:
    twice = [document(exported(find_item(run, "lamp / Rome"), "ETS")) for _ in range(2)]

    assert twice[0] == twice[1]


def test_it_says_what_goes_in_and_what_comes_out(run: FinishedRun) -> None:
    told = texts(document(exported(find_item(run, "lamp / Rome"), "SeasonalNaive")), "Annotation")

    assert told[:4] == [
        "Series: item_id 'lamp', shop 'Rome'; target target_value; a period is D.",
        "Model: SeasonalNaive: the last season of 7 periods, repeated.",
        "Input step: how many periods ahead: 1 is 2026-02-10T00:00:00, 3 is 2026-02-12T00:00:00.",
        "Output p10: what the value is below with a probability of 10%.",
    ]
    assert "Output mean: the point forecast." in told


def test_an_item_is_found_by_its_whole_name_or_the_part_that_tells_it(run: FinishedRun) -> None:
    assert find_item(run, "lamp / Rome").key == ("lamp", "Rome")
    assert find_item(run, ODD).name.endswith(" / Köln")
    with pytest.raises(ConnectorError, match="'lamp' has 2 series: give one of them, such as 'lamp / Köln'"):
        find_item(run, "lamp")
    with pytest.raises(ConnectorError, match="has no item 'lmp': did you mean 'lamp / "):
        find_item(run, "lmp")


@pytest.mark.parametrize(
    ("algorithm", "match"),
    [
        ("NPTS", "NPTS cannot be exported: it samples past values"),
        ("npts", "export ETS, ARIMA or SeasonalNaive"),
        ("Prophet", "trends that it samples"),
        ("CNN-QR", "PMML has no convolutions and no recurrent layers; use stepcast export onnx"),
        ("Keras", "export that with Keras"),
        ("ridge", "part of an AutoPredictor, and predictor .* is NPTS: export ETS"),
        (
            "LightGBM",
            "no algorithm 'LightGBM' to export: choose from SeasonalNaive, ETS, ARIMA, ridge, trees",
        ),
    ],
)
def test_what_cannot_be_exported_is_refused_with_the_nearest_that_can(
    run: FinishedRun, algorithm: str, match: str
) -> None:
    with pytest.raises(ConnectorError, match=match):
        exported(find_item(run, "lamp / Rome"), algorithm)


def series_of(item: Item, values: list[float]) -> Item:
    history = np.array(values)
    panel = Panel(("x",), (history,), (np.isfinite(history),), item.panel.end, item.panel.frequency)
    return replace(item, panel=panel)


@pytest.mark.parametrize(
    ("values", "algorithm", "match"),
    [
        ([np.nan, np.nan], "SeasonalNaive", r"no value was observed\); send more history$"),
        (
            [1.0, 2.0],
            "ETS",
            "needs 5 observations but there are only 2.*export SeasonalNaive, which stands in",
        ),
        ([3.0] * 30, "ARIMA", "all values are equal, so there is nothing to estimate"),
        ([1.7e308, -1.7e308] * 30, "SeasonalNaive", "limits of floating point; rescale the target"),
    ],
)
def test_an_item_that_cannot_be_fitted_is_refused_with_the_reason(
    run: FinishedRun, values: list[float], algorithm: str, match: str
) -> None:
    with pytest.raises(ConnectorError, match=match):
        document(exported(series_of(find_item(run, "lamp / Rome"), values), algorithm))


def test_formulas_that_do_not_give_the_forecast_are_not_written(run: FinishedRun) -> None:
    model = exported(find_item(run, "lamp / Rome"), "SeasonalNaive")

    with pytest.raises(ConnectorError, match="its formulas do not give the engine's forecast"):
        document(replace(model, expected=model.expected * (1 + 1e-8)))


def export(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


def test_the_command_writes_a_file_and_says_which(run: FinishedRun, folder: Path, tmp_path: Path) -> None:
    chosen = ("pmml", "--results", folder, "--item", "lamp / Rome", "--algorithm", "seasonalnaive")
    file = tmp_path / "lamp.pmml"
    written = export(*chosen, "--out", file, "--json")
    facts: dict[str, Any] = json.loads(written.stdout)

    assert file.read_bytes() == document(exported(find_item(run, "lamp / Rome"), "SeasonalNaive"))
    assert (facts["item"], facts["algorithm"], facts["horizon"]) == ("lamp / Rome", "SeasonalNaive", 3)
    assert facts["outputs"] == ["p10", "p50", "p90", "mean"]


def test_the_command_refuses_in_a_line(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "lamp.onnx"
    refused = export("onnx", "--results", folder, "--item", "lamp / Rome", "--out", file)

    assert refused.exit_code == 1
    assert refused.stderr.startswith("stepcast: NPTS cannot be exported: it samples past values")
    assert not file.exists()
