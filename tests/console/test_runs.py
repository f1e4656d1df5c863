"""The API of the runs, over HTTP, on real executions."""

from tests.console.conftest import Site


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
