"""Predictor.Hierarchy in params.json: its levels are columns, each once."""

import json
from typing import Any

import pytest

from stepcast.pipeline.read_params import read_params
from tests.pipeline.given import params_document

PRODUCTS = {
    "DatasetName": "Products",
    "Domain": "CUSTOM",
    "DatasetType": "ITEM_METADATA",
    "Schema": {
        "Attributes": [
            {"AttributeName": name, "AttributeType": "string"}
            for name in ("item_id", "category", "total", "points", "rmse", "timestamp", "target_value")
        ]
    },
}
STORE = {"AttributeName": "store", "AttributeType": "string"}


def read(levels: list[Any], *, metadata: bool = True, dimensions: tuple[str, ...] = ()) -> list[str]:
    document = params_document(
        Predictor__Hierarchy={"Levels": levels},
        Predictor__FeaturizationConfig__ForecastDimensions=list(dimensions),
    )
    document["Datasets"][0]["Schema"]["Attributes"].append(STORE)
    if metadata:
        document["Datasets"].append(PRODUCTS)
    params, problems = read_params(json.dumps(document).encode())
    assert (params is None) == any(one.severity == "error" for one in problems)
    return [str(one) for one in problems]


@pytest.mark.parametrize(
    ("levels", "dimensions"),
    [
        ([], ()),
        (["category"], ()),
        (["store"], ("store",)),
        (["category", "item_id"], ("store",)),
        (["store", "category"], ("store",)),
    ],
)
def test_levels_may_be_attributes_and_dimensions(levels: list[str], dimensions: tuple[str, ...]) -> None:
    assert read(levels, dimensions=dimensions) == []


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        (["categori"], "Did you mean 'category'? There are category, total, points"),
        (["store"], "'store' is neither a forecast dimension nor an attribute of the item metadata"),
        (["item_id"], "'item_id' identifies a series, so a level of it has no sums. Remove it"),
        (["category", "category"], "Name each level once"),
        (["total"], "Rename the column, for example to 'item_total'"),
        (
            ["points"],
            "'points' is already a column of the tables of levels. Rename it, for example to 'item_points'",
        ),
        (["rmse"], "Rename it, for example to 'item_rmse'"),
        (["timestamp"], "Rename it, for example to 'item_timestamp'"),
        (["target_value"], "Rename it, for example to 'item_target_value'"),
        ("category", 'Put it in brackets: ["category"]'),
    ],
)
def test_other_levels_are_refused_with_a_remedy(levels: list[str], said: str) -> None:
    assert any(said in problem for problem in read(levels))


def test_a_hierarchy_without_metadata_is_told_what_it_needs() -> None:
    assert any("add a dataset of ITEM_METADATA" in one for one in read(["category"], metadata=False))
