"""``stepcast up`` serves, is found by the other commands, and leaves nothing behind."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner, Result

from stepcast.cli.app import app
from stepcast.cli.chart_data import chart_series
from stepcast.cli.query import ask
from stepcast.cli.stack import attach
from tests.charting.test_drawing import size
from tests.cli import small_input
from tests.cli.processes import PATIENCE, Serving, alive, command, descendants, serving


@pytest.fixture(scope="module")
def state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home))
        yield home


@pytest.fixture(scope="module")
def up(state_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A stack that has made one forecast."""
    with serving(state_home) as served:
        params, files = small_input.write(tmp_path_factory.mktemp("input"))
        with client(served, "s3") as s3:
            for path in files:
                s3.upload_file(str(path), served.facts["bucket"], f"train/{path.name}")
            s3.upload_file(str(params), served.facts["bucket"], "params.json")
        wait_for(served, "SUCCEEDED")
        yield served


def client(served: Serving, service: str) -> Any:
    made = boto3.client(
        service,
        endpoint_url=served.facts["endpoint"],
        region_name=served.facts["region"],
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    return closing(made)


def wait_for(served: Serving, status: str) -> None:
    """Until an execution has ended so."""
    deadline = time.monotonic() + PATIENCE
    with client(served, "stepfunctions") as states:
        while time.monotonic() < deadline:
            rows = states.list_executions(stateMachineArn=served.facts["state_machine_arn"])["executions"]
            if any(row["status"] == status for row in rows):
                return
            time.sleep(0.1)  # between two looks, not a guess at how long something takes
    pytest.fail(f"no execution is {status}: {rows}")


def stepcast(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def test_json_is_one_line_with_what_a_client_needs(up: Serving) -> None:
    assert set(up.facts) == {
        "endpoint",
        "region",
        "bucket",
        "athena_output",
        "store",
        "state_machine_arn",
        "credentials",
        "state",
        "event",
        "console",
    }
    assert up.facts["endpoint"].startswith("http://127.0.0.1:")
    assert up.facts["athena_output"].startswith(f"s3://{up.facts['bucket']}/")
    assert up.facts["console"] == f"{up.facts['endpoint']}/_stepcast/"
    assert (up.facts["event"], up.facts["state"]) == (None, None)
    assert (up.facts["credentials"], up.facts["store"]) == (None, None)


def test_status_tells_of_the_run_the_forecast_and_the_message(up: Serving) -> None:
    answer = stepcast("status", "--json")

    told = json.loads(answer.stdout)
    (execution,) = (one for one in told["executions"] if one["status"] == "SUCCEEDED")
    states = [visit["state"] for visit in execution["states"]]
    assert answer.exit_code == 0
    assert told["endpoint"] == up.facts["endpoint"]
    assert told["vintage"] is not None
    assert states[:5] == ["Settle", "CreateDataset", "ImportData", "MonitorDrift", "FitShared"]
    (trained,) = (visit for visit in execution["states"] if visit["state"] == "TrainPredictor")
    assert trained["done"] == trained["total"] > 0
    assert "forecast of LampSales is ready" in told["messages"][0]["subject"]


def test_status_is_readable(up: Serving) -> None:
    answer = stepcast("status")

    assert answer.exit_code == 0
    assert "succeeded" in answer.stdout
    assert "3 items, 2026-03-12T00:00:00 to 2026-03-18T00:00:00" in answer.stdout
    assert "forecast of LampSales is ready" in answer.stdout


def test_status_of_an_item_says_why_it_is_forecast_as_it_is(up: Serving) -> None:
    answer = stepcast("status", "--item", "desk lamp")

    title, _, series, *lines = answer.stdout.splitlines()
    told = dict(line.split(maxsplit=1) for line in lines)
    assert answer.exit_code == 0
    assert title.startswith("Forecast of vintage 2")
    assert series == "desk lamp · Köln"
    assert (told["model"], told["weights"], told["seasons"]) == ("NPTS", "NPTS 1", "7")
    assert re.fullmatch(
        r"AverageWeightedQuantileLoss [\d.]+; wQL [\d.]+, [\d.]+ times that of seasonal naive, [\d.]+",
        told["backtest"],
    )
    assert re.fullmatch(r"\d+% of the outcomes fell between p10 and p90; the target is 80%", told["coverage"])


def test_status_of_an_item_is_for_programs_too(up: Serving) -> None:
    told = json.loads(stepcast("status", "--item", "desk lamp", "--json").stdout)

    (series,) = told["series"]
    assert (series["item_id"], series["location"]) == ("desk lamp", small_input.SHOP)
    assert series["ratio"] == pytest.approx(series["wql"] / series["wql_seasonal_naive"])
    assert series["note"] is None


def test_status_of_an_unknown_item_names_those_spelt_alike(up: Serving) -> None:
    answer = stepcast("status", "--item", "Desk lampp")

    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert answer.stderr == (
        "stepcast: the forecast has no item 'Desk lampp': did you mean desk lamp, floor lamp, street lamp? "
        "The table leaderboard lists all items\n"
    )


def test_sql_answers_people_with_a_table(up: Serving) -> None:
    answer = stepcast("sql", "SELECT item_id, NULL AS nothing, 1 AS one FROM leaderboard ORDER BY 1 LIMIT 1")

    assert answer.exit_code == 0
    assert answer.stdout.split() == ["item_id", "nothing", "one", "desk", "lamp", "NULL", "1"]


def test_sql_says_that_a_table_was_cut(up: Serving) -> None:
    answer = stepcast("sql", "SELECT * FROM forecast", "--limit", "2")

    assert len(answer.stdout.splitlines()) == 3
    assert "the first 2 rows" in answer.stderr


def test_sql_answers_programs_with_typed_json(up: Serving) -> None:
    query = "SELECT 1 AS whole, 0.5e0 AS part, 'a' AS text, true AS yes, CAST(NULL AS double) AS nothing"

    answer = stepcast("sql", query, "--json")

    assert json.loads(answer.stdout) == [{"whole": 1, "part": 0.5, "text": "a", "yes": True, "nothing": None}]


def test_sql_answers_spreadsheets_with_csv(up: Serving) -> None:
    answer = stepcast("sql", "SELECT type, count(*) AS rows FROM forecast GROUP BY 1 ORDER BY 1", "--csv")

    assert answer.stdout == "type,rows\np10,21\np50,21\np90,21\n"


def test_more_rows_than_a_page_of_athena_has_all_arrive(up: Serving) -> None:
    query = "SELECT count(*) AS n FROM train a CROSS JOIN train b WHERE a.item_id = b.item_id LIMIT 1"
    (counted,) = json.loads(stepcast("sql", query, "--json").stdout)

    rows = json.loads(
        stepcast("sql", "SELECT 1 AS x FROM train a JOIN train b ON a.item_id = b.item_id", "--json").stdout
    )

    assert len(rows) == counted["n"] == 3 * 70 * 70


def test_sql_that_cannot_be_run_exits_with_1_and_the_reason(up: Serving) -> None:
    answer = stepcast("sql", "SELECT * FROM unheard_of")

    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert "unheard_of" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_chart_draws_an_item(up: Serving, tmp_path: Path) -> None:
    answer = stepcast("chart", "--item", "desk lamp", "--out", str(tmp_path / "desk.png"))

    assert answer.stdout == f"{tmp_path / 'desk.png'}\n"
    assert size(tmp_path / "desk.png") == (1800, 750)


def test_a_chart_shows_the_history_of_exactly_its_series(up: Serving) -> None:
    (series,) = chart_series(attach(), "desk lamp", 6)

    rows = small_input.rows("desk lamp", 1).splitlines()[-3 * small_input.HORIZON :]
    assert series.title == "desk lamp · Köln"
    assert series.history.tolist() == [float(row.split(",")[2]) for row in rows]


def test_parameters_stand_for_the_question_marks_in_their_order(up: Serving) -> None:
    query = "SELECT ? AS a, x FROM (SELECT ? AS x) WHERE x = ? AND ? < ? AND x <> ? LIMIT 1"

    assert ask(attach(), query, ["it's", 2, 2, 3, 4, 5]).records() == [{"a": "it's", "x": 2}]


def test_chart_names_items_where_one_is_unknown(up: Serving, tmp_path: Path) -> None:
    answer = stepcast("chart", "--item", "desk' OR 1=1 --", "--out", str(tmp_path / "none.png"))

    assert answer.exit_code == 1
    assert 'has no item "desk\' OR 1=1 --": did you mean desk lamp, ' in answer.stderr
    assert not (tmp_path / "none.png").exists()


def test_invoke_uses_the_running_stack(up: Serving, tmp_path: Path) -> None:
    record = {
        "eventTime": "2099-01-01T00:00:00Z",
        "s3": {"bucket": {"name": up.facts["bucket"]}, "object": {"key": "params.json"}},
    }
    (tmp_path / "event.json").write_text(json.dumps({"Records": [record]}))

    answer = stepcast("invoke", "StartExecutionFunction", "-e", str(tmp_path / "event.json"))

    assert json.loads(answer.stdout)["outcome"] == "up_to_date"
    assert "start_execution" in answer.stderr  # the function's log


def test_invoke_of_a_function_that_fails_exits_with_1_and_its_error(up: Serving) -> None:
    event = json.dumps({"bucket": up.facts["bucket"], "run": "f" * 32, "vintage": "2026-01-01T00-00-00Z"})

    answer = CliRunner().invoke(app, ["invoke", "CreateDatasetFunction", "-e", "-"], input=event)

    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert "CreateDatasetFunction failed with Superseded" in answer.stderr


def test_invoke_of_an_unknown_function_lists_those_there_are(up: Serving) -> None:
    answer = CliRunner().invoke(app, ["invoke", "TrainFunction", "-e", "-"], input="{}")

    assert answer.exit_code == 1
    assert "there is no function 'TrainFunction': did you mean TrainPredictor? Functions: " in answer.stderr


def test_a_second_stack_on_the_same_port_is_refused(up: Serving, tmp_path: Path) -> None:
    port = up.facts["endpoint"].rpartition(":")[2]

    second = subprocess.run(
        command("up", "--port", port, "--ephemeral"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
        check=False,
    )

    assert second.returncode == 1
    assert f"port {port}" in second.stderr
    assert "in use" in second.stderr
    assert "Traceback" not in second.stderr


def test_status_says_where_and_why_a_run_failed(up: Serving) -> None:
    with client(up, "s3") as s3:
        s3.put_object(Bucket=up.facts["bucket"], Key="train/bad.csv", Body=b"desk lamp,yesterday,1,Bonn\n")
    wait_for(up, "FAILED")

    told, shown = json.loads(stepcast("status", "--json").stdout), stepcast("status").stdout

    assert told["executions"][0]["state"] == "ImportData"
    assert told["report"]["problems"][0]["file"] == "train/bad.csv"
    assert told["vintage"] is not None  # the forecast before stays
    assert "train/bad.csv line 1" in shown


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(tmp_path: Path, stop: signal.Signals) -> None:
    with serving(tmp_path) as served:
        with client(served, "lambda") as functions:
            names = [row["FunctionName"] for row in functions.list_functions()["Functions"]]
            functions.invoke(
                FunctionName=next(name for name in names if "StartExecution" in name), Payload=b"{}"
            )
        workers = descendants(served.process.pid)
        os.killpg(served.process.pid, stop)  # as Ctrl-C does: to the whole process group
        _, complaints = served.process.communicate(timeout=PATIENCE)

    assert workers
    assert served.process.returncode == 0
    assert complaints == ""
    assert alive(workers) == set()
    assert list((tmp_path / "stepcast" / "running").iterdir()) == []


@pytest.mark.parametrize(("option", "error"), [("--iam", "Unhandled"), ("--no-iam", None)])
def test_roles_count_unless_no_iam_is_given(tmp_path: Path, option: str, error: str | None) -> None:
    bucket = {"s3": {"bucket": {"name": "stepcast-123456789012-us-east-1"}}}
    event = {"Records": [{"eventTime": "2026-01-01T00:00:00.000Z", **bucket}]}
    with serving(tmp_path, option) as served, client(served, "iam") as iam:
        (role,) = [
            found["RoleName"]
            for found in iam.list_roles()["Roles"]
            if found["RoleName"].startswith("stepcast-StartExecutionRole-")
        ]
        iam.delete_role_policy(RoleName=role, PolicyName="start-execution")
        with client(served, "lambda") as functions:
            answer = functions.invoke(
                FunctionName="stepcast-StartExecution", Payload=json.dumps(event).encode()
            )

    assert answer.get("FunctionError") == error
