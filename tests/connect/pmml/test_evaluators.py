"""JPMML and PMML4S compute what the engine forecasts, at every step of every kind of model."""

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from stepcast import engine
from stepcast.cli.kept_run import read_run
from stepcast.connect.exchange.formula_models import exported
from stepcast.connect.exchange.formulas import Number, Sum
from stepcast.connect.exchange.item import Item, find_item
from stepcast.connect.exchange.item_model import ItemModel
from stepcast.connect.finished_run import find
from stepcast.connect.pmml.document import document
from tests.connect.exchange.runs import ITEMS, explained
from tests.connect.pmml.evaluators import Answer, Question, evaluate

ALGORITHMS = ("SeasonalNaive", "ETS", "ARIMA", "ridge", "trees")
# Every form is fitted to some item, and to each but one: choosing among them takes most of the time.
FORMS = [
    dict(zip(("error", "trend", "seasonal"), form, strict=True))
    for form in product(("additive", "multiplicative"), ("none", "damped"), ("none", "always"))
]
ORDERS = [dict(zip("pdq", order, strict=True)) for order in ("000", "100", "011", "111", "210", "012")]


ODD = """<a & "b" 'c'> Öl"""
NO_STEPS = [{"step": 0}, {"step": 8}, {"step": -1}, {"step": "tomorrow"}, {"stop": 1}, {"step": 1.5}]
HIGHER = 1000.0


@dataclass(frozen=True)
class Asked:
    """A model's answers to all steps, and to what ``others`` asks."""

    model: ItemModel
    file: Path
    answers: tuple[tuple[Answer, Answer], ...]
    others: tuple[tuple[Answer, Answer], ...]


def others(algorithm: str, number: int, model: ItemModel) -> list[dict[str, object]]:
    """Questions besides the steps."""
    if number or algorithm not in ("ETS", "ridge"):
        return []
    if algorithm == "ETS":
        return [dict(fields) for fields in NO_STEPS]
    newer = {f"value_{back}_back": float(value) for back, value in enumerate(model.latest + HIGHER, 1)}
    return [{"step": 1, **newer}]


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[Item]:
    run = find(read_run(explained(tmp_path_factory)), "")
    return [find_item(run, f"item {number}") for number in range(ITEMS)]


def nearly_zero(model: ItemModel) -> ItemModel:
    """Moved so that its first P10 is a tiny difference of large numbers, which JPMML verifies, too."""
    name, size = "p10", float(np.abs(model.expected).max())
    moved = model.expected[0, 0] - 3e-9 * size
    expected = model.expected.copy()
    expected[:, 0] -= moved
    outputs = {**model.outputs, name: Sum((model.outputs[name], Number(-moved)))}
    return replace(model, outputs=outputs, expected=expected)


def asked_of(item: Item, number: int, algorithm: str) -> Item:
    if number == 0:
        item = replace(item, key=(ODD,))
    parameters = {"ETS": FORMS[number % len(FORMS)], "ARIMA": ORDERS[number % len(ORDERS)]}.get(algorithm)
    if parameters is None:
        return item
    return replace(item, task=replace(item.task, algorithm=algorithm, parameters=parameters))


@pytest.fixture(scope="module")
def asked(items: list[Item], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Asked]]:
    """All steps of all models, in one virtual machine."""
    folder = tmp_path_factory.mktemp("pmml")
    models = []
    for algorithm in ALGORITHMS:
        for number, item in enumerate(items):
            model = exported(asked_of(item, number, algorithm), algorithm)
            if algorithm == "ARIMA" and number < len(ORDERS):
                model = nearly_zero(model)
            file = folder / f"{algorithm}-{number}.pmml"
            file.write_bytes(document(model))
            steps: list[dict[str, object]] = [{"step": step} for step in range(1, model.horizon + 1)]
            models.append((algorithm, model, file, steps, others(algorithm, number, model)))
    answers = iter(
        evaluate([Question(file, fields) for *_, file, steps, more in models for fields in (*steps, *more)])
    )
    found: dict[str, list[Asked]] = {algorithm: [] for algorithm in ALGORITHMS}
    for algorithm, model, file, steps, more in models:
        told = tuple(next(answers) for _ in steps), tuple(next(answers) for _ in more)
        found[algorithm].append(Asked(model, file, *told))
    return found


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("evaluator", [0, 1], ids=["JPMML", "PMML4S"])
def test_every_step_of_20_items_is_the_engines(
    asked: dict[str, list[Asked]], algorithm: str, evaluator: int
) -> None:
    for one in asked[algorithm]:
        answers = [pair[evaluator] for pair in one.answers]
        assert [answer.refusal for answer in answers] == [""] * one.model.horizon, one.file
        made = np.array([[answer.outputs[name] for name in one.model.outputs] for answer in answers])

        tolerance = 1e-5 if algorithm == "trees" else 1e-9
        size = np.abs(one.model.expected).max()
        np.testing.assert_allclose(made, one.model.expected, rtol=tolerance, atol=tolerance * size)


@pytest.mark.parametrize("algorithm", ["SeasonalNaive", "ETS", "ARIMA"])
def test_what_is_exported_is_what_a_run_by_that_algorithm_forecasts(
    asked: dict[str, list[Asked]], algorithm: str
) -> None:
    for one in asked[algorithm][len(ORDERS) :: 5]:
        item = one.model.item
        task = replace(item.task, algorithm=algorithm, outputs=(*item.task.quantiles, "mean"))
        forecast = engine.forecast(item.panel, task, engine.train(item.panel, task))

        np.testing.assert_array_equal(one.model.expected, forecast.values[0])
        assert forecast.models == (algorithm,)


def test_the_target_is_the_point_forecast_and_never_negative_where_no_value_was(
    asked: dict[str, list[Asked]],
) -> None:
    """PMML4S leaves the target out where there are outputs: the output mean is the same."""
    for one in asked["ETS"]:
        for jpmml, _ in one.answers:
            assert jpmml.outputs["target_value"] == pytest.approx(jpmml.outputs["mean"], rel=1e-12)
    lowest = {one.model.item.name: one.model.item.history.min() for one in asked["ETS"]}
    assert min(lowest.values()) < 0 < max(lowest.values())


def test_the_ridge_takes_newer_values(asked: dict[str, list[Asked]]) -> None:
    """Its weights add up to one, so that a series that lies 1,000 higher is forecast 1,000 higher."""
    (first, *_) = asked["ridge"]
    ((jpmml, pmml4s),) = first.others

    moved = first.model.expected[0, 0] + HIGHER
    assert jpmml.outputs["mean"] == pytest.approx(moved, rel=1e-9)
    assert pmml4s.outputs["mean"] == pytest.approx(moved, rel=1e-9)


def test_what_is_no_step_is_refused(asked: dict[str, list[Asked]]) -> None:
    """PMML4S answers with no number; and takes 1.5 for 1, which is its limit."""
    answers = asked["ETS"][0].others

    assert len(answers) == len(NO_STEPS)
    for jpmml, _ in answers:
        assert 'Field "step" cannot accept' in jpmml.refusal
    for _, pmml4s in answers[:-1]:
        assert pmml4s.refusal or all(np.isnan(value) for value in pmml4s.outputs.values())
