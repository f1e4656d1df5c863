"""One step at a time on a running stack: with the recorded events, and with events of the present input."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepcast.cli.project import Project
from tests.cli import small_input
from tests.cli.processes import PATIENCE, Serving, command, serving
from tests.cli.test_up import client

EVENTS = Path(__file__).parents[2] / "events"
IN_ORDER = [*Project.find().steps(), "StartExecutionFunction"]


class Folder:
    """A folder with a stack; its commands find it."""

    def __init__(self, path: Path, served: Serving) -> None:
        self.path, self.served = path, served

    def stepcast(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments),
            cwd=self.path,
            env={**os.environ, "XDG_STATE_HOME": str(self.path)},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """A stack with the project's own input, in which nothing has run."""
    path = tmp_path_factory.mktemp("fresh")
    with serving(path, "--before", "CreateDataset", "--settle-seconds", "3600", folder=path) as served:
        yield Folder(path, served)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """A stack with somebody's own input, whose run waits for ever."""
    path = tmp_path_factory.mktemp("small")
    with serving(path, "--ephemeral", "--bucket", "lamps", folder=path) as served:
        params, files = small_input.write(path)
        with client(served, "s3") as s3:
            # Nothing starts by itself: the trigger is not what is tested here.
            s3.put_bucket_notification_configuration(Bucket="lamps", NotificationConfiguration={})
            for file in files:
                s3.upload_file(str(file), "lamps", f"train/{file.name}")
            s3.upload_file(str(params), "lamps", "params.json")
        yield Folder(path, served)


@pytest.mark.parametrize("step", IN_ORDER)
def test_every_recorded_event_runs_on_a_fresh_stack_in_order(fresh: Folder, step: str) -> None:
    event = Project.find().event_file(step)

    answer = fresh.stepcast("invoke", step, "-e", event)

    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    if step == "StartExecutionFunction":
        assert told["outcome"] == "started"
    else:
        assert told["run"] == json.loads(event.read_text())["run"]


def test_every_function_has_a_recorded_event() -> None:
    recorded = {*EVENTS.glob("*.json")} - {EVENTS / "env.json"}  # the variables of sam local invoke

    assert {Project.find().event_file(function) for function in Project.find().functions()} == recorded
    # a source is deployed only if its parameters are given
    assert {*IN_ORDER, "PullKafkaFunction", "PullPrometheusFunction"} == set(Project.find().functions())


def test_the_recorded_events_made_a_forecast_and_a_message(fresh: Folder) -> None:
    told = json.loads(fresh.stepcast("status", "--json").stdout)

    assert told["vintage"] == json.loads((EVENTS / "export.json").read_text())["vintage"]
    assert "is ready" in told["messages"][0]["subject"]


def test_the_state_says_where_its_event_is(fresh: Folder) -> None:
    assert fresh.served.facts["event"] == str(EVENTS / "create_dataset.json")
    assert fresh.served.facts["state"] == str(fresh.path / ".stepcast")


def test_a_step_that_lacks_the_work_of_others_says_which_to_run_first(small: Folder) -> None:
    answer = small.stepcast("invoke", "export")

    assert answer.returncode == 1
    assert answer.stdout == ""
    assert "Export needs the results of CreateDataset" in answer.stderr
    assert "\n  stepcast invoke CreateDataset\n" in answer.stderr
    assert "\n  stepcast invoke Export --with-earlier\n" in answer.stderr


def test_a_recorded_event_of_another_bucket_is_refused_with_the_way_out(small: Folder) -> None:
    answer = small.stepcast("invoke", "export", "-e", EVENTS / "export.json")

    assert answer.returncode == 1
    assert (
        "is for the bucket stepcast-123456789012-us-east-1, but this stack's bucket is lamps" in answer.stderr
    )


def test_an_event_of_other_input_is_refused_before_anything_runs(small: Folder, tmp_path: Path) -> None:
    event = {"bucket": "lamps", "run": "f" * 32, "vintage": "2026-01-01T00-00-00Z"}
    (tmp_path / "event.json").write_text(json.dumps(event))

    answer = small.stepcast("invoke", "Export", "-e", tmp_path / "event.json", "--with-earlier")

    assert answer.returncode == 1
    assert (
        "event.json belongs to run ffffffffffff, but s3://lamps/ contains the input of run " in answer.stderr
    )
    assert "running" not in answer.stderr


def test_steps_of_the_present_input_follow_one_another(small: Folder) -> None:
    """Each is given the vintage of the one before; what is missing is run, and what is there is not."""
    created = small.stepcast("invoke", "CreateDataset", "--json")
    early = small.stepcast("invoke", "UpdateAthena")
    trained = small.stepcast("invoke", "train_predictor", "--with-earlier", "--json")
    exported = small.stepcast("invoke", "ExportFunction", "--with-earlier")
    published = small.stepcast("invoke", "UpdateAthena", "--json")
    cleaned = small.stepcast("invoke", "Cleanup")

    assert created.returncode == trained.returncode == exported.returncode == 0, exported.stderr
    assert "UpdateAthena needs the results of ImportData" in early.stderr
    # Every shard is trained: before, it was only the first.
    assert [line for line in exported.stderr.splitlines() if line.startswith("running")] == [
        "running TrainPredictor",
        "running Forecast",
    ]
    vintages = {json.loads(one.stdout)["event"]["vintage"] for one in (created, trained, published)}
    assert len(vintages) == 1
    assert cleaned.returncode == 0, cleaned.stderr
    assert json.loads(small.stepcast("status", "--json").stdout)["vintage"] in vintages


def test_logs_say_what_a_function_wrote(small: Folder) -> None:
    small.stepcast("invoke", "CreateDataset")

    text = small.stepcast("logs", "create_dataset").stdout
    lines = [
        json.loads(line) for line in small.stepcast("logs", "CreateDataset", "--json").stdout.splitlines()
    ]
    overview = small.stepcast("logs").stdout

    assert "INFO  dataset_created  run=" in text
    assert "RequestId" in text
    assert "START RequestId" not in text
    assert any('"message":"dataset_created"' in line["message"] for line in lines)
    (row,) = (line for line in overview.splitlines() if line.startswith("CreateDataset "))
    assert "dataset_created" in row


def test_logs_are_followed(small: Folder) -> None:
    with subprocess.Popen(
        command("logs", "CreateDataset", "-f", "--since", "1s"),
        cwd=small.path,
        env={**os.environ, "XDG_STATE_HOME": str(small.path), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        try:
            assert following.stdout is not None
            small.stepcast("invoke", "CreateDataset")
            assert "dataset_created" in following.stdout.readline()
        finally:
            following.kill()


def test_logs_of_nothing_known_say_what_there_is(small: Folder) -> None:
    unknown, age = (
        small.stepcast("logs", "TrainPredictr"),
        small.stepcast("logs", "Export", "--since", "soon"),
    )

    assert unknown.returncode == 1
    assert "did you mean TrainPredictor?" in unknown.stderr
    assert age.returncode == 2
    assert "write 30s, 10m, 2h or 1d" in " ".join(age.stderr.replace("│", " ").split())
