"""PerformHPO through the pipeline: trials in FitShared, a table of them, and parameters that are used."""

import json
import os
import signal
import subprocess
from typing import Any

import pytest

from stepcast.pipeline import layout, vintages
from stepcast.pipeline.run import fingerprint
from tests.e2e.conftest import Stack, daily_sales
from tests.pipeline.given import params_bytes

ARN = "arn:aws:forecast:::algorithm/"
TRIALS = 40


def tuned_params(algorithm: str, **changes: Any) -> bytes:
    return params_bytes(
        Predictor__PerformAutoML=...,
        Predictor__AlgorithmArn=ARN + algorithm,
        Predictor__PerformHPO=True,
        Predictor__EvaluationParameters={"NumberOfBacktestWindows": 2},
        **changes,
    )


def npts(**changes: Any) -> bytes:
    return tuned_params("NPTS", Predictor__Tuning={"Trials": TRIALS, "Seed": 3}, **changes)


def trials_of(stack: Stack) -> list[dict[str, str]]:
    """The trials of the current predictor, without what differs from one time to the next."""
    manifest = vintages.current(stack.s3, stack.bucket)
    assert manifest is not None
    columns = "trial, parameters, value, state, best, steps, note"
    return stack.sql(f"SELECT {columns} FROM tuning WHERE predictor = '{manifest.predictor}' ORDER BY trial")


def kill_worker(handler: str) -> None:
    """As if it had run out of memory."""
    listed = subprocess.run(
        ["ps", "-axwwo", "pid=,ppid=,command="], capture_output=True, text=True, check=True
    )
    rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    parents = {int(pid): int(parent) for pid, parent, _ in rows}

    def is_ours(pid: int) -> bool:
        return pid == os.getpid() or (pid in parents and is_ours(parents[pid]))

    workers = [int(pid) for pid, _, command in rows if handler in command and is_ours(int(pid))]
    assert workers, listed.stdout
    for pid in workers:
        os.killpg(pid, signal.SIGKILL)


def log_of(stack: Stack, run: str) -> list[dict[str, Any]]:
    """What FitShared logged of a run."""
    group = stack.outputs["StateMachineArn"].rpartition(":")[2].removesuffix("-forecast")
    events = stack.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{group}-FitShared")["events"]
    lines = [json.loads(event["message"]) for event in events if event["message"].startswith("{")]
    return [line for line in lines if line.get("run") == run]


@pytest.fixture(scope="module")
def tuned(stack: Stack) -> Stack:
    """A stack whose FitShared was killed while it tuned, and went on."""
    stack.put("train/sales.csv", daily_sales(("lamp", "desk", "bed")))
    stack.put("params.json", npts())
    run = fingerprint(stack.s3, stack.bucket)

    def some() -> bool | None:
        kept = [key for key in stack.keys(f"{layout.RUNS}{run}/") if "/study/" in key]
        return len(kept) >= 3 or None

    stack.eventually(some)
    kill_worker("functions.fit_shared.app.handler")
    execution = stack.ended()
    assert execution["status"] == "SUCCEEDED", execution
    return stack


def test_a_killed_function_goes_on_without_losing_a_finished_trial(tuned: Stack) -> None:
    run = fingerprint(tuned.s3, tuned.bucket)
    assert run is not None
    logged = [line["trial"] for line in log_of(tuned, run) if line["message"] == "trial"]

    assert [int(row["trial"]) for row in trials_of(tuned)] == list(range(TRIALS))
    assert len(set(logged)) == len(logged)
    assert len(logged) >= TRIALS - 1  # the last one that was kept before the kill may not have been told


def test_the_best_parameters_are_no_worse_than_the_default_and_are_what_is_forecast_with(
    tuned: Stack,
) -> None:
    trials = trials_of(tuned)
    (best,) = [row for row in trials if row["best"] == "true"]
    complete = [float(row["value"]) for row in trials if row["state"] == "complete"]
    assert trials[0]["parameters"] == "{}"
    assert float(best["value"]) == min(complete) < float(trials[0]["value"])

    manifest = vintages.current(tuned.s3, tuned.bucket)
    assert manifest is not None
    first = max(one.window or 0 for one in manifest.evaluations)
    (scored,) = [one for one in manifest.evaluations if one.window == first and one.model == "NPTS"]
    assert scored.metrics["average_wql"] == pytest.approx(float(best["value"]))

    parameters = json.loads(best["parameters"])
    document = json.loads(tuned.text(layout.resource("predictor", manifest.predictor)))
    kept = json.loads(tuned.text(layout.vintage_params(layout.FORECAST, manifest.vintage)))
    (board,) = tuned.sql("SELECT * FROM leaderboard WHERE scope = 'all'")
    assert document["TuningResult"]["parameters"] == parameters
    assert kept["Predictor"]["TrainingParameters"] == parameters
    assert f"trial {best['trial']} of {TRIALS}: kernel_type" in board["note"]


def test_the_same_seed_makes_the_same_trials(tuned: Stack) -> None:
    before = trials_of(tuned)
    execution = tuned.drop({"params.json": npts(Forecast__ForecastName="Again")})
    assert execution["status"] == "SUCCEEDED", execution

    assert trials_of(tuned) == before
    assert tuned.sql("SELECT count(DISTINCT predictor) AS predictors FROM tuning") == [{"predictors": "2"}]


def test_a_network_is_tuned(stack: Stack) -> None:
    ranges = {"CategoricalParameterRanges": [{"Name": "use_related_data", "Values": ["ALL", "NONE"]}]}
    params = tuned_params(
        "CNN-QR",
        Predictor__TrainingParameters={"epochs": "3"},
        Predictor__HPOConfig={"ParameterRanges": ranges},
        Predictor__Tuning={"Trials": 2},
    )
    execution = stack.drop({"params.json": params, "train/sales.csv": daily_sales(days=120)})
    assert execution["status"] == "SUCCEEDED", execution

    trials = trials_of(stack)
    assert trials[0]["parameters"] == "{}"
    assert [row["state"] for row in trials] == [
        "complete",
        "complete",
    ]  # without related series, both are alike
    assert trials[0]["value"] == trials[1]["value"]
    assert trials[0]["best"] == "true"
    manifest = vintages.current(stack.s3, stack.bucket)
    assert manifest is not None
    scored = {one.window: one.metrics for one in manifest.evaluations if one.model == "CNN-QR"}
    assert scored[2]["average_wql"] == pytest.approx(float(trials[0]["value"]))  # the network is the trial's
    run = json.loads(execution["input"])["run"]
    lines = log_of(stack, run)
    phases = [line["phase"] for line in lines if line["message"] == "epoch"]
    anew = phases[12:]  # only of the predictor
    assert phases[:12] == 3 * ["learning", "learning", "learning", "backtest"]
    assert anew == ["forecast"] * len(anew)
    assert 2 <= len(anew) <= 4
