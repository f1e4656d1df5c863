"""Rules for what is known besides the target: related series, item metadata, holidays."""

import json
from typing import Any

import pytest

from stepcast.engine.countries import COUNTRIES
from stepcast.pipeline.algorithm_support import SUPPORT
from stepcast.pipeline.params import ALGORITHM_ARN, Params
from stepcast.pipeline.problems import Problem
from stepcast.pipeline.read_params import read_params
from stepcast.pipeline.rules import ALGORITHMS
from stepcast.pipeline.task import task_of
from tests.pipeline.given import params_document


def dataset(kind: str, *columns: str, **more: Any) -> dict[str, Any]:
    pairs = [column.split(":") for column in columns]
    attributes = [{"AttributeName": name, "AttributeType": given} for name, given in pairs]
    schema = {"Schema": {"Attributes": attributes}}
    return {"DatasetName": kind.title(), "Domain": "CUSTOM", "DatasetType": kind, **schema, **more}


def related(*columns: str, every: str = "D") -> dict[str, Any]:
    own = ("item_id:string", "timestamp:timestamp", *columns)
    return dataset("RELATED_TIME_SERIES", *own, DataFrequency=every)


def metadata(*columns: str) -> dict[str, Any]:
    return dataset("ITEM_METADATA", "item_id:string", *columns)


def read(*further: dict[str, Any], **changes: Any) -> tuple[Params | None, list[Problem]]:
    document = params_document(**changes)
    document["Datasets"] += further
    return read_params(json.dumps(document).encode())


def holidays(*values: str) -> dict[str, Any]:
    features = [{"Name": "holiday", "Value": value} for value in values]
    return {"Predictor__InputDataConfig": {"SupplementaryFeatures": features}}


def test_related_series_metadata_and_holidays_are_taken_without_a_word() -> None:
    params, problems = read(
        related("price:float", "promotion:integer"), metadata("category:string"), **holidays("UK")
    )

    assert problems == []
    assert params is not None
    assert params.related is not None
    assert params.related.features == ("price", "promotion")
    assert params.metadata is not None
    assert params.metadata.attributes == ("category",)
    assert task_of(params).holidays == ("UK",)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (related("price:float", "target_value:float"), "which is the forecast target"),
        (related(), "nothing to learn from"),
        (
            related("price:float", "shop:string"),
            "'shop' is a text column that the target's files do not have",
        ),
        (related("price:float", every="H"), "they are not aggregated"),
    ],
    ids=["the target", "no number", "a dimension of its own", "another frequency"],
)
def test_related_series_are_refused_where_they_cannot_be_used(given: dict[str, Any], said: str) -> None:
    params, problems = read(given)

    assert params is None
    (problem,) = problems
    assert (problem.rule, problem.severity) == ("V11", "error")
    assert said in problem.message
    assert problem.path is not None
    assert problem.path.startswith("$.Datasets[1]")


def test_metadata_has_an_attribute() -> None:
    _, problems = read(metadata())

    assert [(problem.rule, problem.severity) for problem in problems] == [("V12", "error")]


@pytest.mark.parametrize(("given", "meant"), [("GB", "UK"), ("USA", "US"), ("de", "DE"), ("NLD", "NL")])
def test_a_country_that_is_not_known_comes_with_a_suggestion(given: str, meant: str) -> None:
    params, problems = read(**holidays(given))

    assert params is None
    (problem,) = problems
    assert problem.remedy.startswith(f"Did you mean {meant!r}?")
    assert COUNTRIES[-1] in problem.remedy


@pytest.mark.parametrize("algorithm", ["ETS", "ARIMA", "NPTS", "Prophet"])
def test_a_named_algorithm_that_leaves_features_aside_says_so(algorithm: str) -> None:
    changes: dict[str, Any] = {
        "Predictor__PerformAutoML": False,
        "Predictor__AlgorithmArn": ALGORITHM_ARN + algorithm,
        **holidays("US"),
    }
    params, problems = read(related("price:float"), metadata("category:string"), **changes)

    assert params is not None
    assert [problem.severity for problem in problems] == ["warning"] * 3
    assert all(algorithm in problem.message for problem in problems)


@pytest.mark.parametrize("algorithm", ["CNN-QR", "Deep_AR_Plus", "LSTM"])
def test_a_neural_algorithm_uses_them_all(algorithm: str) -> None:
    changes = {
        "Predictor__PerformAutoML": False,
        "Predictor__AlgorithmArn": ALGORITHM_ARN + algorithm,
        **holidays("US"),
    }

    assert read(related("price:float"), metadata("category:string"), **changes)[1] == []


def test_every_algorithm_says_what_it_can_use() -> None:
    assert set(SUPPORT) == set(ALGORITHMS)


def test_filling_of_a_feature_has_no_defaults() -> None:
    method = {"middlefill": "mean", "futurefill": "value", "futurefill_value": "1.5"}
    pipeline = [{"FeaturizationMethodName": "filling", "FeaturizationMethodParameters": method}]
    featurizations = [{"AttributeName": "price", "FeaturizationPipeline": pipeline}]
    params, problems = read(
        related("price:float", "promotion:integer"),
        Predictor__FeaturizationConfig__Featurizations=featurizations,
    )

    assert problems == []
    assert params is not None
    found = params.related_filling("price")
    assert (found.middlefill, found.backfill, found.futurefill_value) == ("mean", None, 1.5)
    assert params.related_filling("promotion").middlefill is None
