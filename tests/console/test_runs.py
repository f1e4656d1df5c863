"""The API of the runs, over HTTP, on real executions."""

import time

import pytest

from tests.cli import small_input
from tests.cli.processes import PATIENCE
from tests.console.conftest import Site, clients


def test_runs_come_newest_first_with_how_they_ended(site: Site) -> None:
    runs = site.get("runs")["runs"]

    named = {run["name"]: run["status"] for run in runs}
    assert named[site.failed] == "FAILED"
    assert named[site.second] == "SUCCEEDED"
    assert [run["started"] for run in runs] == sorted((run["started"] for run in runs), reverse=True)


def test_a_run_has_its_states_in_order(site: Site) -> None:
    run = site.get(f"run?name={site.second}")

    states = [visit["state"] for visit in run["states"]]
    assert states[:7] == [
        "Settle",
        "CreateDataset",
        "ImportData",
        "MonitorDrift",
        "FitShared",
        "Engine",
        "TrainPredictor",
    ]
    assert states[-1] == "Done"
    assert {visit["status"] for visit in run["states"]} == {"SUCCEEDED"}
    train = run["states"][6]
    assert train["done"] == train["total"] > 0
    assert '"run"' in run["states"][1]["input"]
    assert run["definition"]["States"][run["definition"]["StartAt"]]["Type"] == "Wait"
    assert ["Items", "4"] in run["report"]["data"]


def test_a_failed_run_says_in_which_state_and_what_to_change(site: Site) -> None:
    run = site.get(f"run?name={site.failed}")

    status = {visit["state"]: visit["status"] for visit in run["states"]}
    assert (run["status"], run["error"]) == ("FAILED", "InvalidInputException")
    assert (status["CreateDataset"], status["ImportData"], status["Failed"]) == (
        "SUCCEEDED",
        "FAILED",
        "FAILED",
    )
    (problem,) = run["report"]["problems"]
    assert problem["where"] == "train/bad.csv line 1, item desk lamp"
    assert "Write only the number: 3.50" in problem["remedy"]


def test_a_state_has_the_lines_that_its_function_wrote(site: Site) -> None:
    log = site.get(f"log?name={site.second}&state=ImportData")

    assert log["functions"] == ["stepcast-ImportData"]
    (line,) = (line for line in log["lines"] if line["text"] == "imported")
    assert (line["level"], line["facts"]["rows"]) == ("INFO", 4 * 70)
    assert site.get(f"log?name={site.second}&state=Settle")["functions"] == []
    inside_a_map = site.get(f"log?name={site.second}&state=TrainPredictor")
    assert inside_a_map["functions"] == ["stepcast-TrainPredictor"]


def test_a_run_or_state_that_is_not_there(site: Site) -> None:
    assert site.ask("api/v1/run?name=nothing").status == 404
    assert site.ask("api/v1/run?name=a/b").status == 400
    assert site.ask(f"api/v1/log?name={site.failed}&state=Export").status == 404


def test_starting_again_runs_the_present_input(site: Site) -> None:
    answer = site.send("runs", {})

    told = answer.json
    assert (answer.status, told["outcome"]) == (200, "started")
    assert told["name"].startswith(f"{site.failed}-")


def test_a_run_that_was_stopped_goes_on_where_it_was(site: Site) -> None:
    """It then fails as its input does; after that nothing is left to go on with."""
    facts, given = site.serving.facts, site.get(f"run?name={site.failed}")["input"]
    machine = facts["state_machine_arn"]
    with clients(facts, "stepfunctions") as states:
        for number in range(20):  # until one is stopped before it has failed by itself
            started = states.start_execution(stateMachineArn=machine, name=f"stopped-{number}", input=given)
            arn = started["executionArn"]
            states.stop_execution(executionArn=arn)
            if states.describe_execution(executionArn=arn)["status"] == "ABORTED":
                break
        name = arn.rpartition(":")[2]
        stopped = site.get(f"run?name={name}")
        answer = site.send(f"redriven-runs?name={name}", {})
        deadline = time.monotonic() + PATIENCE
        while (run := site.get(f"run?name={name}"))["status"] == "RUNNING" and time.monotonic() < deadline:
            time.sleep(0.1)  # between two looks

    assert (stopped["status"], stopped["redrive"]) == ("ABORTED", {"possible": True, "why": "", "count": 0})
    assert answer.status == 200, answer.json
    assert (run["status"], run["error"]) == ("FAILED", "InvalidInputException")
    assert [one["state"] for one in run["states"]][:3] == ["Settle", "CreateDataset", "ImportData"]
    assert (run["redrive"]["possible"], run["redrive"]["count"]) == (False, 1)
    refused = site.send(f"redriven-runs?name={name}", {})
    assert (refused.status, "start again" in refused.json["message"]) == (400, True)
    assert site.send(f"redriven-runs?name={site.second}", {}).status == 400


def test_two_runs_are_compared(site: Site) -> None:
    told = site.get(f"comparison?before={site.first}&after={site.second}")

    assert [run["name"] for run in told["runs"]] == [site.first, site.second]
    assert told["params"] == []
    assert ["train/street_lamp.csv", "–"] in [row[:2] for row in told["files"]]
    assert "train/desk_lamp.csv" in [row[0] for row in told["files"]]
    assert ["Items", "2", "4"] in told["facts"]
    assert (told["items"]["both"], told["items"]["new"], told["items"]["gone"]) == (2, 2, 0)
    items = {one["key"][0]: one for one in site.get("items")["items"]}
    moved = {one["key"][0]: one for one in told["moved"]}
    assert set(moved) == {"desk lamp", "floor lamp"}
    lamp = moved["desk lamp"]
    assert lamp["after"] == pytest.approx(items["desk lamp"]["volume"] / small_input.HORIZON)
    assert lamp["after"] / lamp["before"] - 1 == pytest.approx(items["desk lamp"]["change"])
    scores = {name: (one, other) for name, one, other in told["accuracy"]}
    assert scores["average_wql"][1] == pytest.approx(site.get("overview")["forecast"]["scores"]["NPTS"])


def test_only_runs_with_a_forecast_are_compared(site: Site) -> None:
    answer = site.ask(f"api/v1/comparison?before={site.failed}&after={site.second}")

    assert (answer.status, "it failed" in answer.json["message"]) == (404, True)
