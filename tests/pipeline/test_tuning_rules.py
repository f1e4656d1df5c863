"""What is wrong with PerformHPO, HPOConfig and Tuning, where, and what to write instead."""

import json
from typing import Any

import pytest

from stepcast.pipeline import tuning_rules
from stepcast.pipeline.problems import Problem
from stepcast.pipeline.read_params import read_params
from tests.pipeline.given import params_bytes

ARN = "arn:aws:forecast:::algorithm/"
WINDOWS = {"NumberOfBacktestWindows": 2}
LISTS = ("CategoricalParameterRanges", "ContinuousParameterRanges", "IntegerParameterRanges")


def problems(algorithm: str = "Deep_AR_Plus", **changes: Any) -> list[Problem]:
    asked = {
        "Predictor__PerformAutoML": ...,
        "Predictor__AlgorithmArn": ARN + algorithm,
        "Predictor__PerformHPO": True,
        "Predictor__EvaluationParameters": WINDOWS,
    }
    merged = {**asked, **changes}
    never_there = [key for key, value in merged.items() if value is ... and key != "Predictor__PerformAutoML"]
    for key in never_there:
        del merged[key]
    return read_params(params_bytes(**merged))[1]


def of_range(kind: int, algorithm: str = "Deep_AR_Plus", **row: Any) -> list[Problem]:
    """With one range, in the list number ``kind``."""
    return problems(algorithm, Predictor__HPOConfig={"ParameterRanges": {LISTS[kind]: [row]}})


def test_every_kind_of_range_is_accepted_as_the_service_has_it() -> None:
    ranges = {
        LISTS[0]: [{"Name": "likelihood", "Values": ["student-T", "beta"]}],
        LISTS[1]: [
            {"Name": "learning_rate", "MinValue": 0.0001, "MaxValue": 0.1, "ScalingType": "Logarithmic"},
            {
                "Name": "learning_rate_decay",
                "MinValue": 0.5,
                "MaxValue": 0.9,
                "ScalingType": "ReverseLogarithmic",
            },
        ],
        LISTS[2]: [{"Name": "num_cells", "MinValue": 30, "MaxValue": 100}],
    }
    tuning = {"Trials": 5, "BudgetSeconds": 60, "Sampler": "QMC", "Prune": False, "Seed": 1}

    assert problems(Predictor__HPOConfig={"ParameterRanges": ranges}, Predictor__Tuning=tuning) == []


@pytest.mark.parametrize(
    ("kind", "row", "place", "told", "remedy"),
    [
        (
            2,
            {"Name": "num_cell", "MinValue": 30, "MaxValue": 50},
            ".Name",
            "cannot be tuned",
            "Did you mean 'num_cells'?",
        ),
        (
            2,
            {"Name": "seed", "MinValue": 0, "MaxValue": 5},
            ".Name",
            "cannot be tuned",
            "can be tuned by context_length",
        ),
        (
            1,
            {"Name": "num_cells", "MinValue": 30, "MaxValue": 50},
            "",
            "a whole number",
            "Move it to IntegerParameterRanges",
        ),
        (
            2,
            {"Name": "num_cells", "MinValue": 4, "MaxValue": 50},
            ".MinValue",
            "4 is outside",
            "from 8 to 200",
        ),
        (
            2,
            {"Name": "num_cells", "MinValue": 8, "MaxValue": 500},
            ".MaxValue",
            "500 is outside",
            "from 8 to 200",
        ),
        (
            1,
            {"Name": "learning_rate", "MinValue": 0.1, "MaxValue": 0.01},
            ".MinValue",
            "above MaxValue",
            "Exchange",
        ),
        (
            2,
            {"Name": "max_learning_rate_decays", "MinValue": 0, "MaxValue": 3, "ScalingType": "Logarithmic"},
            ".ScalingType",
            "cannot begin at 0",
            "Raise MinValue above 0",
        ),
        (
            2,
            {"Name": "num_cells", "MinValue": 30, "MaxValue": 50, "ScalingType": "ReverseLogarithmic"},
            ".ScalingType",
            "whole numbers have no reverse",
            "Use Auto",
        ),
        (
            1,
            {
                "Name": "learning_rate_decay",
                "MinValue": 0.5,
                "MaxValue": 1,
                "ScalingType": "ReverseLogarithmic",
            },
            ".ScalingType",
            "needs 0 <= x < 1",
            "change the range",
        ),
        (
            0,
            {"Name": "likelihood", "Values": ["student-t", "gausian"]},
            ".Values[1]",
            "not a value",
            "Did you mean 'gaussian'?",
        ),
        (0, {"Name": "likelihood", "Values": ["beta", "Beta"]}, ".Values[1]", "listed twice", "Remove it"),
    ],
)
def test_each_problem_of_a_range_names_its_place_and_the_way_out(
    kind: int, row: dict[str, Any], place: str, told: str, remedy: str
) -> None:
    (problem,) = of_range(kind, **row)

    assert problem.path == f"$.Predictor.HPOConfig.ParameterRanges.{LISTS[kind]}[0]{place}"
    assert (problem.rule, problem.severity) == ("V16", "error")
    assert told in problem.message
    assert remedy in problem.remedy


@pytest.mark.parametrize(
    ("changes", "path", "told", "remedy"),
    [
        (
            {"Predictor__PerformAutoML": True, "Predictor__AlgorithmArn": ...},
            "PerformHPO",
            "the AutoPredictor has no parameters to tune",
            "replace PerformAutoML by AlgorithmArn",
        ),
        ({"Predictor__AlgorithmArn": ...}, "PerformHPO", "the AutoPredictor", "AlgorithmArn"),
        ({"Predictor__AlgorithmArn": f"{ARN}Prophet"}, "PerformHPO", "Prophet has no", "ARIMA, CNN-QR"),
        ({"Predictor__AlgorithmArn": f"{ARN}Keras"}, "PerformHPO", "Keras has no", "ARIMA, CNN-QR"),
        (
            {"Predictor__PerformHPO": False, "Predictor__HPOConfig": {"ParameterRanges": {}}},
            "HPOConfig",
            "PerformHPO is not true",
            "remove HPOConfig",
        ),
        (
            {"Predictor__PerformHPO": ..., "Predictor__Tuning": {"Trials": 3}},
            "Tuning",
            "PerformHPO is not",
            "Tuning",
        ),
        (
            {"Predictor__HPOConfig": {"ParameterRanges": {}}},
            "HPOConfig.ParameterRanges",
            "it contains no range",
            "remove HPOConfig for the algorithm's own",
        ),
        ({"Predictor__HPOConfig": {}}, "HPOConfig.ParameterRanges", "missing", "Add 'ParameterRanges'"),
        (
            {"Predictor__Tuning": {"Trials": 0}},
            "Tuning.Trials",
            "0 is not allowed",
            "greater than or equal to 1",
        ),
        ({"Predictor__Tuning": {"Sampler": "tpe"}}, "Tuning.Sampler", "'tpe'", "Did you mean 'TPE'?"),
        ({"Predictor__Tuning": {"Budget": 3}}, "Tuning.Budget", "no key 'Budget'", "BudgetSeconds"),
        (
            {"Predictor__Tuning": {"BudgetSeconds": True}},
            "Tuning.BudgetSeconds",
            "true is not allowed",
            "valid number",
        ),
    ],
)
def test_each_problem_of_tuning_names_its_place_and_the_way_out(
    changes: dict[str, Any], path: str, told: str, remedy: str
) -> None:
    found = problems(**changes)

    (problem,) = [one for one in found if one.path == f"$.Predictor.{path}"]
    assert told in problem.message
    assert remedy in problem.remedy
    assert problem.severity == "error"


def test_a_parameter_has_one_range() -> None:
    row = {"Name": "num_cells", "MinValue": 30, "MaxValue": 50}
    (problem,) = problems(Predictor__HPOConfig={"ParameterRanges": {LISTS[2]: [row, row]}})

    assert "has a range at" in problem.message
    assert problem.path == "$.Predictor.HPOConfig.ParameterRanges.IntegerParameterRanges[1].Name"


def test_more_ranges_than_the_service_has_are_refused() -> None:
    row = {"Name": "num_cells", "MinValue": 30, "MaxValue": 50}
    found = problems(Predictor__HPOConfig={"ParameterRanges": {LISTS[2]: 21 * [row]}})

    assert [one for one in found if one.path == f"$.Predictor.HPOConfig.ParameterRanges.{LISTS[2]}"]


def test_a_single_window_is_warned_of() -> None:
    (problem,) = problems(Predictor__EvaluationParameters={})

    assert problem.severity == "warning"
    assert "Set NumberOfBacktestWindows to 2 or more" in problem.remedy


def test_an_installation_without_optuna_is_told_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning_rules, "find_spec", lambda package: None if package == "optuna" else object())
    (problem,) = problems("NPTS")

    assert problem.path == "$.Predictor.PerformHPO"
    assert "pip install 'stepcast[tune]'" in problem.remedy


def test_a_function_without_numpy_leaves_that_to_the_one_that_tunes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning_rules, "find_spec", lambda _: None)

    assert problems("NPTS") == []


@pytest.mark.parametrize("given", [7, "x", [], {"ParameterRanges": 3}, {"ParameterRanges": {LISTS[2]: [3]}}])
def test_what_has_another_form_is_a_problem_of_form(given: Any) -> None:
    found = problems(Predictor__HPOConfig=given)

    assert any(one.path and one.path.startswith("$.Predictor.HPOConfig") for one in found), json.dumps(given)
