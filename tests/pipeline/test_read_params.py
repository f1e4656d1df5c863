"""Every problem of params.json is found, at once, with its place and the way out."""

import json
from typing import Any

import numpy as np
import pytest

from stepcast.engine.calendar import moment_of, period_of
from stepcast.pipeline import rules, tables
from stepcast.pipeline.backtest_files import accuracy_schema, leaderboard_schema, sql_name
from stepcast.pipeline.domains import DOMAINS, identifier_field, required_fields, target_field
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem
from stepcast.pipeline.read_params import read_params
from stepcast.pipeline.task import task_of
from tests.pipeline.given import params_bytes, params_document
from tests.shared_data import shared_data


def read(**changes: Any) -> tuple[Params | None, list[Problem]]:
    return read_params(params_bytes(**changes))


def only_problem(**changes: Any) -> Problem:
    params, problems = read(**changes)

    assert len(problems) == 1, [str(problem) for problem in problems]
    assert (params is None) == (problems[0].severity == "error")
    return problems[0]


def attribute(name: str, kind: str) -> dict[str, str]:
    return {"AttributeName": name, "AttributeType": kind}


def test_a_minimal_document_has_no_problems_and_the_services_defaults() -> None:
    params, problems = read(Forecast__ForecastTypes=..., TimestampFormat="yyyy-MM-dd HH:mm:ss")

    assert problems == []
    assert params is not None
    assert params.forecast.outputs == (0.1, 0.5, 0.9)
    assert params.filling.model_dump(exclude_none=True) == {
        "aggregation": "sum",
        "frontfill": "none",
        "middlefill": "zero",
        "backfill": "zero",
    }
    assert params.predictor.evaluation_parameters.number_of_backtest_windows == 1


def test_the_reference_pipelines_file_is_accepted_unchanged_but_for_its_12_hour_clock() -> None:
    params, problems = read_params(shared_data("demo/params.json").read_bytes())

    assert params is not None
    assert params.timestamp_format == "yyyy-MM-dd HH:mm:ss"
    assert params.forecast.outputs == (0.1, 0.5, 0.9)
    assert [(p.rule, p.severity, p.path) for p in problems] == [("V06", "warning", "$.TimestampFormat")]


@pytest.mark.parametrize("domain", DOMAINS)
def test_each_domain_is_accepted_with_its_required_fields(domain: str) -> None:
    fields = required_fields(domain, "TARGET_TIME_SERIES")
    params, problems = read(
        DatasetGroup__Domain=domain,
        Datasets__0__Domain=domain,
        Datasets__0__Schema__Attributes=[attribute(name, kind) for name, kind in fields.items()],
    )

    assert problems == []
    assert params is not None
    assert (params.target.identifier, params.target.target) == (
        identifier_field(domain),
        target_field(domain),
    )


def test_problems_of_every_part_come_together() -> None:
    document = params_document(
        DatasetGroup__DatasetGroupName="no-dashes",
        Datasets__0__Domain="RETAIL",
        Predictor__ForecastHorizon=0,
        Predictor__FeaturizationConfig__ForecastFrequency="60min",
        Predictor__AlgorithmArn="arn:aws:forecast:::algorithm/ETS",
        Forecast__ForecastTypes=["0.1", "1.5"],
        Extra=1,
    )

    _, problems = read_params(json.dumps(document).encode())

    assert {problem.path for problem in problems} >= {
        "$.DatasetGroup.DatasetGroupName",
        "$.Datasets[0].Domain",
        "$.Datasets[0].Schema.Attributes",
        "$.Predictor.ForecastHorizon",
        "$.Predictor.FeaturizationConfig.ForecastFrequency",
        "$.Predictor.AlgorithmArn",
        "$.Forecast.ForecastTypes[1]",
        "$.Extra",
    }


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe{\x00", "not UTF-8"),
        (b"[1]", "not an object"),
        (b'{"Forecast": {}, "Forecast": {}}', "'Forecast' appears twice"),
        (b"[" * 100_000, ""),
    ],
)
def test_what_is_no_json_object_is_one_problem_that_says_so(body: bytes, said: str) -> None:
    params, problems = read_params(body)

    assert params is None
    assert len(problems) == 1
    assert said in problems[0].message


def test_a_byte_order_mark_is_no_problem() -> None:
    params, problems = read_params(b"\xef\xbb\xbf" + params_bytes())

    assert params is not None
    assert problems == []


@pytest.mark.parametrize(
    ("changes", "rule", "path", "remedy"),
    [
        (
            {"Predictor__PredictorNam": "x"},
            "params",
            "$.Predictor.PredictorNam",
            "Did you mean 'PredictorName'?",
        ),
        ({"Predictor__PredictorName": ...}, "params", "$.Predictor.PredictorName", "Add 'PredictorName'"),
        (
            {"Predictor__ForecastHorizon": 501},
            "params",
            "$.Predictor.ForecastHorizon",
            "less than or equal to 500",
        ),
        ({"Predictor__PredictorName": "a" * 64}, "V17", "$.Predictor.PredictorName", "63"),
        (
            {"Forecast__ForecastTypes": ["p50"]},
            "V14",
            "$.Forecast.ForecastTypes[0]",
            "quantile from 0.01 to 0.99",
        ),
        ({"Forecast__ForecastTypes": ["0.00"]}, "V14", "$.Forecast.ForecastTypes[0]", "quantile"),
        (
            {"Predictor__EvaluationParameters": {"NumberOfBacktestWindows": 6}},
            "V15",
            "$.Predictor.EvaluationParameters.NumberOfBacktestWindows",
            "less than or equal to 5",
        ),
        (
            {"Predictor__EvaluationParameters": {"BackTestWindowOffset": 6}},
            "V15",
            "$.Predictor.EvaluationParameters.BackTestWindowOffset",
            "Write 7 or more",
        ),
        (
            {"Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/ETS"},
            "V16",
            "$.Predictor.AlgorithmArn",
            "Remove AlgorithmArn or PerformAutoML",
        ),
        ({"Predictor__PerformAutoML": False}, "V16", "$.Predictor", "add AlgorithmArn"),
        (
            {
                "Predictor__PerformAutoML": ...,
                "Predictor__TrainingParameters": {"context_length": "30", "p": "1"},
            },
            "V16",
            "$.Predictor.TrainingParameters",
            "Add AlgorithmArn, for example arn:aws:forecast:::algorithm/ARIMA, or remove TrainingParameters",
        ),
        (
            {"Predictor__TrainingBudgetSeconds": 0},
            "params",
            "$.Predictor.TrainingBudgetSeconds",
            "greater than 0",
        ),
        (
            {"Predictor__TrainingBudgetSeconds": True},
            "params",
            "$.Predictor.TrainingBudgetSeconds",
            "valid number",
        ),
        (
            {
                "Predictor__PerformAutoML": ...,
                "Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/CNN-QR",
                "Predictor__TrainingParameters": {"epochs": "0"},
            },
            "V16",
            "$.Predictor.TrainingParameters.epochs",
            "Write a whole number from 1 to 1000",
        ),
        (
            {
                "Predictor__PerformAutoML": ...,
                "Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/Keras",
            },
            "V16",
            "$.Predictor.AlgorithmArn",
            'Add "TrainingParameters": {"model": "models/lstm.keras"}',
        ),
        (
            {
                "Predictor__PerformAutoML": ...,
                "Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/Keras",
                "Predictor__TrainingParameters": {"model": "lstm.h5"},
            },
            "V16",
            "$.Predictor.TrainingParameters.model",
            "write the key of a file under models/ that ends in .keras",
        ),
        (
            {"Predictor__PerformAutoML": ..., "Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/ets"},
            "V16",
            "$.Predictor.AlgorithmArn",
            "arn:aws:forecast:::algorithm/ETS",
        ),
        (
            {
                "Predictor__PerformAutoML": ...,
                "Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/Prophet",
                "Predictor__TrainingParameters": {"kernel_type": "uniform"},
            },
            "V16",
            "$.Predictor.TrainingParameters.kernel_type",
            "Prophet has no parameters",
        ),
        (
            {
                "Predictor__PerformAutoML": ...,
                "Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/NPTS",
                "Predictor__TrainingParameters": {"context_length": "²"},
            },
            "V16",
            "$.Predictor.TrainingParameters.context_length",
            "docs/how-to/params.md",
        ),
        (
            {
                "Predictor__PerformAutoML": ...,
                "Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/NPTS",
                "Predictor__TrainingParameters": {"kernel_type": "square"},
            },
            "V16",
            "$.Predictor.TrainingParameters.kernel_type",
            "docs/how-to/params.md",
        ),
        (
            {"Predictor__FeaturizationConfig__ForecastDimensions": ["region"]},
            "V07",
            "$.Predictor.FeaturizationConfig.ForecastDimensions[0]",
            "It has item_id",
        ),
        (
            {"Predictor__FeaturizationConfig__ForecastFrequency": "H"},
            "V06",
            "$.TimestampFormat",
            "yyyy-MM-dd HH:mm:ss",
        ),
        ({"Datasets__0__DatasetType": "ITEM_METADATA"}, "V07", "$.Datasets", "a dataset of this type"),
        (
            {
                "Predictor__PerformAutoML": ...,
                "Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/ETS",
                "Predictor__AutoMLNetwork": "CNN-QR",
            },
            "V16",
            "$.Predictor.AutoMLNetwork",
            "Remove AutoMLNetwork or AlgorithmArn",
        ),
        (
            {"Predictor__AutoMLNetwork": "arn:aws:forecast:::algorithm/CNN-QR"},
            "params",
            "$.Predictor.AutoMLNetwork",
            "Write one of 'CNN-QR', 'Deep_AR_Plus' or 'LSTM'",
        ),
        (
            {"Predictor__AutoMLNetwork": "LSTM", "Predictor__TrainingParameters": {"lookback": "9"}},
            "V16",
            "$.Predictor.TrainingParameters.lookback",
            "Did you mean 'look_back'?",
        ),
        (
            {"Predictor__AutoMLNetwork": "LSTM", "Predictor__PerformHPO": True},
            "V16",
            "$.Predictor.PerformHPO",
            "Remove PerformHPO",
        ),
    ],
)
def test_each_problem_names_its_rule_its_place_and_the_way_out(
    changes: dict[str, Any], rule: str, path: str, remedy: str
) -> None:
    _, problems = read(**changes)

    found = [problem for problem in problems if problem.rule == rule and problem.path == path]
    assert found, [str(problem) for problem in problems]
    assert remedy in found[0].remedy


@pytest.mark.parametrize("name", ["CNN-QR", "Deep_AR_Plus", "LSTM"])
def test_a_neural_algorithm_without_its_packages_is_one_problem(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "find_spec", lambda package: None if package == "jax" else object())
    problem = only_problem(
        Predictor__PerformAutoML=...,
        Predictor__AlgorithmArn=f"arn:aws:forecast:::algorithm/{name}",
        Predictor__TrainingParameters={"epochs": "100"},
    )

    assert "needs jax" in problem.message
    assert "pip install 'stepcast[neural]'" in problem.remedy


def test_a_network_for_automl_without_its_packages_is_one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "find_spec", lambda package: None if package == "jax" else object())
    problem = only_problem(Predictor__AutoMLNetwork="CNN-QR")

    assert problem.path == "$.Predictor.AutoMLNetwork"
    assert "needs jax" in problem.message
    assert "pip install 'stepcast[neural]', or remove AutoMLNetwork" in problem.remedy


def test_a_network_for_automl_comes_with_its_own_parameters() -> None:
    params, problems = read(
        Predictor__AutoMLNetwork="LSTM", Predictor__TrainingParameters={"look_back": "30", "seed": "7"}
    )

    assert problems == []
    assert params is not None
    task = task_of(params)
    assert (task.algorithm, task.network) == ("AutoPredictor", "LSTM")
    assert task.parameters == {"look_back": "30", "seed": "7"}


def test_a_function_without_numpy_leaves_that_to_the_one_that_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "find_spec", lambda _: None)
    params, problems = read(
        Predictor__PerformAutoML=..., Predictor__AlgorithmArn="arn:aws:forecast:::algorithm/CNN-QR"
    )

    assert params is not None, problems


@pytest.mark.parametrize("name", rules.ALGORITHMS)
def test_the_algorithms_can_be_named(name: str) -> None:
    needed = {"model": "models/net.keras"} if name == "Keras" else {}
    params, problems = read(
        Predictor__PerformAutoML=...,
        Predictor__AlgorithmArn=f"arn:aws:forecast:::algorithm/{name}",
        Predictor__TrainingParameters=needed,
    )

    assert problems == []
    assert params is not None
    assert params.predictor.algorithm == name


def test_a_forecast_finer_than_its_data_is_refused() -> None:
    problem = only_problem(
        TimestampFormat="yyyy-MM-dd HH:mm:ss", Predictor__FeaturizationConfig__ForecastFrequency="H"
    )

    assert problem.rule == "V06"
    assert problem.remedy == "Set ForecastFrequency to D or coarser"


def test_reserved_words_are_refused_but_for_the_domains_own() -> None:
    schema = params_document()["Datasets"][0]["Schema"]["Attributes"]
    problem = only_problem(Datasets__0__Schema__Attributes=[*schema, attribute("Count", "string")])

    assert problem.rule == "V08"
    assert problem.path == "$.Datasets[0].Schema.Attributes[3].AttributeName"

    own = [attribute("item_id", "string"), attribute("timestamp", "timestamp"), attribute("value", "float")]
    _, problems = read(
        DatasetGroup__Domain="WEB_TRAFFIC",
        Datasets__0__Domain="WEB_TRAFFIC",
        Datasets__0__Schema__Attributes=own,
    )
    assert problems == []


@pytest.mark.parametrize("name", ["model", "Date", "p10", "score", "wql_p10", "Weights", "type"])
def test_a_dimension_called_like_a_column_of_the_tables_is_refused(name: str) -> None:
    schema = params_document()["Datasets"][0]["Schema"]["Attributes"]
    found = read(Datasets__0__Schema__Attributes=[*schema, attribute(name, "string")])[1]

    assert [problem.rule for problem in found if problem.severity == "error"] == ["V08"]
    advised = found[0].remedy.split("'")[1]
    assert read(Datasets__0__Schema__Attributes=[*schema, attribute(advised, "string")])[0] is not None


def test_every_column_that_the_tables_have_besides_the_files_own_is_known() -> None:
    params, _ = read()
    assert params is not None
    own = {name.lower() for name in params.series_key} | set(tables.train_columns(params.target))
    shown = {
        *tables.forecast_columns(params.target),
        *tables.wide_columns(params),
        *map(sql_name, accuracy_schema(params).names),
        *leaderboard_schema(params, ("AutoPredictor", "SeasonalNaive")).names,
    }

    assert {name for name in shown - own if not tables.is_taken(name)} == set()


def test_a_column_name_that_differs_only_in_capitals_is_a_duplicate() -> None:
    schema = params_document()["Datasets"][0]["Schema"]["Attributes"]
    problem = only_problem(
        Datasets__0__Schema__Attributes=[
            *schema,
            attribute("region", "string"),
            attribute("Region", "string"),
        ]
    )

    assert problem.rule == "V07"
    assert "'region' appears twice" in problem.message


def test_fourteen_target_columns_are_too_many() -> None:
    schema = params_document()["Datasets"][0]["Schema"]["Attributes"]
    more = [attribute(f"dimension_{number}", "string") for number in range(11)]
    problem = only_problem(Datasets__0__Schema__Attributes=[*schema, *more])

    assert problem.rule == "V10"
    assert "14 columns" in problem.message


def filling(**methods: str) -> dict[str, Any]:
    method = {"FeaturizationMethodName": "filling", "FeaturizationMethodParameters": methods}
    feature = {"AttributeName": "target_value", "FeaturizationPipeline": [method]}
    return {"Predictor__FeaturizationConfig": {"ForecastFrequency": "D", "Featurizations": [feature]}}


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        ({"middlefill": "median", "frontfill": "zero"}, "Write one of none"),
        ({"sidefill": "zero"}, "Allowed keys: aggregation, frontfill, middlefill, backfill"),
        ({"backfill": "value"}, 'Add "backfill_value"'),
        ({"backfill": "value", "backfill_value": "two"}, "Write one in quotes"),
        ({"backfill": "value", "backfill_value": "inf"}, "Write one in quotes"),
        ({"aggregation": "median"}, "Write one of sum, avg, first, min, max"),
    ],
)
def test_a_filling_that_is_not_the_specifications_is_refused(methods: dict[str, str], said: str) -> None:
    assert said in only_problem(**filling(**methods)).remedy


def test_filling_is_read_with_its_value() -> None:
    params, problems = read(
        **filling(aggregation="avg", middlefill="nan", backfill="value", backfill_value="2.5")
    )

    assert problems == []
    assert params is not None
    assert params.filling.aggregation == "avg"
    assert params.filling.middlefill == "nan"
    assert params.filling.backfill_value == 2.5


def test_more_than_five_forecast_types_are_allowed_here_in_any_order() -> None:
    given = ["mean", 0.9, "0.05", ".5", "0.25", "0.75", "0.10", "0.90"]
    params, problems = read(Forecast__ForecastTypes=given)

    assert problems == []
    assert params is not None
    assert params.forecast.outputs == (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, "mean")


@pytest.mark.parametrize("budget", [30, 0.5, None])
def test_a_budget_of_seconds_reaches_the_engine(budget: float | None) -> None:
    params, problems = read(Predictor__TrainingBudgetSeconds=budget)

    assert problems == []
    assert params is not None
    assert task_of(params).budget_seconds == budget


def test_a_budget_has_no_effect_on_a_named_algorithm_and_that_is_said() -> None:
    problem = only_problem(
        Predictor__PerformAutoML=...,
        Predictor__AlgorithmArn="arn:aws:forecast:::algorithm/ETS",
        Predictor__TrainingBudgetSeconds=30,
    )

    assert (problem.severity, problem.path) == ("warning", "$.Predictor.TrainingBudgetSeconds")
    assert problem.remedy == "Remove this key, or AlgorithmArn"


def test_weather_is_not_available_which_is_said_and_does_not_stop_the_run() -> None:
    asked = {"SupplementaryFeatures": [{"Name": "weather", "Value": "true"}]}
    params, problems = read(Predictor__InputDataConfig=asked)

    assert params is not None
    (problem,) = problems
    assert problem.severity == "warning"
    assert "weather is not available" in problem.message


@pytest.mark.parametrize(
    ("frequency", "boundary", "begins"),
    [
        ("D", {"Hour": 6}, "2024-02-29T06:00:00"),
        ("W", {"DayOfWeek": "FRIDAY"}, "2024-02-23T00:00:00"),
        ("M", {"DayOfMonth": 15}, "2024-02-15T00:00:00"),
        ("3M", {"Month": "MARCH", "DayOfMonth": 15}, "2023-12-15T00:00:00"),
        ("Y", {"Month": "JULY"}, "2023-07-01T00:00:00"),
        ("2H", {"Hour": 1}, "2024-02-29T11:00:00"),
        ("W", {}, "2024-02-26T00:00:00"),
    ],
)
def test_a_boundary_says_where_periods_begin(frequency: str, boundary: dict[str, Any], begins: str) -> None:
    params, problems = read(
        Predictor__FeaturizationConfig={"ForecastFrequency": frequency},
        Predictor__TimeAlignmentBoundary=boundary,
        Datasets__0__DataFrequency=...,
        TimestampFormat="yyyy-MM-dd HH:mm:ss",
    )

    assert problems == []
    assert params is not None
    moment = np.array(["2024-02-29T12:30:00"], "datetime64[s]")
    assert str(moment_of(period_of(moment, params.frequency), params.frequency)[0]) == begins


@pytest.mark.parametrize(
    ("frequency", "boundary", "path", "remedy"),
    [
        ("D", {"DayOfWeek": "FRIDAY"}, ".DayOfWeek", "Use Hour, or remove it"),
        ("W", {"DayOfMonth": 3}, ".DayOfMonth", "Use DayOfWeek or Hour, or remove it"),
        ("M", {"Month": "MAY"}, ".Month", "Use DayOfMonth or Hour, or remove it"),
        ("M", {"DayOfMonth": 29}, ".DayOfMonth", "It should be less than or equal to 28"),
        ("W", {"DayOfWeek": "Friday"}, ".DayOfWeek", "Did you mean 'FRIDAY'?"),
    ],
)
def test_a_boundary_that_the_period_does_not_have(
    frequency: str, boundary: dict[str, Any], path: str, remedy: str
) -> None:
    problem = only_problem(
        Predictor__FeaturizationConfig={"ForecastFrequency": frequency},
        Predictor__TimeAlignmentBoundary=boundary,
    )

    assert problem.path == f"$.Predictor.TimeAlignmentBoundary{path}"
    assert problem.remedy.startswith(remedy)


@pytest.mark.parametrize(
    ("zone", "remedy"),
    [
        ("Europe/Berln", "Did you mean 'Europe/Berlin'?"),
        ("berlin", "Did you mean 'Europe/Berlin'?"),
        ("New York", "Did you mean 'America/New_York'?"),
        ("+01:00", "Use a name such as 'Europe/Berlin'"),
    ],
)
def test_a_time_zone_has_a_name(zone: str, remedy: str) -> None:
    assert only_problem(TimeZone=zone).remedy.startswith(remedy)
    assert read(TimeZone="Europe/Berlin")[1] == []


def test_monitoring_is_asked_for_in_its_own_words() -> None:
    params, problems = read_params(params_bytes(Monitor={"Retrain": "on_drift", "Sensitivity": "high"}))
    assert problems == []
    assert params is not None
    assert (params.monitor.retrain, params.monitor.sensitivity) == ("on_drift", "high")

    _, (problem,) = read_params(params_bytes(Monitor={"Retrain": "always"}))
    assert problem.path == "$.Monitor.Retrain"
    assert "'never' or 'on_drift'" in problem.remedy

    named = {"Predictor__AlgorithmArn": "arn:aws:forecast:::algorithm/ETS", "Predictor__PerformAutoML": ...}
    _, (warned,) = read_params(params_bytes(Monitor={"Retrain": "on_drift"}, **named))
    assert (warned.severity, warned.path) == ("warning", "$.Monitor.Retrain")
