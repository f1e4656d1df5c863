"""Functions, messages and alarms over HTTP."""

from tests.console.conftest import Site


def test_the_stack_has_functions_alarms_and_messages(site: Site) -> None:
    told = site.get("operations")

    assert {"ImportData", "TrainPredictor", "StartExecution"} <= set(told["functions"])
    assert [alarm["state"] for alarm in told["alarms"] if "FailedRuns" in alarm["name"]] != []
    assert "forecast of LampSales is ready" in told["messages"][-1]["subject"]
    assert "no forecast, InvalidInputException" in told["messages"][0]["subject"]
    assert "Write only the number: 3.50" in told["messages"][0]["body"]
    assert told["drift"]["text"].startswith("Drift: ")
    assert (told["credentials"], told["workgroup"]) == (None, "stepcast")


def test_a_function_has_its_log(site: Site) -> None:
    lines = site.get("function-log?function=ImportData")["lines"]

    runs = {line["facts"]["run"] for line in lines if line["text"] == "imported"}
    assert {site.first, site.second} <= runs
    assert site.ask("api/v1/function-log?function=Everything").status == 404
    assert site.get("function-log?function=ImportData&hours=0")["lines"] == []
