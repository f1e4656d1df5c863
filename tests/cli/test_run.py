"""``stepcast run``: from files to files, or a message that says what to change."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from stepcast.cli.chart_files import largest_series
from stepcast.cli.current_forecast import key_columns, output_columns
from stepcast.cli.kept_run import kept, read_run
from stepcast.cli.saved_items import read_items
from stepcast.connect.finished_run import published
from stepcast.pipeline import layout
from tests.charting.test_drawing import size
from tests.cli import small_input
from tests.cli.processes import PATIENCE, alive, command, descendants
from tests.connect.spark.sessions import environment
from tests.services import spark


def run(
    folder: Path, *arguments: str, settings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("run", "--params", folder / "params.json", *arguments),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "XDG_STATE_HOME": str(folder), "COLUMNS": "200", **(settings or {})},
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Input, and the results of one run in ``out``."""
    made = tmp_path_factory.mktemp("run")
    small_input.write(made)
    return made


@pytest.fixture(scope="module")
def answer(folder: Path) -> subprocess.CompletedProcess[str]:
    """Of a run with all files after one --train, as a shell writes them for *.csv."""
    files = sorted(map(str, folder.glob("*.csv")))
    return run(folder, "--train", *files, "--out", str(folder / "out"))


def records(folder: Path) -> list[dict[str, str]]:
    """The rows of every CSV file in ``folder``."""
    return [row for path in folder.glob("*.csv") for row in csv.DictReader(path.read_text().splitlines())]


def test_it_ends_well_and_shows_each_item(answer: subprocess.CompletedProcess[str]) -> None:
    assert answer.returncode == 0, answer.stderr
    assert all(item in answer.stdout for item in small_input.ITEMS)
    assert "NPTS" in answer.stdout
    assert "p90 total" in answer.stdout
    assert "Read: 3 files, 210 rows, 3 items, 2026-01-01 to 2026-03-11" in answer.stdout


def test_progress_goes_to_stderr_state_by_state(answer: subprocess.CompletedProcess[str]) -> None:
    states = [line.split()[0] for line in answer.stderr.splitlines() if " took " in line]

    assert states == [
        *("CreateDataset", "ImportData", "MonitorDrift", "FitShared", "TrainPredictor", "Forecast"),
        *("Export", "UpdateAthena", "Notify", "CleanupWorkFiles"),
    ]
    assert re.search(r"TrainPredictor took .* (\d+) of \1 shard", answer.stderr)


def test_the_folder_holds_the_forecast_the_backtest_the_report_and_a_chart(
    folder: Path, answer: subprocess.CompletedProcess[str]
) -> None:
    out = folder / "out"

    clean, raw, board = records(out / "clean"), records(out / "raw"), records(out)
    assert len(clean) == 3 * 7 * 3
    assert len(raw) == 3 * 7
    assert {row["item_id"] for row in board if row["scope"] == "item"} == set(small_input.ITEMS)
    assert list((out / "accuracy" / "forecasted-values").glob("*.csv"))
    assert list((out / "accuracy" / "accuracy-metrics-values").glob("*.csv"))
    assert "## Data\n\n| | |\n|---|---|\n| Files | 3 files" in (out / "validation.md").read_text()
    assert size(out / "chart.png")[0] == 2100


def test_the_chart_has_the_largest_series_with_their_history_and_forecast(
    folder: Path, answer: subprocess.CompletedProcess[str]
) -> None:
    """The street lamp's level is three times the desk lamp's."""
    out = folder / "out"
    (done,) = published(read_run(out), "")
    keys, outputs = key_columns(done.manifest), output_columns(done.manifest)
    board = kept(out, layout.accuracy(done.manifest.predictor, "leaderboard"))

    charted = largest_series(
        out, done.manifest, read_items(board, out / "raw", keys, outputs, small_input.HORIZON), most=2
    )

    assert [one.title for one in charted] == ["street lamp · Köln", "floor lamp · Köln"]
    rows = (folder / "street_lamp.csv").read_text().splitlines()[-3 * small_input.HORIZON :]
    assert charted[0].history.tolist() == [float(row.split(",")[2]) for row in rows]
    assert str(charted[0].past[-1].astype("datetime64[D]")) == rows[-1].split(",")[1]
    ahead = [row for row in records(out / "raw") if row["item_id"] == "street lamp"]
    assert [f"{moment}Z" for moment in charted[0].ahead] == [row["date"] for row in ahead]
    assert charted[0].outputs["p90"].tolist() == [float(row["p90"]) for row in ahead]


def test_spark_makes_the_same_files_bit_for_bit(
    folder: Path, answer: subprocess.CompletedProcess[str]
) -> None:
    if not spark.packages():
        pytest.skip("Spark is not here, or Java is not: scripts/services bring spark")
    files = sorted(map(str, folder.glob("*_lamp.csv")))
    where = ("--out", str(folder / "spark"), "--engine", "spark", "--master", "local[2]")

    made = run(folder, "--train", *files, *where, settings=environment())

    assert made.returncode == 0, made.stderr
    assert made.stdout.replace("spark/", "out/") == answer.stdout
    assert "ForecastOnSpark took" in made.stderr
    assert "Traceback" not in made.stderr
    assert "TrainPredictor took" not in made.stderr
    assert contents(folder / "spark") == contents(folder / "out")


def contents(out: Path) -> dict[str, bytes]:
    """The exports by name, without the vintage."""
    files = [out / "leaderboard.csv", *(out / "raw").iterdir(), *(out / "clean").iterdir()]
    files += (out / "accuracy").glob("*/*")
    return {re.sub(r"_\d{4}-.*Z", "", str(path.relative_to(out))): path.read_bytes() for path in files}


def test_spark_that_is_not_installed_is_said_before_anything_runs(folder: Path) -> None:
    # In a process of its own: another test may have put Spark on this one's path.
    look = "import importlib.util, sys; sys.exit(importlib.util.find_spec('pyspark') is not None)"
    if subprocess.run([sys.executable, "-c", look], check=False).returncode:
        pytest.skip("pyspark is installed beside Stepcast here")
    train = ("--train", str(folder / "desk_lamp.csv"), "--out", str(folder / "spark"))

    missing = run(folder, *train, "--engine", "spark")
    alone = run(folder, *train, "--master", "local[2]")

    assert missing.returncode == 1
    assert 'pip install "stepcast[spark]"' in missing.stderr
    assert "took" not in missing.stderr
    assert alone.returncode == 2
    assert "add --engine spark" in alone.stderr


def test_a_spark_server_that_is_not_there_is_said(folder: Path) -> None:
    if not spark.packages():
        pytest.skip("Spark is not here, or Java is not: scripts/services bring spark")
    train = ("--train", str(folder / "desk_lamp.csv"), "--out", str(folder / "none"))

    # Nobody may listen at port 1 who is not the machine's administrator.
    away = run(folder, *train, "--engine", "spark", "--master", "sc://127.0.0.1:1", settings=environment())

    assert away.returncode == 1
    assert "no Spark Connect server answers at --master sc://127.0.0.1:1" in away.stderr
    assert "Traceback" not in away.stderr


def test_bad_input_exits_with_1_says_what_to_change_and_leaves_the_earlier_forecast(
    folder: Path, answer: subprocess.CompletedProcess[str]
) -> None:
    forecast = (folder / "out" / "leaderboard.csv").read_bytes()
    (folder / "bad.csv").write_text("desk lamp,yesterday,1,Bonn\n")

    failed = run(folder, "--train", str(folder / "bad.csv"), "--out", str(folder / "out"), "--json")

    told = json.loads(failed.stdout)
    assert failed.returncode == 1
    assert told["status"] == "FAILED"
    assert "train/bad.csv line 1" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "train/bad.csv" in (folder / "out" / "validation.md").read_text()
    assert (folder / "out" / "leaderboard.csv").read_bytes() == forecast


def test_a_file_without_an_item_is_forecast_under_the_name_of_one(folder: Path) -> None:
    lines = (folder / "desk_lamp.csv").read_text().splitlines()
    (folder / "nameless.csv").write_text("\n".join(line.partition(",")[2] for line in lines))

    named = run(
        folder, "--train", str(folder / "nameless.csv"), "--item", "lamp", "--out", str(folder / "lamp")
    )

    assert named.returncode == 0, named.stderr
    assert {row["item_id"] for row in records(folder / "lamp" / "raw")} == {"lamp"}


def test_a_folder_of_others_is_refused_before_anything_runs(folder: Path) -> None:
    refused = run(folder, "--train", str(folder / "desk_lamp.csv"), "--out", str(folder))

    assert refused.returncode == 1
    assert "did not write" in refused.stderr
    assert "took" not in refused.stderr


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_stopping_it_leaves_nothing_and_says_so(folder: Path, tmp_path: Path, stop: signal.Signals) -> None:
    """No process, no file of a temporary folder, no half results; a second Ctrl-C changes nothing."""
    arguments = ("--params", folder / "params.json", "--train", folder / "desk_lamp.csv", "--out")
    with subprocess.Popen(
        command("run", *arguments, folder / "half"),
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        start_new_session=True,  # a process group of its own, as a terminal gives it
    ) as process:
        assert process.stderr is not None
        while "CreateDataset took" not in process.stderr.readline():
            assert process.poll() is None
        workers = descendants(process.pid)
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith("localaws-")]
        for _ in range(2):
            os.killpg(process.pid, stop)
        _, complaints = process.communicate(timeout=PATIENCE)

    assert workers
    assert process.returncode == 128 + stop
    assert "Traceback" not in complaints
    assert re.search(r"stepcast: stopped in \w+ after [\d.]+ s: .* nothing was written to .*half", complaints)
    assert alive(workers) == set()
    assert list(tmp_path.iterdir()) == []
    assert not (folder / "half").exists()
