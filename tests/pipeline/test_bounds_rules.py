"""Predictor.Bounds in params.json: what is taken, and what is refused with a remedy."""

import json
from typing import Any

import pytest

from stepcast.engine.known_bounds import Bounds
from stepcast.pipeline.params import ALGORITHM_ARN
from stepcast.pipeline.read_params import read_params
from stepcast.pipeline.task import task_of
from tests.pipeline.given import params_bytes, params_document

DEEP_AR = {"Predictor__AlgorithmArn": f"{ALGORITHM_ARN}Deep_AR_Plus", "Predictor__PerformAutoML": False}
METADATA = {
    "DatasetName": "Plants",
    "Domain": "CUSTOM",
    "DatasetType": "ITEM_METADATA",
    "Schema": {
        "Attributes": [
            {"AttributeName": name, "AttributeType": "string"} for name in ("item_id", "capacity", "site")
        ]
    },
}


def with_metadata(bounds: dict[str, Any]) -> bytes:
    document = params_document(Predictor__Bounds=bounds)
    document["Datasets"].append(METADATA)
    return json.dumps(document).encode()


def test_bounds_reach_the_task() -> None:
    numbers, _ = read_params(params_bytes(Predictor__Bounds={"Minimum": 0, "Maximum": 100}))
    columns, problems = read_params(with_metadata({"Minimum": -1.5, "MaximumAttribute": "capacity"}))

    assert numbers is not None
    assert task_of(numbers).bounds == Bounds(0, 100)
    assert problems == []
    assert columns is not None
    assert task_of(columns).bounds == Bounds(-1.5, "capacity")


@pytest.mark.parametrize(
    ("bounds", "more", "said"),
    [
        ({"Minimum": 5, "Maximum": 5}, {}, "Minimum is 5 and Maximum is 5"),
        ({}, {}, "Add Minimum or Maximum, or remove Bounds"),
        ({"Minimum": True}, {}, "true is not allowed"),
        ({"Minimum": 0, "MinimumAttribute": "least"}, {}, "both Minimum and MinimumAttribute"),
        ({"MaximumAttribute": "capacity"}, {}, "Add a dataset of type ITEM_METADATA"),
        ({"Lowest": 0}, {}, "Lowest"),
        (
            {"Minimum": -5},
            {**DEEP_AR, "Predictor__TrainingParameters": {"likelihood": "negative-binomial"}},
            "negative-binomial draws no value below 0, but Minimum is -5. Choose another likelihood",
        ),
        (
            {"Maximum": 100},
            {**DEEP_AR, "Predictor__TrainingParameters": {"likelihood": "beta"}},
            "beta draws no value above 1, but Maximum is 100",
        ),
    ],
)
def test_what_cannot_hold_is_refused(bounds: dict[str, Any], more: dict[str, Any], said: str) -> None:
    params, problems = read_params(params_bytes(Predictor__Bounds=bounds, **more))

    assert params is None
    assert any(said in str(problem) for problem in problems), problems


def test_an_attribute_is_found_by_what_was_meant() -> None:
    params, (problem,) = read_params(with_metadata({"MaximumAttribute": "capasity"}))

    assert params is None
    assert problem.remedy == "Did you mean 'capacity'? It has capacity, site"


def test_a_minimum_above_zero_warns_of_the_zeros_that_gaps_are_filled_with() -> None:
    params, (problem,) = read_params(params_bytes(Predictor__Bounds={"Minimum": 5}))

    assert params is not None
    assert "Set middlefill and backfill to nan" in problem.remedy
