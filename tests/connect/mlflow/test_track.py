"""A finished run is one MLflow run, with what its leaderboard says."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tests.connect.mlflow.conftest import Store, stepcast

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own


@pytest.fixture(scope="module")
def tracked(database: Store, forecast: Path) -> Any:
    facts = database.track("--out", forecast, "--experiment", "tracked")
    return database.client.get_run(facts["run_id"])


def leaderboard(results: Path) -> dict[str, str]:
    rows = csv.DictReader((results / "leaderboard.csv").read_text().splitlines())
    return next(row for row in rows if row["scope"] == "all")


def manifest(results: Path) -> Any:
    (path,) = results.glob("run/forecast/*/manifest.json")
    return json.loads(path.read_text())


def test_search_finds_it_by_its_params(database: Store, tracked: Any) -> None:
    client = database.client
    where = "params.`Predictor.ForecastHorizon` = '7' and params.algorithm = 'NPTS' and metrics.wql < 1"

    found = client.search_runs([tracked.info.experiment_id], where)

    assert [run.info.run_id for run in found] == [tracked.info.run_id]
    assert tracked.data.params["Forecast.ForecastTypes"] == "0.1, 0.5, 0.9"
    assert tracked.data.params["Datasets.0.Schema.Attributes"].startswith("item_id string, timestamp ")


def test_metrics_are_those_of_the_leaderboard(tracked: Any, forecast: Path) -> None:
    board, metrics = leaderboard(forecast), tracked.data.metrics
    numbers = [name for name in board if name.startswith(("score", "wql", "coverage"))]

    assert {name: metrics[name] for name in numbers} == {name: float(board[name]) for name in numbers}
    assert len(numbers) == 6
    assert metrics["average_wql"] == metrics["wql"] == sum(metrics[f"wql_p{q}0"] for q in (1, 5, 9)) / 3
    assert metrics["seasonal_naive/average_wql"] == metrics["wql_seasonal_naive"]


def test_windows_are_steps_the_oldest_first(database: Store, tracked: Any, forecast: Path) -> None:
    """Each of them against the backtest export: an item and window has its own wQL there."""
    history = database.client.get_metric_history(tracked.info.run_id, "window/rmse")
    items = [
        row
        for path in forecast.glob("accuracy/accuracy-metrics-values/*.csv")
        for row in csv.DictReader(path.read_text().splitlines())
        if row["backtest_window"] == "Computed"
    ]
    starts = sorted({row["backtestwindow_start_time"] for row in items})
    squares = [
        [float(row["RMSE"]) ** 2 for row in items if row["backtestwindow_start_time"] == start]
        for start in starts
    ]

    assert [metric.step for metric in history] == [1, 2]
    assert [metric.value for metric in history] == pytest.approx([(sum(s) / len(s)) ** 0.5 for s in squares])
    assert history[0].value != history[1].value


def test_it_says_what_made_it(tracked: Any, forecast: Path) -> None:
    tags, made = tracked.data.tags, manifest(forecast)

    assert tags["stepcast.run"] == made["run"]
    assert tags["stepcast.vintage"] == made["vintage"]
    assert tags.get("stepcast.commit", "") == made["commit"]
    assert tags.get("mlflow.source.git.commit", "") == made["commit"].removesuffix("-dirty")
    assert tracked.info.status == "FINISHED"


def test_leaderboard_chart_and_report_are_its_artifacts(
    database: Store, tracked: Any, forecast: Path, tmp_path: Path
) -> None:
    folder = Path(database.client.download_artifacts(tracked.info.run_id, "", str(tmp_path)))
    table = json.loads((folder / "leaderboard.json").read_text())

    assert (folder / "charts/chart.png").read_bytes() == (forecast / "chart.png").read_bytes()
    assert (folder / "validation/validation.md").read_text() == (forecast / "validation.md").read_text()
    assert len(table["data"]) == 4
    assert "score_seasonal_naive" in table["columns"]


def test_the_same_run_again_changes_nothing_but_files_that_are_given(
    database: Store, tracked: Any, forecast: Path, tmp_path: Path
) -> None:
    (tmp_path / "villa.pmml").write_text("<PMML/>")
    run = manifest(forecast)["run"]
    chosen = ("--out", forecast, "--experiment", "tracked", "--run", run)
    again = database.track(*chosen, "--artifact", tmp_path / "villa.pmml")

    assert (again["run_id"], again["is_new"]) == (tracked.info.run_id, False)
    assert len(database.client.search_runs([tracked.info.experiment_id])) == 1
    (added,) = database.client.list_artifacts(tracked.info.run_id, "exported")
    assert added.path == "exported/villa.pmml"
    after = database.client.get_run(tracked.info.run_id)
    assert (after.data.to_dictionary(), after.info.end_time) == (
        tracked.data.to_dictionary(),
        tracked.info.end_time,
    )


def test_one_that_was_cut_short_is_completed(database: Store, tracked: Any, forecast: Path) -> None:
    client = database.client
    client.update_run(tracked.info.run_id, status="RUNNING")

    completed = database.track("--out", forecast, "--experiment", "tracked")

    after = client.get_run(tracked.info.run_id)
    assert (completed["run_id"], after.info.status) == (tracked.info.run_id, "FINISHED")
    assert after.data.to_dictionary() == tracked.data.to_dictionary()
    assert len(client.get_metric_history(tracked.info.run_id, "window/rmse")) == 2
    assert len(client.search_runs([tracked.info.experiment_id])) == 1


def test_of_two_trackers_that_begin_at_once_the_first_goes_on(database: Store, forecast: Path) -> None:
    client, made = database.client, manifest(forecast)
    experiment = client.create_experiment("two", artifact_location=str(database.folder / "two"))
    named = {"stepcast.run": made["run"], "stepcast.vintage": made["vintage"]}
    later, first = (
        client.create_run(experiment, tags={**named, "stepcast.tracked": f"2026-01-0{day}"}).info.run_id
        for day in (2, 1)
    )

    facts = database.track("--out", forecast, "--experiment", "two")

    assert facts["run_id"] == first
    assert client.get_run(first).info.status == "FINISHED"
    assert client.get_run(later).data.metrics == {}


def test_a_server_that_is_down_is_a_line_and_no_error(worse_forecast: Path) -> None:
    told = (worse_forecast.parent / "stderr").read_text()

    assert "not tracked: MLflow at http://***@127.0.0.1:9: " in told
    assert f"stepcast track mlflow --out {worse_forecast}" in told
    assert "pw@" not in told
    assert (worse_forecast / "leaderboard.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("--uri", "http://me:pw@host:5000"), "all users of this machine can read a password there"),
        (("--uri", "sqlite:///x.db", "--out", ".", "--watch"), "the folder holds one run: leave out"),
        (("--uri", "sqlite:///x.db", "--out", "."), ". holds no run: give the folder"),
        ((), "give it, or set MLFLOW_TRACKING_URI"),
    ],
)
def test_what_cannot_be_tracked_is_said(arguments: tuple[str, ...], match: str) -> None:
    done = stepcast("track", "mlflow", *arguments)

    assert done.returncode in (1, 2)
    assert match in " ".join(done.stderr.replace("│", " ").split())


def test_an_unknown_run_is_answered_with_those_there_are(database: Store, forecast: Path) -> None:
    done = stepcast("track", "mlflow", "--uri", database.uri, "--out", forecast, "--run", "nonsense")

    assert done.returncode == 1
    assert "has the run, vintage or predictor 'nonsense': the latest vintages are " in done.stderr
    assert manifest(forecast)["vintage"] in done.stderr
