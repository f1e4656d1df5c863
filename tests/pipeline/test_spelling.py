"""params.json in another spelling: the right word for each, at once, and nothing that only follows."""

import json
from typing import Any

import pytest

from stepcast.pipeline.problems import Problem
from stepcast.pipeline.read_params import read_params
from tests.pipeline.given import params_bytes, params_document


def respelt(given: Any, spell: Any) -> Any:
    """``given`` with every key spelt as ``spell`` does."""
    if isinstance(given, dict):
        return {spell(key): respelt(value, spell) for key, value in given.items()}
    return [respelt(row, spell) for row in given] if isinstance(given, list) else given


def snake(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key).strip("_")


def count_keys(given: Any) -> int:
    if isinstance(given, dict):
        return len(given) + sum(map(count_keys, given.values()))
    return sum(map(count_keys, given)) if isinstance(given, list) else 0


def only_problem(body: bytes) -> Problem:
    params, problems = read_params(body)

    assert params is None
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


@pytest.mark.parametrize("spell", [str.lower, str.upper, snake, lambda key: key[:1].lower() + key[1:]])
def test_every_key_in_another_case_is_one_error_with_the_right_word(spell: Any) -> None:
    document = params_document()

    params, problems = read_params(json.dumps(respelt(document, spell)).encode())

    assert params is None
    assert len(problems) == count_keys(document)
    assert {problem.remedy.split("?")[0] for problem in problems} >= {
        "Did you mean 'Datasets'",
        "Did you mean 'AttributeName'",
        "Did you mean 'PerformAutoML'",
        "Did you mean 'FeaturizationConfig'",
    }


def test_rules_look_at_what_stands_under_a_misspelt_key() -> None:
    body = params_bytes(
        Predictor=...,
        predictor={
            "PredictorName": "P",
            "ForecastHorizon": 7,
            "FeaturizationConfig": {"ForecastFrequency": "D"},
            "AlgorithmArn": "arn:aws:forecast:::algorithm/DeepAR",
        },
    )

    _, problems = read_params(body)

    assert [(problem.rule, problem.path) for problem in problems] == [
        ("params", "$.predictor"),
        ("V16", "$.Predictor.AlgorithmArn"),
    ]


def test_both_spellings_of_a_key_are_one_too_many() -> None:
    problem = only_problem(params_bytes(forecast={"ForecastName": "Other"}))

    assert problem.path == "$.forecast"
    assert "'Forecast'? It is already present" in problem.remedy


def test_a_key_of_another_object_is_sent_there() -> None:
    problem = only_problem(params_bytes(Predictor__ForecastDimensions=[]))

    assert "It belongs in $.Predictor.FeaturizationConfig.ForecastDimensions" in problem.remedy


@pytest.mark.parametrize(
    ("changes", "right"),
    [
        ({"DatasetGroup__Domain": "Custom"}, "CUSTOM"),
        ({"Datasets__0__DatasetType": "target_time_series"}, "TARGET_TIME_SERIES"),
        ({"Datasets__0__DatasetType": "TARGET_TIMESERIES"}, "TARGET_TIME_SERIES"),
        ({"Datasets__0__Schema__Attributes__2__AttributeType": "Float"}, "float"),
        ({"Datasets__0__Schema__Attributes__2__AttributeName": "Target_Value"}, "target_value"),
        ({"Predictor__OptimizationMetric": "wape"}, "WAPE"),
        ({"TimestampFormat": "YYYY-MM-DD"}, "yyyy-MM-dd"),
        ({"TimestampFormat": "%Y-%m-%d %H:%M:%S"}, "yyyy-MM-dd HH:mm:ss"),
        ({"Forecast__ForecastTypes": ["p95"]}, "0.95"),
        ({"Forecast__ForecastTypes": ["5%"]}, "0.05"),
        ({"Forecast__ForecastTypes": ["Mean"]}, "mean"),
        ({"Datasets__0__Schema__Attributes__2__AttributeType": "number"}, "float"),
        ({"Datasets__0__Schema__Attributes__1__AttributeName": "date"}, "timestamp"),
        (
            {"Predictor__PerformAutoML": ..., "Predictor__AlgorithmArn": "ets"},
            "arn:aws:forecast:::algorithm/ETS",
        ),
    ],
)
def test_a_word_in_another_spelling_is_one_error_with_the_right_one(
    changes: dict[str, Any], right: str
) -> None:
    assert repr(right) in only_problem(params_bytes(**changes)).remedy


@pytest.mark.parametrize(
    ("written", "right"),
    [
        *[(text, "H") for text in ("h", "Hourly", "1h", "60min", "60T", "PT1H", "hour")],
        *[(text, "15min") for text in ("15m", "15T", "15 min", "PT15M", "15 minutes", "15MIN")],
        *[(text, "D") for text in ("d", "daily", "1 day", "24H", "P1D", "1440min")],
        *[(text, "W") for text in ("w", "W-SUN", "weekly", "7D", "168H")],
        *[(text, "2W") for text in ("biweekly", "14D", "2w")],
        *[(text, "M") for text in ("MS", "ME", "monthly", "BMS", "P1M")],
        *[(text, "3M") for text in ("Q", "QS-JAN", "quarterly")],
        *[(text, "Y") for text in ("A", "YE-DEC", "annual", "12M", "4Q")],
    ],
)
def test_a_frequency_as_others_write_it_is_answered_with_ours(written: str, right: str) -> None:
    problem = only_problem(params_bytes(Predictor__FeaturizationConfig__ForecastFrequency=written))

    assert f"Did you mean {right!r}?" in problem.remedy


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("B", "no frequency for business days"),
        ("30s", "The shortest frequency is a minute"),
        ("90min", "1-59 min"),
        ("", "1-59 min"),
        ("9" * 5_000 + "min", "1-59 min"),
    ],
)
def test_a_frequency_that_there_is_not_says_what_to_do(written: str, said: str) -> None:
    problem = only_problem(params_bytes(Predictor__FeaturizationConfig__ForecastFrequency=written))

    assert said in problem.remedy
    assert "Did you mean" not in problem.remedy


@pytest.mark.parametrize(
    ("name", "given", "right"),
    [
        ("middlefill", "Zero", "Did you mean 'zero'?"),
        ("aggregation", "mean", "Did you mean 'avg'?"),
        ("MiddleFill", "zero", "Did you mean 'middlefill'?"),
        ("backfill", "0", '"backfill_value": "0"'),
        ("frontfill", "zero", "remove frontfill"),
    ],
)
def test_a_filling_in_another_spelling_is_answered_with_ours(name: str, given: str, right: str) -> None:
    method = {"FeaturizationMethodName": "filling", "FeaturizationMethodParameters": {name: given}}
    feature = {"AttributeName": "target_value", "FeaturizationPipeline": [method]}

    problem = only_problem(params_bytes(Predictor__FeaturizationConfig__Featurizations=[feature]))

    assert right in problem.remedy


def test_a_dataset_without_a_schema_is_one_error() -> None:
    assert only_problem(params_bytes(Datasets__0__Schema=...)).path == "$.Datasets[0].Schema"


def test_a_schema_without_an_item_says_how_one_series_gets_its_name() -> None:
    attributes = params_document()["Datasets"][0]["Schema"]["Attributes"]

    problem = only_problem(params_bytes(Datasets__0__Schema__Attributes=attributes[1:]))

    assert "--item NAME" in problem.remedy


def test_another_domains_target_is_one_error_that_says_how_to_call_it() -> None:
    problem = only_problem(params_bytes(DatasetGroup__Domain="RETAIL", Datasets__0__Domain="RETAIL"))

    assert problem.remedy.startswith(
        "If 'target_value' is the forecast target, name it 'demand', or set the Domain"
    )


def test_a_number_beside_the_target_is_sent_to_the_related_series_with_their_schema() -> None:
    attributes = params_document()["Datasets"][0]["Schema"]["Attributes"]
    price = {"AttributeName": "price", "AttributeType": "float"}

    problem = only_problem(params_bytes(Datasets__0__Schema__Attributes=[*attributes, price]))

    schema = json.loads(problem.remedy.split('"Schema": ')[1].split("; or")[0])
    assert [row["AttributeName"] for row in schema["Attributes"]] == ["item_id", "timestamp", "price"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "see docs/how-to/params.md"),
        ('{"a": 1,}', "Remove the comma"),
        ('{"a": [1,]}', "Remove the comma"),
        ("// what to forecast\n{}", "Remove the comment"),
        ("{\u201ca\u201d: 1}", "straight quotes"),
        ("{'a': 1}", "double quotes"),
        ('{"a": True}', "Write true"),
        ('{"a": {"b": 1}', "close every {"),
        ('{"a": 1\n"b": 2}', "comma"),
        ('{"a": NaN}', "Correct this"),
    ],
)
def test_json_as_written_by_hand_says_what_to_change(text: str, said: str) -> None:
    problem = only_problem(text.encode())

    assert said in problem.remedy


@pytest.mark.parametrize("odd", [None, True, -1, 1.5, "", [], {}, [[]], [{}], {"a": 1}, [1]])
def test_any_value_anywhere_is_read_or_a_problem(odd: Any) -> None:
    """Rules read the document as it came; none of them may stumble over what the form refuses."""
    for path in paths(params_document()):
        document = params_document()
        holder = document
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = odd  # type: ignore[index]

        params, problems = read_params(json.dumps(document).encode())

        assert params is not None or any(problem.severity == "error" for problem in problems)


def paths(given: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    rows = (
        list(given.items())
        if isinstance(given, dict)
        else list(enumerate(given))
        if isinstance(given, list)
        else []
    )
    return [path for key, value in rows for path in ((*before, key), *paths(value, (*before, key)))]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Datasets": params_document()["Datasets"][0]}, "Put it in brackets"),
        ({"Datasets": []}, "The list should have at least 1 item"),
        ({"Datasets__0__Domain": ...}, "Add 'Domain'"),
        ({"Predictor__FeaturizationConfig__ForecastFrequency": 1}, "an integer and a unit"),
    ],
)
def test_what_the_form_says_is_not_said_again_by_a_rule(changes: dict[str, Any], said: str) -> None:
    assert said in only_problem(params_bytes(**changes)).remedy


@pytest.mark.parametrize("flag", ["false", "no", "False"])
def test_a_flag_in_quotes_is_the_flag_to_rules_too(flag: str) -> None:
    problem = only_problem(params_bytes(Predictor__PerformAutoML=flag))

    assert problem.rule == "V16"
    assert "PerformAutoML is false and no AlgorithmArn is given" in problem.message


def test_a_number_in_quotes_is_the_number_to_rules_too() -> None:
    evaluation = {"BackTestWindowOffset": "6"}

    problem = only_problem(
        params_bytes(Predictor__ForecastHorizon="7", Predictor__EvaluationParameters=evaluation)
    )

    assert problem.message == "6 is less than the horizon, 7"
