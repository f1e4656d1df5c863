"""What the definition promises: retries with a cap, a way out of every failure, references only."""

import json
from pathlib import Path
from typing import Any

import pytest

from stepcast.pipeline.errors import TuningContinues
from stepcast.pipeline.steps.start_execution import LOOKS_AGAIN_AFTER

DEFINITION = json.loads((Path(__file__).parents[2] / "statemachine/forecast.asl.json").read_text())
STATES: dict[str, dict[str, Any]] = DEFINITION["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
MAPS = {name: state for name, state in STATES.items() if state["Type"] == "Map"}
ON_SPARK, ON_EMR = "ForecastOnSpark", "ForecastOnEmrServerless"  # which no function answers
OF_A_HIERARCHY = "Reconcile"
FUNCTIONS = {name: state for name, state in TASKS.items() if name not in (ON_SPARK, ON_EMR)}
WORKERS = {name: inner for state in MAPS.values() for name, inner in state["ItemProcessor"]["States"].items()}


@pytest.mark.parametrize("name", [*FUNCTIONS, *WORKERS])
def test_every_task_retries_transient_errors_a_bounded_number_of_times(name: str) -> None:
    retry, *more = (FUNCTIONS | WORKERS)[name]["Retry"]

    assert "Lambda.TooManyRequestsException" in retry["ErrorEquals"]
    assert "States.ALL" not in retry["ErrorEquals"]
    assert 0 < retry["MaxAttempts"] <= 5
    assert retry["MaxDelaySeconds"] <= 60
    assert not more or name == "FitShared"


def test_tuning_goes_on_after_an_invocation_that_was_too_short_or_killed() -> None:
    _, continued, killed = TASKS["FitShared"]["Retry"]

    assert continued["ErrorEquals"] == [TuningContinues.__name__]
    assert "Runtime.ExitError" in killed["ErrorEquals"]
    assert killed["MaxAttempts"] <= 5  # what kills it may do so each time


def test_every_task_retries_alike() -> None:
    first, *others = (state["Retry"][0] for state in (FUNCTIONS | WORKERS).values())

    assert len(others) == 14
    assert all(other == first for other in others)


@pytest.mark.parametrize("name", [*TASKS, *MAPS])
def test_every_failure_ends_in_failed_after_a_message(name: str) -> None:
    """But for a failure of monitoring, which breaks no forecast."""
    state = STATES[name]
    last = state["Catch"][-1]
    way = {"NotifyFailure": "CleanupFailed", "CleanupFailed": "Failed", "MonitorDrift": "FitShared"}

    assert last["ErrorEquals"] == ["States.ALL"]
    assert last["Next"] == way.get(name, "NotifyFailure")
    assert STATES["Failed"]["Type"] == "Fail"


def test_start_execution_knows_the_states_that_look_again_before_a_forecast_is_published() -> None:
    state, before = DEFINITION["StartAt"], []
    while state != "UpdateAthena":
        before.append(state)
        state = STATES[state].get("Next") or STATES[state]["Default"]

    elsewhere = (ON_SPARK, ON_EMR, OF_A_HIERARCHY)
    assert tuple(before) == tuple(name for name in LOOKS_AGAIN_AFTER if name not in elsewhere)
    assert set(elsewhere) <= set(LOOKS_AGAIN_AFTER)


def test_only_runs_with_a_hierarchy_are_reconciled_however_their_shards_were_forecast() -> None:
    (way,) = STATES["Hierarchy"]["Choices"]

    assert way == {"Variable": "$.hierarchy", "BooleanEquals": True, "Next": OF_A_HIERARCHY}
    assert STATES["Hierarchy"]["Default"] == STATES[OF_A_HIERARCHY]["Next"] == "Export"
    assert {STATES[name]["Next"] for name in ("Forecast", ON_SPARK, ON_EMR)} == {"Hierarchy"}
    assert TASKS["FitShared"]["ResultSelector"]["hierarchy.$"] == "$.hierarchy"


def test_shards_go_to_spark_where_the_template_says_so() -> None:
    choices = STATES["Engine"]["Choices"]
    state = STATES[ON_SPARK]

    assert TASKS["FitShared"]["ResultSelector"]["engine"] == "${Engine}"
    assert choices == [
        {"Variable": "$.engine", "StringEquals": "spark", "Next": ON_SPARK},
        {"Variable": "$.engine", "StringEquals": "emr-serverless", "Next": ON_EMR},
    ]
    assert state["Next"] == STATES["Forecast"]["Next"]
    assert state["ResultPath"] is None
    assert state["HeartbeatSeconds"] >= 300  # of a worker that gives a sign of life every minute
    assert [retry["ErrorEquals"] for retry in state["Retry"]] == [
        ["States.HeartbeatTimeout", "States.Timeout"]
    ]


def test_a_job_of_emr_serverless_is_one_runs_and_brings_its_own_environment() -> None:
    state = STATES[ON_EMR]
    submit = state["Parameters"]["JobDriver"]["SparkSubmit"]

    assert state["Resource"] == "${StartJobRunArn}"
    assert state["Next"] == STATES["Forecast"]["Next"]
    assert state["ResultPath"] is None
    assert submit["EntryPointArguments.$"] == "States.Array($.bucket, $.run, $.vintage)"
    assert "s3://{}/spark/environment.tar.gz#environment" in submit["SparkSubmitParameters.$"]
    of_driver = "spark.emr-serverless.driverEnv.PYSPARK_PYTHON=./environment/bin/python"
    for given in (of_driver, "spark.executorEnv.PYSPARK_PYTHON=./environment/bin/python"):
        assert given in submit["SparkSubmitParameters.$"]
    for retry in state["Retry"]:  # of the start only: a job that has failed would fail again
        assert all(name.startswith("EMRServerless.") for name in retry["ErrorEquals"])


def test_only_references_travel_between_maps_and_steps() -> None:
    for state in MAPS.values():
        assert state["ResultPath"] is None
        assert state["ItemReader"]["Resource"].endswith("s3:getObject")
